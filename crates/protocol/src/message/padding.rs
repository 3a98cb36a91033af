//! Padding of `Content` to multiples of 160 bytes (20-messages 2.1).

/// `content || 80 || 00…`.
pub fn pad(content: &[u8]) -> Vec<u8> {
    todo!()
}
/// What is left without the padding.
pub fn unpad(padded: &[u8]) -> &[u8] {
    todo!()
}
