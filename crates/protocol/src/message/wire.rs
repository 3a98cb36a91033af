//! From `Content` to the bytes stored in a swarm and back (20-messages 2).
//!
//! ```text
//!  WebSocketMessage { type 1, request: WebSocketRequestMessage { verb "", path "", requestId 0, body:
//!      Envelope { type 6, timestamp, sourceDevice 1, proSig, content: sealed (padded Content, sender, signature) } } }
//! ```

use crate::account::Account;
use crate::entropy::{Entropy, draw};
use crate::id::AccountId;
use crate::keys::{
    Ed25519PublicKey, Ed25519SecretKey, Signature, X25519PublicKey, X25519SecretKey,
};
use crate::message::repair::{self, repair};
use crate::message::{padding, proto, signed};
use crate::time::Timestamp;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use prost::Message as _;
use zeroize::Zeroizing;

/// What a swarm stores of one message at most, before base64 (20-messages 2.5).
pub const MAX_STORED: usize = 76_800;

/// Longer input is not even looked at: no storage server keeps so much in one message.
const MAX_READ: usize = 4 * MAX_STORED;

/// A stored message that begins with this byte is of protocol v2 or later (20-messages 11.1).
const NEWER_PROTOCOL: u8 = 0x00;

/// Why a message cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The recipient's key is of low order.
    #[error("no message can be sealed for this Account ID")]
    Recipient,
    /// The stored form would exceed 76,800 bytes.
    #[error("the message is {0} bytes long, the network takes 76800")]
    TooLong(usize),
}

/// Why stored bytes are not a message for us. None of these stops the messages behind it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The outer layers are not protobuf, or a required field is missing.
    #[error("the outer layers do not parse")]
    Wrapper,
    /// Too short, damaged, or sealed for somebody else.
    #[error("the message was not sealed for this account, or is damaged")]
    Sealed,
    /// The sender's signature does not match.
    #[error("the sender's signature does not match")]
    Signature,
    /// The sender's key gives no Account ID.
    #[error("the sender's key is not usable")]
    Sender,
    /// The inside is not a `Content`.
    #[error("the inside does not parse")]
    Content,
    /// Envelope and content name different times (20-messages 4.1).
    #[error("the two timestamps of the message differ")]
    TimestampMismatch,
    /// A format of the future: begins with 00 (20-messages 11.1).
    #[error("the message was made by a newer protocol")]
    Version,
}

/// A message that was opened and whose sender is proved.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// The authenticated sender.
    pub sender: AccountId,
    /// The key that signed.
    pub sender_ed25519: Ed25519PublicKey,
    /// The sent timestamp (envelope; equal to `sigTimestamp` where that is present).
    pub timestamp: Timestamp,
    /// What was said.
    pub content: proto::Content,
}

/// The bytes for `data` of `store` in namespace 0 (before base64). `content.sig_timestamp` is set from `timestamp`, and so
/// is the timestamp of a typing message (20-messages 4.1).
/// Draws: ephemeral secret (32), then the decoy proSig (twice 64).
pub fn encode(
    sender: &Account,
    recipient: &X25519PublicKey,
    content: &proto::Content,
    timestamp: Timestamp,
    entropy: &mut (impl Entropy + ?Sized),
) -> Result<Vec<u8>, EncodeError> {
    let mut content = content.clone();
    content.sig_timestamp = Some(timestamp.as_millis());
    if let Some(typing) = &mut content.typing_message {
        typing.timestamp = timestamp.as_millis();
    }
    let content = Zeroizing::new(content.encode_to_vec());
    let ephemeral = X25519SecretKey::generate(entropy);
    let pro_sig = decoy_pro_sig(entropy);
    encode_with(
        sender.ed25519(),
        recipient,
        &content,
        timestamp,
        &ephemeral,
        &pro_sig,
    )
}

/// The same from a serialised `Content` and with everything random given: the ephemeral secret (never use one twice) and
/// the 64 bytes of `proSig`.
pub fn encode_with(
    sender: &Ed25519SecretKey,
    recipient: &X25519PublicKey,
    content: &[u8],
    timestamp: Timestamp,
    ephemeral: &X25519SecretKey,
    pro_sig: &Signature,
) -> Result<Vec<u8>, EncodeError> {
    let padded = Zeroizing::new(padding::pad(content));
    let sealed = signed::sign_and_seal(&padded, sender, recipient, ephemeral)
        .map_err(|_| EncodeError::Recipient)?;
    let stored = wrap(&envelope(sealed, timestamp, pro_sig));
    if stored.len() > MAX_STORED {
        return Err(EncodeError::TooLong(stored.len()));
    }
    Ok(stored)
}

