//! `frame(C, J)`: length, ciphertext, routing JSON (10-network 4.1).

/// Joins ciphertext and routing JSON.
///
/// ```text
///  0        4                    n+4
///  +--------+---------------------+----------------------+
///  | n  LE  | ciphertext (n bytes)| routing JSON         |
///  +--------+---------------------+----------------------+
/// ```
pub fn encode(ciphertext: &[u8], json: &[u8]) -> Vec<u8> {
    let length = u32::try_from(ciphertext.len()).expect("a frame stays far below 4 GiB");
    let mut out = Vec::with_capacity(4 + ciphertext.len() + json.len());
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(ciphertext);
    out.extend_from_slice(json);
    out
}

/// Why bytes are not a frame; the texts are those of the node software (15-observed-service-node 8).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Under 4 bytes.
    #[error("Unexpected payload size; expected ciphertext size")]
    NoLength,
    /// The length field points past the end.
    #[error("Unexpected payload size {have}, expected >= {want}")]
    Length {
        /// Bytes after the length field.
        have: usize,
        /// What the field says.
        want: usize,
    },
}

/// Splits into ciphertext and JSON.
pub fn decode(frame: &[u8]) -> Result<(&[u8], &[u8]), FrameError> {
    let (length, rest) = frame.split_first_chunk::<4>().ok_or(FrameError::NoLength)?;
    let want = u32::from_le_bytes(*length) as usize;
    let have = rest.len();
    rest.split_at_checked(want)
        .ok_or(FrameError::Length { have, want })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_info_request_is_framed_as_published() {
        let frame = encode(br#"{"method":"info","params":{}}"#, br#"{"headers":""}"#);
        assert_eq!(
            hex::encode(&frame),
            "1d0000007b226d6574686f64223a22696e666f222c22706172616d73223a7b7d7d7b2268656164657273223a22227d"
        );
    }

    #[test]
    fn broken_lengths_are_refused_with_the_texts_of_the_nodes() {
        assert_eq!(
            decode(b"abc").unwrap_err().to_string(),
            "Unexpected payload size; expected ciphertext size"
        );
        assert_eq!(
            decode(b"\x0f\x27\0\0abc").unwrap_err().to_string(),
            "Unexpected payload size 3, expected >= 9999"
        );
        assert_eq!(decode(b"\0\0\0\0").unwrap(), (&b""[..], &b""[..]));
    }

    proptest! {
        #[test]
        fn a_frame_gives_back_its_parts(ciphertext: Vec<u8>, json: Vec<u8>) {
            let frame = encode(&ciphertext, &json);
            prop_assert_eq!(decode(&frame).unwrap(), (&ciphertext[..], &json[..]));
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            if let Ok((ciphertext, json)) = decode(&bytes) {
                prop_assert_eq!(ciphertext.len() + json.len() + 4, bytes.len());
            }
        }
    }
}
