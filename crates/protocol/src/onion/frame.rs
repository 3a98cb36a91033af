//! `frame(C, J)`: length, ciphertext, routing JSON (10-network 4.1).

/// ```text
///  0        4                    n+4
///  +--------+---------------------+----------------------+
///  | n  LE  | ciphertext (n bytes)| routing JSON         |
///  +--------+---------------------+----------------------+
/// ```
pub fn encode(ciphertext: &[u8], json: &[u8]) -> Vec<u8> {
    todo!()
}

/// Why bytes are not a frame; the texts are those of the node software (15-observed-service-node 8).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Under 4 bytes.
    #[error("Unexpected payload size; expected ciphertext size")]
    NoLength,
    /// The length field points past the end.
    #[error("Unexpected payload size {have}, expected >= {want}")]
    Length { /// Bytes after the length field.
        have: usize, /// What the field says.
        want: usize },
}

/// Splits into ciphertext and JSON.
pub fn decode(frame: &[u8]) -> Result<(&[u8], &[u8]), FrameError> {
    todo!()
}
