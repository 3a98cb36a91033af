//! Makes received protobuf bytes acceptable without dropping more than every client drops (20-messages 3, Decisions 11).
//!
//! Walks the bytes along the table of known fields that `build.rs` makes of the `.proto` file and writes a clean copy:
//! text that is not UTF-8 is replaced character-wise, unknown fields and known numbers of another wire type are left out
//! (as the protobuf libraries of the apps do), and a message without a required field is refused. The generated types
//! could do neither.

/// A message type: its known fields in ascending order.
pub(crate) struct Schema {
    fields: &'static [Field],
}

struct Field {
    number: u32,
    kind: Kind,
    required: bool,
    repeated: bool,
}

enum Kind {
    Varint,
    Fixed64,
    #[allow(
        dead_code,
        reason = "the table is generated; no field of today has this kind"
    )]
    Fixed32,
    Bytes,
    Text,
    Message(&'static Schema),
}

/// Not protobuf, or a required field is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// The generated tables, one per message type.
#[allow(dead_code, reason = "only the two roots are used by name")]
mod table {
    use super::{Field, Kind, Schema};
    include!(concat!(env!("OUT_DIR"), "/schema.rs"));
}
pub(crate) use table::{CONTENT, ENVELOPE, WEB_SOCKET_MESSAGE};

/// Groups (wire types 3 and 4) inside each other, all of them unknown, before the input is refused.
const MAX_GROUP_DEPTH: usize = 32;

mod wire_type {
    pub const VARINT: u8 = 0;
    pub const FIXED64: u8 = 1;
    pub const LENGTH: u8 = 2;
    pub const GROUP_START: u8 = 3;
    pub const GROUP_END: u8 = 4;
    pub const FIXED32: u8 = 5;
}

/// A clean copy of `input`. At most three times as long (one bad byte becomes the three bytes of U+FFFD).
/// The depth is that of the schema, which is finite.
pub(crate) fn repair(schema: &Schema, input: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut out = Vec::with_capacity(input.len());
    let mut seen = 0u64;
    let mut reader = Reader(input);
    while !reader.0.is_empty() {
        let (number, wire) = reader.key()?;
        let value = reader.value(number, wire)?;
        let Ok(index) = schema
            .fields
            .binary_search_by_key(&number, |field| field.number)
        else {
            continue;
        };
        let field = &schema.fields[index];
        match (&field.kind, wire) {
            (Kind::Varint, wire_type::VARINT)
            | (Kind::Fixed64, wire_type::FIXED64)
            | (Kind::Fixed32, wire_type::FIXED32) => {
                put_key(&mut out, number, wire);
                out.extend_from_slice(value);
            }
            (Kind::Varint | Kind::Fixed64 | Kind::Fixed32, wire_type::LENGTH) if field.repeated => {
                put_bytes(&mut out, number, value);
            }
            (Kind::Bytes, wire_type::LENGTH) => put_bytes(&mut out, number, value),
            (Kind::Text, wire_type::LENGTH) => {
                put_bytes(&mut out, number, String::from_utf8_lossy(value).as_bytes())
            }
            (Kind::Message(inner), wire_type::LENGTH) => {
                put_bytes(&mut out, number, &repair(inner, value)?)
            }
            _ => continue,
        }
        seen |= 1 << index;
    }
    let complete = schema
        .fields
        .iter()
        .enumerate()
        .all(|(index, field)| !field.required || seen & (1 << index) != 0);
    if complete { Ok(out) } else { Err(Malformed) }
}

/// The input that is left.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (head, tail) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = tail;
        Ok(head)
    }

    /// At most ten bytes; bits beyond the 64th are refused.
    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(Malformed);
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    fn key(&mut self) -> Result<(u32, u8), Malformed> {
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).map_err(|_| Malformed)?;
        if number == 0 || number >= 1 << 29 {
            return Err(Malformed);
        }
        Ok((number, (key & 7) as u8))
    }

    /// The bytes of a value, without the length in front of them. A group is skipped and gives nothing.
    fn value(&mut self, number: u32, wire: u8) -> Result<&'a [u8], Malformed> {
        match wire {
            wire_type::VARINT => {
                let start = self.0;
                self.varint()?;
                Ok(&start[..start.len() - self.0.len()])
            }
            wire_type::FIXED64 => self.take(8),
            wire_type::FIXED32 => self.take(4),
            wire_type::LENGTH => {
                let length = usize::try_from(self.varint()?).map_err(|_| Malformed)?;
                self.take(length)
            }
            wire_type::GROUP_START => {
                self.skip_group(number)?;
                Ok(&[])
            }
            _ => Err(Malformed),
        }
    }

    fn skip_group(&mut self, number: u32) -> Result<(), Malformed> {
        let mut open = vec![number];
        while let Some(&innermost) = open.last() {
            let (number, wire) = self.key()?;
            match wire {
                wire_type::GROUP_END if number == innermost => {
                    open.pop();
                }
                wire_type::GROUP_START if open.len() < MAX_GROUP_DEPTH => open.push(number),
                wire_type::GROUP_START | wire_type::GROUP_END => return Err(Malformed),
                _ => {
                    self.value(number, wire)?;
                }
            }
        }
        Ok(())
    }
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put_key(out: &mut Vec<u8>, number: u32, wire: u8) {
    put_varint(out, u64::from(number) << 3 | u64::from(wire));
}

