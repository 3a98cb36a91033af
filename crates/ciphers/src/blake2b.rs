//! BLAKE2b with a key, a personalisation and any length of digest.

use blake2::Blake2bVarCore;
use blake2::digest::block_api::{Block, Buffer, UpdateCore as _, VariableOutputCore as _};

/// BLAKE2b with a digest as long as `out` (1 to 64 bytes; the length is a parameter of the hash, not a truncation), a key of at
/// most 64 bytes (empty: unkeyed) and a personalisation, over the concatenation of `parts`. Panics outside of these lengths,
/// which are the caller's choice and no input.
pub fn blake2b(key: &[u8], personal: &[u8; 16], parts: &[&[u8]], out: &mut [u8]) {
    assert!((1..=64).contains(&out.len()), "BLAKE2b gives 1 to 64 bytes");
    assert!(key.len() <= 64, "BLAKE2b takes a key of at most 64 bytes");

    let mut core = Blake2bVarCore::new_with_params(&[], personal, key.len(), out.len());
    let mut buffer = if key.is_empty() {
        Buffer::<Blake2bVarCore>::default()
    } else {
        let mut block = Block::<Blake2bVarCore>::default();
        block[..key.len()].copy_from_slice(key);
        Buffer::<Blake2bVarCore>::new(&block)
    };
    for part in parts {
        buffer.digest_blocks(part, |blocks| core.update_blocks(blocks));
    }
    let mut whole = Default::default();
    core.finalize_variable_core(&mut buffer, &mut whole);
    out.copy_from_slice(&whole[..out.len()]);
}
