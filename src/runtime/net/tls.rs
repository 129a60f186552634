//! TLS for our listeners: rustls with aws-lc-rs, certificates chosen by SNI.
//!
//! RFC 9325 (recommendations), RFC 8997 (nothing below 1.2; of 1.2 rustls has the ECDHE and AEAD suites of RFC
//! 9325 §4.2 alone). No session cache, and tickets only where the plan says so: a resumed session is worth
//! little to mail, and some senders fail on it.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ConnectionCommon, ServerConfig, SupportedProtocolVersion};

use crate::plan::document::{Listener, Tls, TlsProfile, TlsVersion};
use crate::protocol::TlsFacts;

/// Why a certificate cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("the certificate chain holds no certificate")]
    Empty,
    #[error("not readable as PEM: {0}")]
    Pem(#[from] rustls::pki_types::pem::Error),
    #[error("{0}")]
    Rustls(#[from] rustls::Error),
}

/// One certificate with its key and the names it answers to.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Lower-case names, `*.` wildcards allowed in the left-most label.
    pub names: Vec<String>,
    pub key: Arc<CertifiedKey>,
}

impl Identity {
    /// From PEM texts. Checks that the key belongs to the leaf.
    ///
    /// # Errors
    /// [`TlsError`] if either does not parse or they do not match.
    pub fn from_pem(names: Vec<String>, chain: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<Vec<_>, _>>()?;
        if chain.is_empty() {
            return Err(TlsError::Empty);
        }
        let key = PrivateKeyDer::from_pem_slice(key)?;
        let key = CertifiedKey::from_der(chain, key, &provider())?;
        Ok(Self { names, key: Arc::new(key) })
    }
}

/// The one cryptographic provider of this program.
pub fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: std::sync::OnceLock<Arc<CryptoProvider>> = std::sync::OnceLock::new();
    PROVIDER.get_or_init(|| Arc::new(rustls::crypto::aws_lc_rs::default_provider())).clone()
}

/// The oldest version that `listener` speaks under the plan's `tls`.
pub fn least_version(tls: &Tls, listener: &Listener) -> TlsVersion {
    let general = match tls.profile {
        TlsProfile::Intermediate => tls.min_version,
        TlsProfile::Modern => TlsVersion::V1_3,
    };
    listener.tls_min_version.unwrap_or(general)
}

/// What our listeners present. `identities` must not be empty; the first serves unknown names.
///
/// # Errors
/// [`TlsError`] if rustls refuses the combination.
pub fn server_config(
    identities: Vec<Identity>,
    min: TlsVersion,
    session_tickets: bool,
) -> Result<Arc<ServerConfig>, TlsError> {
    if identities.is_empty() {
        return Err(TlsError::Empty);
    }
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(versions(min))?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(BySni { identities }));
    config.send_tls13_tickets = 0;
    if session_tickets {
        // The keys live in memory only and change every six hours (RFC 5077 §5.5).
        config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new()?;
        config.send_tls13_tickets = 2;
    }
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(Arc::new(config))
}

fn versions(min: TlsVersion) -> &'static [&'static SupportedProtocolVersion] {
    static FROM_1_2: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS13, &rustls::version::TLS12];
    static FROM_1_3: [&SupportedProtocolVersion; 1] = [&rustls::version::TLS13];
    match min {
        TlsVersion::V1_2 => &FROM_1_2,
        TlsVersion::V1_3 => &FROM_1_3,
    }
}

#[derive(Debug)]
struct BySni {
    identities: Vec<Identity>,
}

impl ResolvesServerCert for BySni {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let wanted = hello.server_name().map(str::to_ascii_lowercase);
        let named = wanted.and_then(|name| self.identities.iter().find(|i| i.names.iter().any(|n| matches(n, &name))));
        named.or_else(|| self.identities.first()).map(|identity| identity.key.clone())
    }
}

/// RFC 6125 §6.4.3: a wildcard stands for exactly one left-most label.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(parent) => name.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest == parent),
        None => pattern == name,
    }
}

/// What sessions want to know of an established connection.
/// Of either side: `Side` is rustls' mark for client or server.
pub fn facts<Side>(connection: &ConnectionCommon<Side>) -> TlsFacts {
    let version = match connection.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2",
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLSv1.3",
        _ => "TLS",
    };
    let cipher = connection.negotiated_cipher_suite().map_or_else(String::new, |s| format!("{:?}", s.suite()));
    // RFC 9266 §3: with TLS 1.2 the binding is unique only with extended master secret, so 1.3 only.
    let exporter = (version == "TLSv1.3")
        .then(|| connection.export_keying_material([0u8; 32], b"EXPORTER-Channel-Binding", Some(b"")).ok())
        .flatten();
    TlsFacts { version: version.to_owned(), cipher, exporter }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made_for(name: &str) -> (String, String) {
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let (chain, _) = made_for("a.test");
        let (_, key) = made_for("b.test");
        assert!(Identity::from_pem(vec![], chain.as_bytes(), key.as_bytes()).is_err());
    }

    #[test]
    fn wildcards_stand_for_one_label() {
        assert!(matches("*.a.test", "x.a.test"));
        assert!(!matches("*.a.test", "x.y.a.test"));
        assert!(!matches("*.a.test", "a.test"));
        assert!(matches("a.test", "a.test"));
    }
}
