//! Hex and base64 in the forms the network uses.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{
    GeneralPurpose, GeneralPurposeConfig, STANDARD, STANDARD_NO_PAD,
};

/// Standard alphabet, padding optional on reading.
const READER: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Standard base64 with padding.
pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Standard base64 without padding (message hashes).
pub fn base64_unpadded(bytes: &[u8]) -> String {
    STANDARD_NO_PAD.encode(bytes)
}

/// Reads standard base64, padded or not. Strict about the alphabet. A lone `=` is the empty string
/// (15-observed-service-node 5).
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    if text == "=" {
        return Some(Vec::new());
    }
    READER.decode(text).ok()
}

/// Reads exactly `N` bytes of hex, either case.
pub fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut out = [0u8; N];
    hex::decode_to_slice(text, &mut out).ok()?;
    Some(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn base64_is_read_with_and_without_padding() {
        assert_eq!(from_base64("XQ==").unwrap(), [0x5d]);
        assert_eq!(from_base64("XQ").unwrap(), [0x5d]);
        assert_eq!(from_base64("=").unwrap(), [0u8; 0]);
        assert_eq!(from_base64("").unwrap(), [0u8; 0]);
    }

    #[test]
    fn base64_of_another_alphabet_or_with_white_space_is_refused() {
        for text in ["_-8=", "XQ==\n", "X", "XQ=X", "é"] {
            assert_eq!(from_base64(text), None, "{text:?}");
        }
    }

    #[test]
    fn hex_has_exactly_the_asked_length() {
        assert_eq!(from_hex::<2>("00fF"), Some([0, 255]));
        for text in ["00f", "00ff00", "00fg", "", "00é"] {
            assert_eq!(from_hex::<2>(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(from_base64(&base64(&bytes)).unwrap(), bytes.clone());
            prop_assert_eq!(from_base64(&base64_unpadded(&bytes)).unwrap(), bytes);
        }

        #[test]
        fn no_text_makes_the_readers_panic(text in ".{0,80}") {
            let _ = from_base64(&text);
            let _ = from_hex::<32>(&text);
        }
    }
}
