//! The protobuf wrapper of user configs (30-config 5.5): as if the config were a message to oneself, so that clients of
//! 2023 read it.
//!
//! ```text
//!  WebSocketMessage { type 1, request: WebSocketRequestMessage { verb "", path "", requestId 0, body:
//!      Envelope { type 6, timestamp 1, content: sealed (padded Content, own key, signature) } } }
//!  Content { sharedConfigMessage { kind, seqno, data } }, then the byte 80 and no zeros
//! ```
//! Everything is deterministic: the same config gives the same bytes.

use super::Kind;
use crate::keys::{Ed25519SecretKey, X25519SecretKey};
use crate::message::wire::{self, MAX_STORED};
use crate::message::{padding, proto, signed};
use prost::Message as _;
use std::fmt;

/// The key pairs of the account whose configs are wrapped.
#[derive(Clone)]
pub struct Owner {
    ed25519: Ed25519SecretKey,
    x25519: X25519SecretKey,
}

impl Owner {
    /// From the account's key.
    pub fn new(ed25519: &Ed25519SecretKey) -> Self {
        Self {
            ed25519: ed25519.clone(),
            x25519: ed25519.to_x25519(),
        }
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Owner(…)")
    }
}

/// Wraps an encrypted config of a [`Kind`] that is wrapped at all. `None` when the result would be too long to be stored.
pub fn wrap(encrypted: &[u8], kind: Kind, seqno: i64, owner: &Owner) -> Option<Vec<u8>> {
    let content = proto::Content {
        shared_config_message: Some(proto::SharedConfigMessage {
            kind: kind.wrapper()?.into(),
            seqno,
            data: encrypted.to_vec(),
        }),
        ..Default::default()
    };
    let mut padded = content.encode_to_vec();
    padded.push(0x80);
    let own_key = owner.x25519.public();
    let sealed = signed::sign_and_seal_deterministic(&padded, &owner.ed25519, &own_key).ok()?;
    let envelope = proto::Envelope {
        r#type: proto::envelope::Type::SessionMessage.into(),
        timestamp: 1,
        content: Some(sealed),
        ..Default::default()
    };
    let wrapped = wire::wrap(&envelope.encode_to_vec());
    (wrapped.len() <= MAX_STORED).then_some(wrapped)
}

/// Takes one wrapper off. `None` when the bytes are not wrapped, or not by this account for this kind of config.
pub fn unwrap(stored: &[u8], kind: Kind, owner: &Owner) -> Option<Vec<u8>> {
    let request = proto::WebSocketMessage::decode(stored).ok()?;
    if request.r#type != Some(proto::web_socket_message::Type::Request.into()) {
        return None;
    }
    let envelope = proto::Envelope::decode(request.request.body.as_slice()).ok()?;
    let opened = signed::open(envelope.content(), &owner.x25519).ok()?;
    if opened.ed25519 != owner.ed25519.public() {
        return None;
    }
    let end = opened.padded.iter().rposition(|&byte| byte != 0)?;
    if opened.padded[end] != 0x80 {
        return None;
    }
    let content = proto::Content::decode(padding::unpad(&opened.padded)).ok()?;
    let config = content.shared_config_message?;
    (config.kind == i32::from(kind.wrapper()?)).then_some(config.data)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn owner() -> Owner {
        Owner::new(&Ed25519SecretKey::from_seed(&[3; 32]))
    }

    #[test]
    fn what_is_too_long_with_its_wrapper_is_not_wrapped() {
        assert!(wrap(&[0; MAX_STORED - 200], Kind::Contacts, 1, &owner()).is_some());
        assert!(wrap(&[0; MAX_STORED - 100], Kind::Contacts, 1, &owner()).is_none());
        assert!(wrap(b"x", Kind::GroupInfo, 1, &owner()).is_none());
    }

    proptest! {
        #[test]
        fn only_its_owner_takes_a_wrapper_off_and_only_for_its_kind(data in proptest::collection::vec(any::<u8>(), 1..300), bit: usize) {
            let mut wrapped = wrap(&data, Kind::Contacts, 5, &owner()).unwrap();
            prop_assert_eq!(unwrap(&wrapped, Kind::Contacts, &owner()), Some(data));
            prop_assert_eq!(unwrap(&wrapped, Kind::UserGroups, &owner()), None);
            let other = Owner::new(&Ed25519SecretKey::from_seed(&[4; 32]));
            prop_assert_eq!(unwrap(&wrapped, Kind::Contacts, &other), None);
            let bit = bit % (wrapped.len() * 8);
            wrapped[bit / 8] ^= 1 << (bit % 8);
            let _ = unwrap(&wrapped, Kind::Contacts, &owner());
        }

        #[test]
        fn no_bytes_make_unwrapping_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = unwrap(&bytes, Kind::Contacts, &owner());
            let _ = unwrap(&wire::wrap(&bytes), Kind::Contacts, &owner());
        }
    }
}
