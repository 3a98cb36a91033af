//! Unicode's normal forms (UAX 15).
//!
//! Their tables weigh more than most of this crate, and every browser has them: there `String.prototype.normalize` answers,
//! elsewhere the crate `unicode-normalization` does. Both are pure functions with the same results.

/// Canonical composition.
pub fn nfc(text: &str) -> String {
    form::nfc(text)
}

/// Compatibility composition. Leaves no copies of its own in memory outside a browser, whose strings cannot be wiped.
pub fn nfkc(text: &str) -> String {
    form::nfkc(text)
}

/// Compatibility decomposition.
pub fn nfkd(text: &str) -> String {
    form::nfkd(text)
}

#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
mod form {
    use js_sys::JsString;

    fn normalize(text: &str, form: &str) -> String {
        if text.is_ascii() {
            return text.to_owned();
        }
        JsString::from(text).normalize(form).into()
    }

    pub(super) fn nfc(text: &str) -> String {
        normalize(text, "NFC")
    }
    pub(super) fn nfkc(text: &str) -> String {
        normalize(text, "NFKC")
    }
    pub(super) fn nfkd(text: &str) -> String {
        normalize(text, "NFKD")
    }
}

#[cfg(not(all(target_arch = "wasm32", target_os = "unknown")))]
mod form {
    use unicode_normalization::UnicodeNormalization as _;

    pub(super) fn nfc(text: &str) -> String {
        text.nfc().collect()
    }
    pub(super) fn nfkc(text: &str) -> String {
        // NFKC grows UTF-8 at most eleven-fold. A buffer that grew would leave copies behind.
        let mut normal = String::with_capacity(text.len().saturating_mul(11));
        normal.extend(text.nfkc());
        normal
    }
    pub(super) fn nfkd(text: &str) -> String {
        text.nfkd().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_are_those_of_the_annex() {
        // Figure 6 of UAX 15.
        assert_eq!(nfc("\u{1e9b}\u{323}"), "\u{1e9b}\u{323}");
        assert_eq!(nfkc("\u{1e9b}\u{323}"), "\u{1e69}");
        assert_eq!(nfkd("\u{1e9b}\u{323}"), "s\u{323}\u{307}");
        assert_eq!(nfc("d\u{323}\u{307}"), "\u{1e0d}\u{307}");
    }
}
