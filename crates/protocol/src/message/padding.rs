//! Padding of `Content` to multiples of 160 bytes (20-messages 2.1).

/// The padded length is a multiple of this many bytes.
pub const BLOCK: usize = 160;

/// The length of `content_len` bytes of content once padded. A content that would fit exactly gains a whole block.
pub const fn padded_len(content_len: usize) -> usize {
    let with_mark = content_len + 1;
    with_mark + BLOCK - with_mark % BLOCK
}

/// `content || 80 || 00…`.
pub fn pad(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(padded_len(content.len()));
    out.extend_from_slice(content);
    out.push(0x80);
    out.resize(padded_len(content.len()), 0);
    out
}

/// What is left without the padding: trailing zeros and then one `80` are dropped; a buffer without `80` only loses its
/// trailing zeros.
pub fn unpad(padded: &[u8]) -> &[u8] {
    let end = padded
        .iter()
        .rposition(|&byte| byte != 0)
        .map_or(0, |last| last + 1);
    let kept = &padded[..end];
    kept.strip_suffix(&[0x80]).unwrap_or(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_content_that_would_fit_exactly_gains_a_whole_block() {
        assert_eq!(padded_len(158), 160);
        assert_eq!(padded_len(159), 320);
        assert_eq!(padded_len(160), 320);
    }

    proptest! {
        #[test]
        fn padding_is_undone(content in proptest::collection::vec(any::<u8>(), 0..700)) {
            let padded = pad(&content);
            prop_assert_eq!(padded.len() % BLOCK, 0);
            prop_assert_eq!(unpad(&padded), &content[..]);
        }

        #[test]
        fn anything_can_be_unpadded(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(unpad(&bytes).len() <= bytes.len());
        }
    }
}