/// The serialised Envelope around a sealed message, fields in ascending order (20-messages 2.3).
pub fn envelope(sealed: Vec<u8>, timestamp: Timestamp, pro_sig: &Signature) -> Vec<u8> {
    let envelope = proto::Envelope {
        r#type: proto::envelope::Type::SessionMessage.into(),
        timestamp: timestamp.as_millis(),
        source_device: Some(1),
        content: Some(sealed),
        pro_sig: Some(pro_sig.0.to_vec()),
        ..Default::default()
    };
    envelope.encode_to_vec()
}

/// The websocket wrapper around a serialised Envelope: empty verb and path and a zero id, all written (20-messages 2.3).
pub fn wrap(envelope: &[u8]) -> Vec<u8> {
    let message = proto::WebSocketMessage {
        r#type: Some(proto::web_socket_message::Type::Request.into()),
        request: proto::WebSocketRequestMessage {
            verb: Some(String::new()),
            path: Some(String::new()),
            body: envelope.to_vec(),
            request_id: Some(0),
        },
    };
    message.encode_to_vec()
}

/// 64 bytes that look like a signature of Session Pro (20-messages 2.4): a random point of prime order, then a random
/// reduced scalar. Draws twice 64 bytes.
pub fn decoy_pro_sig(entropy: &mut (impl Entropy + ?Sized)) -> Signature {
    let r = Scalar::from_bytes_mod_order_wide(&draw(entropy));
    let s = Scalar::from_bytes_mod_order_wide(&draw(entropy));
    let mut out = [0; 64];
    out[..32].copy_from_slice(EdwardsPoint::mul_base(&r).compress().as_bytes());
    out[32..].copy_from_slice(s.as_bytes());
    Signature(out)
}

/// Opens stored bytes. Strings that are not UTF-8 are repaired, unknown fields ignored (20-messages Decisions 11).
pub fn decode(reader: &Account, stored: &[u8]) -> Result<Incoming, DecodeError> {
    decode_with(reader.x25519(), stored)
}

/// The same for a reader of whom only the X25519 key is at hand.
pub fn decode_with(reader: &X25519SecretKey, stored: &[u8]) -> Result<Incoming, DecodeError> {
    if stored.first() == Some(&NEWER_PROTOCOL) {
        return Err(DecodeError::Version);
    }
    if stored.len() > MAX_READ {
        return Err(DecodeError::Wrapper);
    }
    let envelope = unwrap(stored)?;
    if envelope.timestamp == 0 {
        return Err(DecodeError::Wrapper);
    }
    let opened = signed::open(envelope.content(), reader)?;
    let clean = repair(&repair::CONTENT, padding::unpad(&opened.padded))
        .map_err(|_| DecodeError::Content)?;
    let content = proto::Content::decode(clean.as_slice()).map_err(|_| DecodeError::Content)?;
    if content
        .sig_timestamp
        .is_some_and(|signed| signed != envelope.timestamp)
    {
        return Err(DecodeError::TimestampMismatch);
    }
    Ok(Incoming {
        sender: opened.sender,
        sender_ed25519: opened.ed25519,
        timestamp: Timestamp(envelope.timestamp),
        content,
    })
}

/// Who wrote stored bytes that [`decode`] refuses with [`DecodeError::Content`], and when by their envelope, which nobody
/// signed. `None` where the author is not proved.
pub fn written_by(reader: &Account, stored: &[u8]) -> Option<(AccountId, Timestamp)> {
    if stored.len() > MAX_READ {
        return None;
    }
    let envelope = unwrap(stored).ok()?;
    let opened = signed::open(envelope.content(), reader.x25519()).ok()?;
    (envelope.timestamp != 0).then_some((opened.sender, Timestamp(envelope.timestamp)))
}

/// The Envelope inside the websocket wrapper.
pub fn unwrap(stored: &[u8]) -> Result<proto::Envelope, DecodeError> {
    let clean = repair(&repair::WEB_SOCKET_MESSAGE, stored).map_err(|_| DecodeError::Wrapper)?;
    let outer =
        proto::WebSocketMessage::decode(clean.as_slice()).map_err(|_| DecodeError::Wrapper)?;
    let clean = repair(&repair::ENVELOPE, &outer.request.body).map_err(|_| DecodeError::Wrapper)?;
    proto::Envelope::decode(clean.as_slice()).map_err(|_| DecodeError::Wrapper)
}

