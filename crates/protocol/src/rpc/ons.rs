//! Names of the chain: what is asked for a name, and the Account ID in the answer (10-network 3.10).
//!
//! ```text
//!  h = BLAKE2b-256(lower-case name)          asked for
//!  k = BLAKE2b-256(key = h, lower-case name) opens the 49 bytes of the answer: XChaCha20-Poly1305, 33 bytes inside
//! ```

use super::response::AnswerError;
use crate::encoding;
use crate::hash::blake2b;
use crate::id::AccountId;
use onionskin_ciphers::xchacha20poly1305;
use serde_json::Value;

/// 33 bytes of the Account ID and 16 of the tag.
const SEALED: usize = 49;

/// The name as it is hashed.
fn lowered(name: &str) -> String {
    name.to_lowercase()
}

/// Base64 of the hash under which a name is registered.
pub fn name_hash(name: &str) -> String {
    encoding::base64(&hash(&lowered(name)))
}

fn hash(lower: &str) -> [u8; 32] {
    blake2b(&[], &[lower.as_bytes()])
}

/// Reads `ons_resolve` for `name`: the account, or nothing when the name is not registered. What several nodes say has to be
/// compared by the caller: nothing in the answer shows that it is the newest registration.
pub fn parse_ons(body: &Value, name: &str) -> Result<Option<AccountId>, AnswerError> {
    let result = body
        .get("result")
        .and_then(Value::as_object)
        .ok_or(AnswerError("no result"))?;
    let Some(sealed) = result.get("encrypted_value") else {
        return Ok(None);
    };
    let sealed = sealed.as_str().and_then(encoding::from_hex::<SEALED>);
    let sealed = sealed.ok_or(AnswerError("no encrypted name"))?;
    let nonce = result
        .get("nonce")
        .and_then(Value::as_str)
        .and_then(encoding::from_hex::<24>)
        .ok_or(AnswerError("no nonce"))?;
    let lower = lowered(name);
    let key = blake2b::<32>(&hash(&lower), &[lower.as_bytes()]);
    let plain = xchacha20poly1305::open(&key, &nonce, &[], &sealed)
        .ok_or(AnswerError("the name does not open the answer"))?;
    AccountId::from_bytes(&plain)
        .map(Some)
        .map_err(|_| AnswerError("no Account ID behind the name"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const ID: &str = "05d2ad010eeb72d72e561d9de7bd7b6989af77dcabffa03a5111a6c859ae5c3a72";

    fn published() -> Value {
        json!({"result": {
            "nonce": "00112233445566778899aabbccddeeff00ffeeddccbbaa99",
            "encrypted_value": "3575802dd9bfea72672a208840f37ca289ceade5d3ffacabe2d231f109d204329fc33e28c331580d9a8c9b8a64cacfec97",
        }})
    }

    #[test]
    fn the_published_names_have_their_hashes_whatever_the_case() {
        let alice = "4R2BSXk3LIg7UL2w/62x6vCJi/VP1PvymK8Sb7q72kw=";
        assert_eq!(name_hash("alice"), alice);
        assert_eq!(name_hash("ALICE"), alice);
        assert_eq!(
            name_hash("test"),
            "kosgNmlD4q/RHrwOri5TqTvxd6T881vMZNUDcE5l4gI="
        );
    }

    #[test]
    fn the_published_answer_opens_with_its_name_only() {
        let id: AccountId = ID.parse().unwrap();
        assert_eq!(parse_ons(&published(), "test"), Ok(Some(id)));
        assert_eq!(parse_ons(&published(), "Test"), Ok(Some(id)));
        assert!(parse_ons(&published(), "text").is_err());
    }

    #[test]
    fn a_name_that_nobody_has_is_no_error_and_half_an_answer_is() {
        assert_eq!(parse_ons(&json!({"result": {}}), "test"), Ok(None));
        assert!(parse_ons(&json!({}), "test").is_err());
        let mut cut = published();
        cut["result"]["nonce"] = json!("00");
        assert!(parse_ons(&cut, "test").is_err());
        let mut long = published();
        long["result"]["encrypted_value"] = json!("00".repeat(50));
        assert!(parse_ons(&long, "test").is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(value in ".{0,120}", nonce in ".{0,60}", name in ".{0,40}") {
            let body = json!({"result": {"encrypted_value": value, "nonce": nonce}});
            let _ = parse_ons(&body, &name);
            let _ = name_hash(&name);
        }
    }
}
