//! The certificate a node presents (15-observed-service-node 1): self-signed, `C=AU, CN=localhost, O=Oxen`, serial 1,
//! 10,000 days, no subjectAltName, only a Subject Key Identifier.
//!
//! The key is ECDSA P-256, as newer node software has it; real 2.8.0 nodes have RSA 2048, which ring cannot generate.
//! Clients verify none of it: authenticity comes from the onion layer.

use onionskin_protocol::hash::blake2b;
use rcgen::{
    CertificateParams, CustomExtension, DistinguishedName, DnType, DnValue, KeyPair,
    PKCS_ECDSA_P256_SHA256,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::Arc;
use std::time::SystemTime;

/// Object identifier of Subject Key Identifier.
const SUBJECT_KEY_IDENTIFIER: &[u64] = &[2, 5, 29, 14];

/// Why a node cannot speak TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate cannot be made.
    #[error("the certificate cannot be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The TLS library refuses it.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

/// TLS 1.2 and 1.3 with a fresh certificate, no ALPN.
pub fn server_config() -> Result<Arc<ServerConfig>, TlsError> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::default();
    let mut name = DistinguishedName::new();
    name.push(
        DnType::CountryName,
        DnValue::PrintableString("AU".try_into()?),
    );
    name.push(DnType::CommonName, "localhost");
    name.push(DnType::OrganizationName, "Oxen");
    params.distinguished_name = name;
    params.serial_number = Some(1u64.into());
    let now = SystemTime::now();
    params.not_before = now.into();
    params.not_after = (now + std::time::Duration::from_secs(10_000 * 86_400)).into();
    let mut identifier = vec![0x04, 20];
    identifier.extend_from_slice(&blake2b::<20>(b"", &[key.public_key_raw()]));
    params.custom_extensions = vec![CustomExtension::from_oid_content(
        SUBJECT_KEY_IDENTIFIER,
        identifier,
    )];
    let certificate = params.self_signed(&key)?;
    let secret = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], secret)?;
    Ok(Arc::new(config))
}
