//! A certificate chain with its private key, checked and ready to be served.
//!
//! The key belongs to the leaf, and the leaf does not demand what this server does not do: it staples no OCSP
//! responses, so a certificate with the TLS feature `status_request` (RFC 7633) would be refused by its clients.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::ground::secret::Secret;
use crate::runtime::net::tls::{TlsError, matches, provider};

/// Hex (lower case) of the SHA-256 over a SubjectPublicKeyInfo: what TLSA 3 1 1 holds (RFC 6698 §2.1).
pub type SpkiHex = String;

/// RFC 7633 §4.1: `id-pe-tlsfeature`.
const TLS_FEATURE: &str = "1.3.6.1.5.5.7.1.24";

/// Why a pair cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    #[error("the certificate demands stapled OCSP responses (must-staple), which this server does not send")]
    MustStaple,
    #[error("the certificate cannot be parsed")]
    Unparsed,
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// A chain and its key.
pub struct Pair {
    /// The chain, leaf first, and the key behind it.
    pub certified: Arc<CertifiedKey>,
    /// DNS names of the leaf (RFC 9525 §6), lower case, sorted.
    pub names: Vec<String>,
    pub spki: SpkiHex,
    /// Seconds since the epoch.
    pub not_before: i64,
    /// Seconds since the epoch.
    pub not_after: i64,
    /// Issuer's name, DER.
    pub issuer: Vec<u8>,
    /// Whether issuer and subject are the same: nobody else vouches for it.
    pub self_issued: bool,
    /// How the authority names the certificate in renewal information (RFC 9773 §4.1), if it can.
    pub renewal_id: Option<String>,
    key: PrivateKeyDer<'static>,
}

impl std::fmt::Debug for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pair({}, key {})", self.names.join(" "), self.spki)
    }
}

impl Pair {
    /// From PEM texts; what else they hold is passed over, so that one text may be both.
    ///
    /// # Errors
    /// [`PairError`] if either does not parse, they do not match, or the certificate cannot be honoured.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, PairError> {
        let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<Vec<_>, _>>().map_err(TlsError::from)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(TlsError::from)?;
        Self::new(chain, key)
    }

    fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Self, PairError> {
        let leaf = chain.first().ok_or(TlsError::Empty)?.clone();
        let (_, parsed) = X509Certificate::from_der(&leaf).map_err(|_| PairError::Unparsed)?;
        if parsed.extensions().iter().any(|e| e.oid.to_id_string() == TLS_FEATURE) {
            return Err(PairError::MustStaple);
        }
        let certified = CertifiedKey::from_der(chain, key.clone_key(), &provider()).map_err(TlsError::from)?;
        Ok(Self {
            certified: Arc::new(certified),
            names: names(&parsed),
            spki: sha256_hex(parsed.public_key().raw),
            not_before: parsed.validity().not_before.timestamp(),
            not_after: parsed.validity().not_after.timestamp(),
            issuer: parsed.issuer().as_raw().to_vec(),
            self_issued: parsed.issuer() == parsed.subject(),
            renewal_id: renewal_id(&parsed),
            key,
        })
    }

    /// Both halves in one PEM text, the key first.
    pub fn pem(&self) -> Secret {
        let label = match &self.key {
            PrivateKeyDer::Pkcs1(_) => "RSA PRIVATE KEY",
            PrivateKeyDer::Sec1(_) => "EC PRIVATE KEY",
            _ => "PRIVATE KEY",
        };
        let mut text = pem(label, self.key.secret_der());
        for certificate in &self.certified.cert {
            text.push_str(&pem("CERTIFICATE", certificate));
        }
        Secret::new(text.into_bytes())
    }

    /// The private key, DER.
    pub fn key(&self) -> &PrivateKeyDer<'static> {
        &self.key
    }

    /// The leaf, DER.
    pub fn leaf(&self) -> &[u8] {
        self.certified.cert.first().map_or(&[], |leaf| leaf)
    }

    /// Hex of the SHA-256 over the leaf.
    pub fn fingerprint(&self) -> String {
        sha256_hex(self.leaf())
    }

    /// Whether it is the same chain with the same key.
    pub fn same(&self, other: &Self) -> bool {
        self.certified.cert == other.certified.cert && self.spki == other.spki
    }

    /// Whether clients take it at `now`, seconds since the epoch.
    pub fn valid_at(&self, now: i64) -> bool {
        self.not_before <= now && now < self.not_after
    }

    /// Whether it is for that name, by a wildcard too.
    pub fn covers(&self, name: &str) -> bool {
        self.names.iter().any(|own| matches(own, name))
    }
}

