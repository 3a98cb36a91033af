//! The readable part of a vault: the vault key, wrapped once per opener (50-browser 8.1).
//!
//! ```text
//!  0       4         5       6
//!  +-------+---------+-------+---------------------------------------+
//!  | OSKV  | version | count | openers: kind (1), length BE (2), body |
//!  +-------+---------+-------+---------------------------------------+
//!
//!  body of kind 1, a passphrase (100 bytes)
//!  0            4          8         12        28         52          84       100
//!  +------------+----------+---------+---------+----------+-----------+--------+
//!  | memory KiB | passes   | lanes   | salt    | nonce    | key       | tag    |
//!  +------------+----------+---------+---------+----------+-----------+--------+
//!
//!  body of kind 2, a device key: up to 1,024 bytes that the browser's own cryptography made and authenticates
//! ```
//! The associated data of kind 1 is everything from `OSKV` and the version to the salt, so no parameter can be changed
//! unnoticed.

use super::passphrase::{KdfParams, OpenerKey};
use super::{VaultError, VaultKey};
use onionskin_ciphers::xchacha20poly1305;
use onionskin_protocol::entropy::{Entropy, draw};
use zeroize::Zeroizing;

const MAGIC: &[u8; 4] = b"OSKV";
const VERSION: u8 = 1;
const PASSPHRASE: u8 = 1;
const DEVICE: u8 = 2;
/// Three parameters of 4 bytes and the salt.
const PARAMS: usize = 28;
const NONCE: usize = 24;
const WRAPPED: usize = 48;
/// No vault has more openers.
const MAX_OPENERS: usize = 8;
/// Longest wrapping that a device opener may carry (bytes).
pub const MAX_DEVICE_BYTES: usize = 1024;

/// The openers of a vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultHeader {
    openers: Vec<Opener>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Opener {
    Passphrase {
        params: KdfParams,
        nonce: [u8; NONCE],
        wrapped: [u8; WRAPPED],
    },
    Device {
        wrapped: Vec<u8>,
    },
}

impl VaultHeader {
    /// A vault behind a passphrase. `opener` comes from [`derive_passphrase_key`](super::derive_passphrase_key) with the
    /// same `params`. Draws the nonce (24 bytes).
    pub fn new_passphrase(
        key: &VaultKey,
        opener: &OpenerKey,
        params: &KdfParams,
        entropy: &mut (impl Entropy + ?Sized),
    ) -> Result<Self, VaultError> {
        params.check()?;
        let nonce: [u8; NONCE] = draw(entropy);
        let aad = associated(params);
        let sealed = xchacha20poly1305::seal(opener.as_bytes(), &nonce, &aad, key.as_bytes());
        let wrapped = sealed.try_into().map_err(|_| VaultError::Header)?;
        Ok(Self {
            openers: vec![Opener::Passphrase {
                params: *params,
                nonce,
                wrapped,
            }],
        })
    }

    /// A vault whose key was wrapped by a key of the browser: 1 to [`MAX_DEVICE_BYTES`] opaque bytes.
    pub fn new_device(wrapped: Vec<u8>) -> Result<Self, VaultError> {
        if wrapped.is_empty() || wrapped.len() > MAX_DEVICE_BYTES {
            return Err(VaultError::Header);
        }
        Ok(Self {
            openers: vec![Opener::Device { wrapped }],
        })
    }

    /// The parameters of the passphrase opener, when there is one.
    pub fn passphrase(&self) -> Option<&KdfParams> {
        self.openers.iter().find_map(|opener| match opener {
            Opener::Passphrase { params, .. } => Some(params),
            Opener::Device { .. } => None,
        })
    }

    /// The wrapping of the device opener, when there is one. Unwrapped, it goes to [`VaultKey::from_bytes`].
    pub fn device(&self) -> Option<&[u8]> {
        self.openers.iter().find_map(|opener| match opener {
            Opener::Device { wrapped } => Some(wrapped.as_slice()),
            Opener::Passphrase { .. } => None,
        })
    }

    /// Opens the vault with a key made from a passphrase. [`VaultError::Wrong`] when it does not fit.
    pub fn unwrap(&self, opener: &OpenerKey) -> Result<VaultKey, VaultError> {
        let (params, nonce, wrapped) = self
            .openers
            .iter()
            .find_map(|opener| match opener {
                Opener::Passphrase {
                    params,
                    nonce,
                    wrapped,
                } => Some((params, nonce, wrapped)),
                Opener::Device { .. } => None,
            })
            .ok_or(VaultError::NoOpener)?;
        let aad = associated(params);
        let key = xchacha20poly1305::open(opener.as_bytes(), nonce, &aad, wrapped)
            .map(Zeroizing::new)
            .ok_or(VaultError::Wrong)?;
        let root: &[u8; 32] = key.as_slice().try_into().map_err(|_| VaultError::Header)?;
        Ok(VaultKey::from_bytes(root))
    }