fn put_bytes(out: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    put_key(out, number, wire_type::LENGTH);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::message::proto::{Content, DataMessage, TypingMessage};
    use proptest::prelude::*;
    use prost::Message as _;

    fn read(bytes: &[u8]) -> Option<Content> {
        Content::decode(repair(&CONTENT, bytes).ok()?.as_slice()).ok()
    }

    fn with_body(body: &str) -> Content {
        Content {
            data_message: Some(DataMessage {
                body: Some(body.to_owned()),
                ..Default::default()
            }),
            ..Default::default()
        }
    }

    #[test]
    fn text_that_is_not_utf8_is_replaced_and_the_message_kept() {
        // The lone surrogate ED A0 BD that session.js sends in sync copies.
        let bytes = [
            &[0x0a, 0x07, 0x0a, 0x05][..],
            b"a",
            &[0xed, 0xa0, 0xbd],
            b"b",
        ]
        .concat();
        assert!(Content::decode(bytes.as_slice()).is_err());
        assert_eq!(read(&bytes), Some(with_body("a\u{fffd}\u{fffd}\u{fffd}b")));
    }

    #[test]
    fn unknown_fields_and_groups_are_left_out() {
        let mut bytes = vec![0x3a, 0x02, 1, 2]; // the old configurationMessage
        bytes.extend([0xa3, 0x06, 0x08, 0x01, 0xa4, 0x06]); // group 100 with a varint inside
        bytes.extend(with_body("x").encode_to_vec());
        assert_eq!(read(&bytes), Some(with_body("x")));
    }

    #[test]
    fn a_known_number_of_another_wire_type_counts_as_unknown() {
        let bytes = [
            &[0x08, 0x05, 0x7a, 0x01, 0x00][..],
            &with_body("x").encode_to_vec(),
        ]
        .concat();
        assert_eq!(read(&bytes), Some(with_body("x")));
    }

    #[test]
    fn a_missing_required_field_drops_the_message() {
        assert_eq!(read(&[0x32, 0x02, 0x08, 0x05]), None);
        let typing = TypingMessage {
            timestamp: 5,
            action: 0,
        };
        assert_eq!(
            read(&[0x32, 0x04, 0x08, 0x05, 0x10, 0x00])
                .unwrap()
                .typing_message,
            Some(typing)
        );
    }

    #[test]
    fn repeated_numbers_are_read_packed_and_unpacked() {
        let unpacked = read(&[0x2a, 0x06, 0x08, 1, 0x10, 5, 0x10, 6]).unwrap();
        let packed = read(&[0x2a, 0x06, 0x08, 1, 0x12, 2, 5, 6]).unwrap();
        assert_eq!(unpacked.receipt_message.as_ref().unwrap().timestamp, [5, 6]);
        assert_eq!(unpacked, packed);
    }

    #[test]
    fn groups_inside_groups_without_end_are_refused() {
        assert_eq!(repair(&CONTENT, &[0x0b; 10_000]), Err(Malformed));
        assert_eq!(repair(&CONTENT, &[0x0c]), Err(Malformed));
    }

    proptest! {
        #[test]
        fn whatever_is_let_through_the_generated_types_accept(
            bytes in proptest::collection::vec(prop_oneof![any::<u8>(), 0u8..0x40], 0..200)
        ) {
            if let Ok(clean) = repair(&CONTENT, &bytes) {
                prop_assert!(clean.len() <= 3 * bytes.len());
                prop_assert!(Content::decode(clean.as_slice()).is_ok());
                prop_assert_eq!(repair(&CONTENT, &clean), Ok(clean.clone()));
            }
        }
    }
}
