//! The device opener: a key of the browser that no script can read out wraps the vault key (50-browser 8.1).
//!
//! ```text
//!  0         12                60
//!  +---------+-----------------+
//!  | nonce   | key (32), tag   |   AES-256-GCM, associated data: the vault's id
//!  +---------+-----------------+
//! ```
//! This is no protection against whoever uses this browser, and is not called so.

use super::platform::{global, object, property};
use crate::bridge::VaultId;
use js_sys::{Array, Promise, Uint8Array};
use onionskin_client::ports::Entropy;
use onionskin_client::vault::VaultKey;
use onionskin_protocol::entropy::draw;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{CryptoKey, SubtleCrypto};
use zeroize::Zeroizing;

const NONCE: usize = 12;

/// A key that cannot be read out, for use in this browser only.
pub(crate) async fn generate() -> Result<CryptoKey, JsValue> {
    let algorithm = object(&[("name", "AES-GCM".into()), ("length", 256.into())]);
    let usages = Array::of2(&"encrypt".into(), &"decrypt".into());
    Ok(
        await_promise(subtle()?.generate_key_with_object(&algorithm, false, &usages)?)
            .await?
            .unchecked_into(),
    )
}

/// Wraps a vault key.
pub(crate) async fn wrap(
    device: &CryptoKey,
    vault: VaultId,
    key: &VaultKey,
    entropy: &mut impl Entropy,
) -> Result<Vec<u8>, JsValue> {
    let nonce: [u8; NONCE] = draw(entropy);
    let plain = Uint8Array::from(key.as_bytes().as_slice());
    let sealed =
        subtle()?.encrypt_with_object_and_buffer_source(&algorithm(&nonce, vault), device, &plain);
    let sealed = match sealed {
        Ok(promise) => await_promise(promise).await,
        Err(error) => Err(error),
    };
    wipe(&plain);
    let mut out = nonce.to_vec();
    out.extend(Uint8Array::new(&sealed?).to_vec());
    Ok(out)
}

/// Unwraps a vault key; `None` when the bytes do not belong to this key and vault.
pub(crate) async fn unwrap(device: &CryptoKey, vault: VaultId, wrapped: &[u8]) -> Option<VaultKey> {
    let (nonce, sealed) = wrapped.split_first_chunk::<NONCE>()?;
    let sealed = Uint8Array::from(sealed);
    let promise = subtle()
        .ok()?
        .decrypt_with_object_and_buffer_source(&algorithm(nonce, vault), device, &sealed)
        .ok()?;
    let plain = Uint8Array::new(&await_promise(promise).await.ok()?);
    if plain.length() != 32 {
        return None;
    }
    let mut root = Zeroizing::new([0; 32]);
    plain.copy_to(root.as_mut_slice());
    wipe(&plain);
    Some(VaultKey::from_bytes(&root))
}

fn algorithm(nonce: &[u8; NONCE], vault: VaultId) -> js_sys::Object {
    object(&[
        ("name", "AES-GCM".into()),
        ("iv", Uint8Array::from(nonce.as_slice()).into()),
        (
            "additionalData",
            Uint8Array::from(vault.0.as_slice()).into(),
        ),
    ])
}

fn subtle() -> Result<SubtleCrypto, JsValue> {
    global::<JsValue>("crypto")
        .and_then(|crypto| property(&crypto, "subtle"))
        .ok_or_else(|| JsValue::from_str("no WebCrypto"))
}

async fn await_promise(promise: Promise) -> Result<JsValue, JsValue> {
    JsFuture::from(promise).await
}

fn wipe(bytes: &Uint8Array) {
    bytes.fill(0, 0, bytes.length());
}

#[cfg(all(test, target_arch = "wasm32"))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::worker::ports::BrowserEntropy;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test]
    async fn a_wrapped_key_opens_with_its_own_device_key_and_vault_only() {
        let vault = VaultId([1; 16]);
        let key = VaultKey::generate(&mut BrowserEntropy);
        let device = generate().await.unwrap();
        assert!(!device.extractable());
        let wrapped = wrap(&device, vault, &key, &mut BrowserEntropy)
            .await
            .unwrap();
        assert_eq!(wrapped.len(), 60);
        assert_eq!(
            unwrap(&device, vault, &wrapped).await.unwrap().as_bytes(),
            key.as_bytes()
        );
        assert!(unwrap(&device, VaultId([2; 16]), &wrapped).await.is_none());
        assert!(
            unwrap(&generate().await.unwrap(), vault, &wrapped)
                .await
                .is_none()
        );
        assert!(unwrap(&device, vault, &wrapped[..59]).await.is_none());
    }
}
