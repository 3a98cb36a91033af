//! What the browser is told on every answer (50-browser 9).

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const PERMISSIONS: &str = "camera=(self), microphone=(self), publickey-credentials-get=(self), \
    publickey-credentials-create=(self), clipboard-read=(self), clipboard-write=(self), fullscreen=(self), \
    screen-wake-lock=(self), autoplay=(self), geolocation=(), display-capture=(), usb=(), serial=(), hid=(), \
    bluetooth=(), midi=(), payment=(), accelerometer=(), gyroscope=(), magnetometer=(), browsing-topics=()";

/// The fixed set of headers for this deployment.
#[derive(Clone, Debug)]
pub struct SecurityHeaders(Vec<(HeaderName, HeaderValue)>);

/// A relay or origin that cannot stand in a header.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an origin such as https://relay.example")]
pub struct OriginError(pub String);

impl SecurityHeaders {
    /// For an app whose `index.html` is given and which may also talk to `extra_relays`.
    pub fn new(index_html: Option<&str>, extra_relays: &[String]) -> Result<Self, OriginError> {
        for relay in extra_relays {
            check_origin(relay)?;
        }
        let policy = policy(
            &import_map_hashes(index_html.unwrap_or_default()),
            extra_relays,
        );
        // Both parts are printable ASCII: the origins were checked above, the hashes are base64.
        let policy =
            HeaderValue::from_str(&policy).map_err(|_| OriginError(extra_relays.join(" ")))?;
        let fixed = HeaderValue::from_static;
        Ok(Self(vec![
            (header::CONTENT_SECURITY_POLICY, policy),
            (
                HeaderName::from_static("cross-origin-opener-policy"),
                fixed("same-origin"),
            ),
            (
                HeaderName::from_static("cross-origin-resource-policy"),
                fixed("same-origin"),
            ),
            (
                HeaderName::from_static("permissions-policy"),
                fixed(PERMISSIONS),
            ),
            (header::REFERRER_POLICY, fixed("no-referrer")),
            (header::X_CONTENT_TYPE_OPTIONS, fixed("nosniff")),
            (HeaderName::from_static("origin-agent-cluster"), fixed("?1")),
            (header::STRICT_TRANSPORT_SECURITY, fixed("max-age=63072000")),
        ]))
    }

    /// Writes them onto an answer.
    pub fn apply(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.0 {
            headers.insert(name.clone(), value.clone());
        }
    }
}

/// Accepts `http(s)://host[:port]` and nothing that could add a directive or a wildcard.
pub fn check_origin(origin: &str) -> Result<(), OriginError> {
    let host = origin
        .strip_prefix("https://")
        .or_else(|| origin.strip_prefix("http://"))
        .unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    if host.is_empty() || !host.chars().all(plain) {
        return Err(OriginError(origin.into()));
    }
    Ok(())
}

fn policy(script_hashes: &[String], extra_relays: &[String]) -> String {
    let mut script = String::from("script-src 'self' 'wasm-unsafe-eval'");
    for hash in script_hashes {
        script.push_str(&format!(" 'sha256-{hash}'"));
    }
    let mut connect = String::from("connect-src 'self'");
    for relay in extra_relays {
        connect.push(' ');
        connect.push_str(relay);
    }
    format!(
        "default-src 'none'; {script}; worker-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
         media-src blob:; font-src 'self'; {connect}; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types default"
    )
}

/// SHA-256, base64, of every inline import map. No other inline script gets a hash: none is meant to run.
fn import_map_hashes(html: &str) -> Vec<String> {
    let lower = html.to_ascii_lowercase();
    let mut hashes = Vec::new();
    let mut from = 0;
    while let Some(start) = lower[from..].find("<script").map(|at| from + at) {
        let Some(open_end) = lower[start..].find('>').map(|at| start + at + 1) else {
            break;
        };
        let Some(end) = lower[open_end..].find("</script").map(|at| open_end + at) else {
            break;
        };
        let tag = &lower[start..open_end];
        let is_map = ["type=\"importmap\"", "type='importmap'", "type=importmap"]
            .iter()
            .any(|form| tag.contains(form));
        if is_map && !tag.contains("src=") {
            hashes.push(STANDARD.encode(Sha256::digest(&html.as_bytes()[open_end..end])));
        }
        from = end;
    }
    hashes
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_policy_is_that_of_the_specification() {
        let mut headers = HeaderMap::new();
        SecurityHeaders::new(None, &[]).unwrap().apply(&mut headers);
        assert_eq!(
            headers["content-security-policy"],
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; \
             img-src 'self' blob: data:; media-src blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
             trusted-types default"
        );
        assert!(!headers.contains_key("cross-origin-embedder-policy"));
        assert_eq!(headers.len(), 8);
    }

    #[test]
    fn only_an_inline_import_map_gets_a_hash() {
        let html = "<html><script>alert(1)</script><script type=\"importmap\">{}</script><script type=module src=/init.js></script>";
        // printf '{}' | openssl dgst -sha256 -binary | base64
        assert_eq!(
            import_map_hashes(html),
            ["RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o="]
        );
        assert!(import_map_hashes("<script type=\"importmap\">{}").is_empty());
    }

    #[test]
    fn further_relays_enter_connect_src_and_cannot_smuggle_a_directive() {
        let mut headers = HeaderMap::new();
        SecurityHeaders::new(None, &["https://relay.example:8443".into()])
            .unwrap()
            .apply(&mut headers);
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("connect-src 'self' https://relay.example:8443;"));
        for bad in [
            "https:",
            "*",
            "https://*",
            "https://a b",
            "https://a;script-src *",
            "relay.example",
            "https://a/b",
        ] {
            assert!(SecurityHeaders::new(None, &[bad.into()]).is_err(), "{bad}");
        }
    }
}