/// Lower case, sorted.
fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let dns = extension.value.general_names.iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
        _ => None,
    });
    let mut names: Vec<String> = dns.collect();
    names.sort();
    names.dedup();
    names
}

/// Of a SubjectPublicKeyInfo, or of another DER.
fn sha256_hex(der: &[u8]) -> SpkiHex {
    digest(&SHA256, der).as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

/// RFC 9773 §4.1: `base64url(AKI keyIdentifier).base64url(serial number)`, the serial as DER encodes it.
fn renewal_id(certificate: &X509Certificate<'_>) -> Option<String> {
    let authority = certificate.extensions().iter().find_map(|e| match e.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(aki) => aki.key_identifier.as_ref().map(|id| id.0),
        _ => None,
    })?;
    let encode = |octets: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(octets);
    Some(format!("{}.{}", encode(authority), encode(certificate.raw_serial())))
}

/// RFC 7468 §2: lines of 64 characters.
pub fn pem(label: &str, der: &[u8]) -> String {
    let encoded = BASE64_STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = tail;
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(name: &str, features: Option<Vec<u8>>) -> (String, String) {
        let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        // RFC 7633 §4.1: a SEQUENCE of one INTEGER, 5 for status_request.
        let feature = |content| rcgen::CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 24], content);
        params.custom_extensions.extend(features.map(feature));
        let key = rcgen::KeyPair::generate().unwrap();
        (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let ((chain, _), (_, key)) = (made("a.test", None), made("b.test", None));
        assert!(Pair::from_pem(chain.as_bytes(), key.as_bytes()).is_err());
    }

    #[test]
    fn must_staple_is_refused() {
        let (chain, key) = made("a.test", Some(vec![0x30, 3, 2, 1, 5]));
        assert!(matches!(Pair::from_pem(chain.as_bytes(), key.as_bytes()), Err(PairError::MustStaple)));
    }

    #[test]
    fn one_text_holds_both_halves() {
        let (chain, key) = made("A.test", None);
        let pair = Pair::from_pem(chain.as_bytes(), key.as_bytes()).unwrap();
        let text = pair.pem();
        let again = Pair::from_pem(text.expose(), text.expose()).unwrap();
        assert!(pair.same(&again));
        assert_eq!(again.names, ["a.test"]);
        assert_eq!(again.pem().expose(), text.expose());
        assert!(!format!("{again:?}").contains("PRIVATE"));
    }

    /// The example of RFC 9773 §4.1: its authority key identifier and serial number.
    #[test]
    fn renewal_information_is_asked_for_by_key_identifier_and_serial() {
        let issuer_key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec![]).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.key_identifier_method = rcgen::KeyIdMethod::PreSpecified(
            [
                0x69, 0x88, 0x5B, 0x6B, 0x87, 0x46, 0x40, 0x41, 0xE1, 0xB3, 0x7B, 0x84, 0x7B, 0xA0, 0xAE, 0x2C, 0xDE,
                0x01, 0xC8, 0xD4,
            ]
            .to_vec(),
        );
        let issuer = rcgen::Issuer::from_params(&params, &issuer_key);
        let mut leaf = rcgen::CertificateParams::new(vec!["a.test".to_owned()]).unwrap();
        leaf.use_authority_key_identifier_extension = true;
        leaf.serial_number = Some(rcgen::SerialNumber::from_slice(&[0x87, 0x65, 0x43, 0x21]));
        let key = rcgen::KeyPair::generate().unwrap();
        let chain = leaf.signed_by(&key, &issuer).unwrap().pem();
        let pair = Pair::from_pem(chain.as_bytes(), key.serialize_pem().as_bytes()).unwrap();
        assert_eq!(pair.renewal_id.as_deref(), Some("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"));
    }
}
