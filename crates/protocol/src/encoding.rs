//! Hex and base64 in the forms the network uses.

/// Standard base64 with padding.
pub fn base64(bytes: &[u8]) -> String {
    todo!()
}
/// Standard base64 without padding (message hashes).
pub fn base64_unpadded(bytes: &[u8]) -> String {
    todo!()
}
/// Reads standard base64, padded or not. Strict about the alphabet. A lone `=` is the empty string
/// (15-observed-service-node 5).
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    todo!()
}
/// Reads exactly `N` bytes of hex, either case.
pub fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    todo!()
}