/// The `Content` of serialised bytes that carry no envelope of their own, read as leniently as in [`decode`].
pub fn read_content(bytes: &[u8]) -> Result<proto::Content, DecodeError> {
    if bytes.len() > MAX_READ {
        return Err(DecodeError::Content);
    }
    let clean = repair(&repair::CONTENT, bytes).map_err(|_| DecodeError::Content)?;
    proto::Content::decode(clean.as_slice()).map_err(|_| DecodeError::Content)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::account::Seed;
    use proptest::prelude::*;

    /// Bytes that differ from draw to draw.
    struct Counting(u8);
    impl Entropy for Counting {
        fn fill(&mut self, out: &mut [u8]) {
            for byte in out {
                self.0 = self.0.wrapping_mul(5).wrapping_add(17);
                *byte = self.0;
            }
        }
    }

    const NOW: Timestamp = Timestamp(1_760_000_000_123);

    fn people() -> (Account, Account) {
        (
            Account::from_seed(Seed::from_bytes([1; 16])),
            Account::from_seed(Seed::from_bytes([2; 16])),
        )
    }

    fn saying(body: &str) -> proto::Content {
        let data_message = proto::DataMessage {
            body: Some(body.to_owned()),
            ..Default::default()
        };
        proto::Content {
            data_message: Some(data_message),
            ..Default::default()
        }
    }

    fn sent(content: &proto::Content) -> Vec<u8> {
        let (alice, bob) = people();
        encode(&alice, bob.id().key(), content, NOW, &mut Counting(0)).unwrap()
    }

    /// Stored bytes with any `Content` bytes and any time in the envelope.
    fn sent_raw(content: &[u8], timestamp: Timestamp) -> Vec<u8> {
        let (alice, bob) = people();
        let ephemeral = X25519SecretKey::from_bytes([9; 32]);
        encode_with(
            alice.ed25519(),
            bob.id().key(),
            content,
            timestamp,
            &ephemeral,
            &Signature([1; 64]),
        )
        .unwrap()
    }

    #[test]
    fn what_alice_says_bob_reads_and_knows_it_is_alice() {
        let (alice, bob) = people();
        let read = decode(&bob, &sent(&saying("hello"))).unwrap();
        assert_eq!(read.sender, alice.id());
        assert_eq!(read.sender_ed25519, alice.ed25519_public());
        assert_eq!(read.timestamp, NOW);
        assert_eq!(read.content.sig_timestamp, Some(NOW.as_millis()));
        assert_eq!(read.content.data_message.unwrap().body(), "hello");
    }

    #[test]
    fn a_message_for_bob_is_nothing_for_alice() {
        assert_eq!(
            decode(&people().0, &sent(&saying("hello"))).unwrap_err(),
            DecodeError::Sealed
        );
    }

    #[test]
    fn the_decoy_is_a_point_of_prime_order_and_a_reduced_scalar() {
        let decoy = decoy_pro_sig(&mut Counting(3));
        let (point, scalar) = decoy.0.split_first_chunk::<32>().unwrap();
        assert!(Ed25519PublicKey(*point).to_x25519().is_ok());
        assert!(bool::from(
            Scalar::from_canonical_bytes(scalar.try_into().unwrap()).is_some()
        ));
    }

    #[test]
    fn every_envelope_carries_type_device_and_a_pro_sig() {
        let envelope = unwrap(&sent(&saying("hello"))).unwrap();
        assert_eq!(
            (
                envelope.r#type,
                envelope.source_device,
                envelope.source.clone()
            ),
            (6, Some(1), None)
        );
        assert_eq!(envelope.pro_sig().len(), 64);
    }

    #[test]
    fn a_missing_signed_time_is_accepted_and_a_different_one_is_not() {
        let bob = people().1;
        assert!(decode(&bob, &sent_raw(&saying("x").encode_to_vec(), NOW)).is_ok());
        let mut other = saying("x");
        other.sig_timestamp = Some(NOW.as_millis() + 1);
        let error = decode(&bob, &sent_raw(&other.encode_to_vec(), NOW)).unwrap_err();
        assert_eq!(error, DecodeError::TimestampMismatch);
    }

    #[test]
    fn an_author_is_known_even_of_what_does_not_parse() {
        let (alice, bob) = people();
        let stored = sent_raw(&[0xff], NOW);
        assert_eq!(decode(&bob, &stored).unwrap_err(), DecodeError::Content);
        assert_eq!(written_by(&bob, &stored), Some((alice.id(), NOW)));
        assert_eq!(written_by(&alice, &stored), None);
        assert_eq!(written_by(&bob, &sent_raw(&[0xff], Timestamp(0))), None);
        assert_eq!(written_by(&bob, &[]), None);
    }

    #[test]
    fn text_that_is_not_utf8_does_not_drop_the_message() {
        let bytes = [
            &[0x0a, 0x07, 0x0a, 0x05][..],
            b"a",
            &[0xed, 0xa0, 0xbd],
            b"b",
        ]
        .concat();
        let read = decode(&people().1, &sent_raw(&bytes, NOW)).unwrap();
        assert_eq!(
            read.content.data_message.unwrap().body(),
            "a\u{fffd}\u{fffd}\u{fffd}b"
        );
    }

    #[test]
    fn a_message_of_session_js_without_decoy_and_device_is_read() {
        let envelope = unwrap(&sent(&saying("x"))).unwrap();
        let bare = proto::Envelope {
            source_device: None,
            pro_sig: None,
            ..envelope
        };
        assert!(decode(&people().1, &wrap(&bare.encode_to_vec())).is_ok());
    }

    #[test]
    fn an_envelope_without_time_or_type_is_refused() {
        let envelope = unwrap(&sent(&saying("x"))).unwrap();
        let timeless = proto::Envelope {
            timestamp: 0,
            ..envelope.clone()
        };
        assert_eq!(
            decode(&people().1, &wrap(&timeless.encode_to_vec())).unwrap_err(),
            DecodeError::Wrapper
        );
        let untyped = &envelope.encode_to_vec()[2..];
        assert_eq!(
            decode(&people().1, &wrap(untyped)).unwrap_err(),
            DecodeError::Wrapper
        );
    }

    #[test]
    fn a_newer_protocol_is_told_apart_from_damage() {
        let bob = people().1;
        assert_eq!(decode(&bob, &[0, 2, 3]).unwrap_err(), DecodeError::Version);
        assert_eq!(decode(&bob, &[1]).unwrap_err(), DecodeError::Wrapper);
        assert_eq!(decode(&bob, &[]).unwrap_err(), DecodeError::Wrapper);
        assert_eq!(
            decode(&bob, &vec![8; MAX_READ + 1]).unwrap_err(),
            DecodeError::Wrapper
        );
    }

    #[test]
    fn a_message_too_long_for_the_network_is_not_made() {
        let (alice, bob) = people();
        let long = saying(&"x".repeat(77_000));
        let error = encode(&alice, bob.id().key(), &long, NOW, &mut Counting(0)).unwrap_err();
        assert!(matches!(error, EncodeError::TooLong(length) if length > MAX_STORED));
    }

    #[test]
    fn nothing_is_sealed_for_a_key_of_low_order() {
        let error = encode(
            &people().0,
            &X25519PublicKey([0; 32]),
            &saying("x"),
            NOW,
            &mut Counting(0),
        )
        .unwrap_err();
        assert_eq!(error, EncodeError::Recipient);
    }

    proptest! {
        #[test]
        fn no_stored_bytes_make_reading_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let bob = people().1;
            let _ = decode(&bob, &bytes);
            let _ = decode(&bob, &wrap(&bytes));
            let _ = decode(&bob, &wrap(&envelope(bytes.clone(), NOW, &Signature([0; 64]))));
            let _ = decode(&bob, &sent_raw(&bytes, NOW));
        }

        #[test]
        fn one_changed_bit_never_changes_what_is_read(bit: usize) {
            let mut stored = sent(&saying("hello"));
            let bit = bit % (stored.len() * 8);
            stored[bit / 8] ^= 1 << (bit % 8);
            if let Ok(read) = decode(&people().1, &stored) {
                prop_assert_eq!(read.sender, people().0.id());
                prop_assert_eq!(read.timestamp, NOW);
                prop_assert_eq!(read.content.body(), Some("hello"));
            }
        }
    }
}
