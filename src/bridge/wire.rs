//! Messages as bytes, and bytes as transferable buffers.

use js_sys::{Array, Uint8Array};
use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::{JsCast, JsValue};
use zeroize::Zeroizing;

/// Encodes into a buffer of the exact size: a growing one would leave copies of secrets behind.
pub(crate) fn to_bytes(message: &impl Serialize) -> Zeroizing<Vec<u8>> {
    let size = postcard::experimental::serialized_size(message).unwrap_or(0);
    let bytes = postcard::to_extend(message, Vec::with_capacity(size));
    Zeroizing::new(bytes.expect("messages hold nothing that postcard cannot write"))
}

/// Decodes a whole message; `None` when it is not one.
pub(crate) fn from_bytes<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    match postcard::take_from_bytes(bytes) {
        Ok((message, [])) => Some(message),
        _ => None,
    }
}

/// The buffer to post and the list that makes it move instead of being copied.
pub(crate) fn to_js(message: &impl Serialize) -> (JsValue, Array) {
    let bytes = to_bytes(message);
    let array = Uint8Array::new_with_length(
        u32::try_from(bytes.len()).expect("a message is far below 4 GiB"),
    );
    array.copy_from(&bytes);
    let buffer: JsValue = array.buffer().into();
    let transfer = Array::of1(&buffer);
    (buffer, transfer)
}

/// Reads a posted buffer and wipes it.
pub(crate) fn from_js<T: DeserializeOwned>(data: &JsValue) -> Option<T> {
    let buffer = data.dyn_ref::<js_sys::ArrayBuffer>()?;
    let array = Uint8Array::new(buffer);
    let bytes = Zeroizing::new(array.to_vec());
    let length = array.length();
    array.fill(0, 0, length);
    from_bytes(&bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::bridge::{Call, FromWorker, Keep, Reply, SecretBytes, ToWorker};
    use onionskin_client::api::{Command, ErrorCode, Failure};
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test(unsupported = test)]
    fn a_call_survives_the_way_to_the_worker() {
        let calls = [
            Call::Vaults,
            Call::Create {
                name: "Ann".into(),
                keep: Keep::Passphrase(SecretBytes::new(vec![1, 2, 3])),
            },
            Call::Engine(Command::StartConversation {
                account_id: "05".repeat(33),
            }),
        ];
        for (id, call) in calls.into_iter().enumerate() {
            let message = ToWorker::Call {
                id: id as u64,
                call,
            };
            assert_eq!(
                from_bytes::<ToWorker>(&to_bytes(&message)).unwrap(),
                message
            );
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_failure_survives_the_way_to_the_page() {
        let failure = Failure {
            code: ErrorCode::VaultPass,
            number: Some(2),
            detail: String::new(),
        };
        for result in [Ok(Reply::Done), Err(failure)] {
            let message = FromWorker::Reply { id: 7, result };
            assert_eq!(
                from_bytes::<FromWorker>(&to_bytes(&message)).unwrap(),
                message
            );
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn damaged_and_overlong_messages_are_refused() {
        assert_eq!(from_bytes::<ToWorker>(&[]), None);
        assert_eq!(from_bytes::<ToWorker>(&[250]), None);
        let mut bytes = to_bytes(&ToWorker::Ping).to_vec();
        bytes.push(0);
        assert_eq!(from_bytes::<ToWorker>(&bytes), None);
    }
}
