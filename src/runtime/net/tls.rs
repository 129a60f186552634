//! TLS for our listeners: rustls with aws-lc-rs.
//!
//! RFC 9325 (recommendations), RFC 8997 (nothing below 1.2; of 1.2 rustls has the ECDHE and AEAD suites of RFC
//! 9325 §4.2 alone). No session cache, and tickets only where the plan says so: a resumed session is worth
//! little to mail, and some senders fail on it.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::server::{NoServerSessionStorage, ResolvesServerCert};
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

/// What our listeners present, by `presented` at each handshake.
///
/// # Errors
/// [`TlsError`] if rustls refuses the combination.
pub fn server_config(
    presented: Arc<dyn ResolvesServerCert>,
    min: TlsVersion,
    session_tickets: bool,
) -> Result<Arc<ServerConfig>, TlsError> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(versions(min))?
        .with_no_client_auth()
        .with_cert_resolver(presented);
    config.send_tls13_tickets = 0;
    if session_tickets {
        // The keys live in memory only and change every six hours (RFC 5077 §5.5).
        config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new()?;
        config.send_tls13_tickets = 2;
    }
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(Arc::new(config))
}

/// RFC 9113 §3.2.
pub const ALPN_H2: &[u8] = b"h2";
/// RFC 8737 §3: an authority looks at the certificate.
pub const ALPN_ACME: &[u8] = b"acme-tls/1";

/// The same, for the web endpoint: with the protocols that are spoken there. A client that offers others alone is
/// refused (RFC 7301 §3.2).
pub fn for_web(config: &ServerConfig) -> Arc<ServerConfig> {
    let mut config = config.clone();
    config.alpn_protocols = [ALPN_H2, b"http/1.1", ALPN_ACME].map(<[u8]>::to_vec).to_vec();
    Arc::new(config)
}

fn versions(min: TlsVersion) -> &'static [&'static SupportedProtocolVersion] {
    static FROM_1_2: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS13, &rustls::version::TLS12];
    static FROM_1_3: [&SupportedProtocolVersion; 1] = [&rustls::version::TLS13];
    match min {
        TlsVersion::V1_2 => &FROM_1_2,
        TlsVersion::V1_3 => &FROM_1_3,
    }
}

/// Whether a certificate's name covers a host's. RFC 9525 §6.3: a wildcard stands for exactly one left-most label.
pub fn matches(pattern: &str, name: &str) -> bool {
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
    // RFC 9266 §4.2: with TLS 1.2 the binding is unique only with extended master secret, so 1.3 only.
    let exporter = (version == "TLSv1.3")
        .then(|| connection.export_keying_material([0u8; 32], b"EXPORTER-Channel-Binding", Some(b"")).ok())
        .flatten();
    TlsFacts { version: version.to_owned(), cipher, exporter }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_one_label() {
        assert!(matches("*.a.test", "x.a.test"));
        assert!(!matches("*.a.test", "x.y.a.test"));
        assert!(!matches("*.a.test", "a.test"));
        assert!(matches("a.test", "a.test"));
    }
}