    /// The bytes to keep.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        out.extend_from_slice(MAGIC);
        out.push(VERSION);
        out.push(self.openers.len() as u8);
        for opener in &self.openers {
            let (kind, body) = match opener {
                Opener::Passphrase {
                    params,
                    nonce,
                    wrapped,
                } => {
                    let mut body = params_bytes(params).to_vec();
                    body.extend_from_slice(nonce);
                    body.extend_from_slice(wrapped);
                    (PASSPHRASE, body)
                }
                Opener::Device { wrapped } => (DEVICE, wrapped.clone()),
            };
            out.push(kind);
            out.extend_from_slice(&(body.len() as u16).to_be_bytes());
            out.extend_from_slice(&body);
        }
        out
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote. Refuses trailing bytes, unknown kinds and parameters outside of what
    /// is accepted.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VaultError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(VaultError::Header)?;
        let (&version, rest) = rest.split_first().ok_or(VaultError::Header)?;
        if version != VERSION {
            return Err(VaultError::Version(version));
        }
        let (&count, mut rest) = rest.split_first().ok_or(VaultError::Header)?;
        if count == 0 || usize::from(count) > MAX_OPENERS {
            return Err(VaultError::Header);
        }
        let mut openers = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            let (head, tail) = rest.split_first_chunk::<3>().ok_or(VaultError::Header)?;
            let length = usize::from(u16::from_be_bytes([head[1], head[2]]));
            let (body, tail) = tail.split_at_checked(length).ok_or(VaultError::Header)?;
            openers.push(match head[0] {
                PASSPHRASE => read_passphrase(body)?,
                DEVICE if (1..=MAX_DEVICE_BYTES).contains(&length) => Opener::Device {
                    wrapped: body.to_vec(),
                },
                _ => return Err(VaultError::Header),
            });
            rest = tail;
        }
        if rest.is_empty() {
            Ok(Self { openers })
        } else {
            Err(VaultError::Header)
        }
    }
}

fn read_passphrase(body: &[u8]) -> Result<Opener, VaultError> {
    let (head, rest) = body
        .split_first_chunk::<PARAMS>()
        .ok_or(VaultError::Header)?;
    let (nonce, rest) = rest
        .split_first_chunk::<NONCE>()
        .ok_or(VaultError::Header)?;
    let wrapped: [u8; WRAPPED] = rest.try_into().map_err(|_| VaultError::Header)?;
    let number =
        |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let mut salt = [0u8; 16];
    salt.copy_from_slice(&head[12..]);
    let params = KdfParams {
        salt,
        memory_kib: number(0),
        passes: number(4),
        lanes: number(8),
    };
    params.check()?;
    Ok(Opener::Passphrase {
        params,
        nonce: *nonce,
        wrapped,
    })
}

fn params_bytes(params: &KdfParams) -> [u8; PARAMS] {
    let mut out = [0u8; PARAMS];
    out[..4].copy_from_slice(&params.memory_kib.to_be_bytes());
    out[4..8].copy_from_slice(&params.passes.to_be_bytes());
    out[8..12].copy_from_slice(&params.lanes.to_be_bytes());
    out[12..].copy_from_slice(&params.salt);
    out
}

fn associated(params: &KdfParams) -> Vec<u8> {
    let mut aad = MAGIC.to_vec();
    aad.push(VERSION);
    aad.push(PASSPHRASE);
    aad.extend_from_slice(&params_bytes(params));
    aad
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::vault::derive_passphrase_key;

    struct Fixed(u8);
    impl Entropy for Fixed {
        fn fill(&mut self, out: &mut [u8]) {
            for byte in out {
                self.0 = self.0.wrapping_mul(5).wrapping_add(3);
                *byte = self.0;
            }
        }
    }

    fn params() -> KdfParams {
        KdfParams {
            salt: [9; 16],
            memory_kib: 19 * 1024,
            passes: 1,
            lanes: 1,
        }
    }

    fn locked() -> (VaultKey, OpenerKey, VaultHeader) {
        let key = VaultKey::generate(&mut Fixed(1));
        let opener = derive_passphrase_key("correct horse".as_bytes(), &params()).unwrap();
        let header = VaultHeader::new_passphrase(&key, &opener, &params(), &mut Fixed(2)).unwrap();
        (key, opener, header)
    }

    #[test]
    fn the_right_passphrase_opens_and_a_wrong_one_says_so() {
        let (key, opener, header) = locked();
        let read = VaultHeader::from_bytes(&header.to_bytes()).unwrap();
        assert_eq!(read, header);
        assert_eq!(read.passphrase(), Some(&params()));
        assert_eq!(read.unwrap(&opener).unwrap().as_bytes(), key.as_bytes());
        let wrong = derive_passphrase_key(b"correct horsf", &params()).unwrap();
        assert_eq!(read.unwrap(&wrong).err(), Some(VaultError::Wrong));
        let failure = crate::api::Failure::from(VaultError::Wrong);
        assert_eq!(failure.code, crate::api::ErrorCode::VaultPass);
    }

    #[test]
    fn no_changed_byte_of_a_header_still_opens() {
        let (_, opener, header) = locked();
        let bytes = header.to_bytes();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(
                VaultHeader::from_bytes(&changed)
                    .and_then(|header| header.unwrap(&opener))
                    .is_err(),
                "byte {at}"
            );
            assert!(VaultHeader::from_bytes(&bytes[..at]).is_err());
        }
        let mut longer = bytes;
        longer.push(0);
        assert_eq!(VaultHeader::from_bytes(&longer), Err(VaultError::Header));
    }

    #[test]
    fn a_later_version_is_named() {
        assert_eq!(
            VaultHeader::from_bytes(b"OSKV\x02\x01"),
            Err(VaultError::Version(2))
        );
    }

    #[test]
    fn a_device_opener_carries_its_bytes_unread() {
        let header = VaultHeader::new_device(vec![1, 2, 3]).unwrap();
        let read = VaultHeader::from_bytes(&header.to_bytes()).unwrap();
        assert_eq!(read.device(), Some(&[1u8, 2, 3][..]));
        assert_eq!(read.passphrase(), None);
        assert_eq!(
            read.unwrap(&OpenerKey::from_bytes([0; 32])).err(),
            Some(VaultError::NoOpener)
        );
        assert!(VaultHeader::new_device(vec![0; MAX_DEVICE_BYTES + 1]).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let _ = VaultHeader::from_bytes(&bytes);
            let mut prefixed = b"OSKV\x01".to_vec();
            prefixed.extend(bytes);
            let _ = VaultHeader::from_bytes(&prefixed);
        }
    }
}
