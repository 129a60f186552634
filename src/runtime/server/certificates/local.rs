//! Certificates that are made here: self-signed ones, and for `profile: lab` those of a local authority, so that
//! testers import one file (`certificates/ca/ca.pem`) for good.
//!
//! A certificate for the same names is made with the key that is served already, so that TLSA stays true. Everything
//! is ECDSA P-256. Not here: anything that others should trust; these are for tests, and for the time until an
//! authority has issued something better.

use std::io;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::kept::{KeptError, write};
use super::pair::{Pair, PairError};

const DAY_SECONDS: i64 = 24 * 60 * 60;
/// A certificate that is made here lives this long and is renewed in its last [`RENEW_BEFORE_DAYS`].
const LEAF_DAYS: i64 = 365;
const RENEW_BEFORE_DAYS: i64 = 30;
/// People import it once, and a lab may last.
const AUTHORITY_DAYS: i64 = 10 * 365;

/// Why nothing was made.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    #[error("a certificate could not be made: {0}")]
    Made(#[from] rcgen::Error),
    #[error("a certificate that was made here is not usable: {0}")]
    Pair(#[from] PairError),
    #[error("{0}: not the authority's certificate and key; remove the folder to have a new authority made")]
    Damaged(PathBuf),
    #[error(transparent)]
    Kept(#[from] KeptError),
}

/// The key of `pair` for another certificate; a new one if there is none, or it is of a kind that cannot sign here.
pub fn key_of(pair: Option<&Pair>) -> Result<KeyPair, LocalError> {
    match pair.map(|pair| KeyPair::try_from(pair.key())) {
        Some(Ok(key)) => Ok(key),
        _ => Ok(KeyPair::generate()?),
    }
}

/// A certificate that nobody else vouches for.
///
/// # Errors
/// [`LocalError`].
pub fn self_signed(names: &[String], key: &KeyPair, now: i64) -> Result<Pair, LocalError> {
    let chain = leaf(names, now)?.self_signed(key)?.pem();
    Ok(Pair::from_pem(chain.as_bytes(), key.serialize_pem().as_bytes())?)
}

/// Whether a pair that was made here is still right: for `names`, and not near its end.
pub fn good(pair: &Pair, names: &[String], now: i64) -> bool {
    let mut names: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
    names.sort();
    names.dedup();
    pair.names == names && pair.valid_at(now) && now < pair.not_after - RENEW_BEFORE_DAYS * DAY_SECONDS
}

/// What issues certificates for the lab.
pub struct LocalAuthority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
    /// DER.
    subject: Vec<u8>,
}

impl LocalAuthority {
    /// Where the certificate lies that testers import.
    pub fn path(certificates: &Path) -> PathBuf {
        certificates.join("ca").join("ca.pem")
    }

    /// The authority below `certificates`, the folder of [`super::kept::Kept`]; made now if it was not there.
    ///
    /// # Errors
    /// [`LocalError`].
    pub fn open(certificates: &Path, now: i64) -> Result<Self, LocalError> {
        let path = Self::path(certificates);
        let key_path = path.with_file_name("ca.key");
        let read = |path: &Path| match std::fs::read_to_string(path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(KeptError::File { path: path.to_owned(), error }),
        };
        if let (Some(certificate), Some(key)) = (read(&path)?, read(&key_path)?) {
            return Self::kept(certificate, &key).ok_or(LocalError::Damaged(path));
        }
        let key = KeyPair::generate()?;
        // Each lab's authority has a name of its own: clients take two of the same name for one.
        let tag: String = key.public_key_raw().iter().rev().take(4).map(|b| format!("{b:02x}")).collect();
        let params = authority(&format!("mailctl lab authority {tag}"), now)?;
        let certificate = params.self_signed(&key)?.pem();
        write(&key_path, key.serialize_pem().as_bytes())?;
        write(&path, certificate.as_bytes())?;
        let key = key.serialize_pem();
        Self::kept(certificate, &key).ok_or(LocalError::Damaged(path))
    }

    fn kept(certificate: String, key: &str) -> Option<Self> {
        let der = CertificateDer::from_pem_slice(certificate.as_bytes()).ok()?;
        let (_, parsed) = X509Certificate::from_der(&der).ok()?;
        let key = KeyPair::from_pem(key).ok()?;
        if parsed.public_key().subject_public_key.data != key.public_key_raw() {
            return None;
        }
        let name = parsed.subject().iter_common_name().next()?.as_str().ok()?;
        let params = authority(name, parsed.validity().not_before.timestamp()).ok()?;
        let subject = parsed.subject().as_raw().to_vec();
        Some(Self { issuer: Issuer::new(params, key), certificate, subject })
    }

    /// # Errors
    /// [`LocalError`].
    pub fn issue(&self, names: &[String], key: &KeyPair, now: i64) -> Result<Pair, LocalError> {
        let mut chain = leaf(names, now)?.signed_by(key, &self.issuer)?.pem();
        chain.push_str(&self.certificate);
        Ok(Pair::from_pem(chain.as_bytes(), key.serialize_pem().as_bytes())?)
    }

    /// Whether `pair` is of this authority.
    pub fn issued(&self, pair: &Pair) -> bool {
        pair.issuer == self.subject
    }
}

fn authority(name: &str, not_before: i64) -> Result<CertificateParams, LocalError> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = common_name(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    valid(&mut params, not_before - DAY_SECONDS, not_before + AUTHORITY_DAYS * DAY_SECONDS)?;
    Ok(params)
}

fn leaf(names: &[String], now: i64) -> Result<CertificateParams, LocalError> {
    let mut params = CertificateParams::new(names.to_vec())?;
    params.distinguished_name = common_name(names.first().map_or("", String::as_str));
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    valid(&mut params, now - DAY_SECONDS, now + LEAF_DAYS * DAY_SECONDS)?;
    Ok(params)
}

fn common_name(name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    subject
}

/// From and until, seconds since the epoch; rcgen takes days.
fn valid(params: &mut CertificateParams, from: i64, until: i64) -> Result<(), LocalError> {
    let day =
        |seconds| jiff::Timestamp::from_second(seconds).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC).date();
    let number = |n: i8| u8::try_from(n).map_err(|_| rcgen::Error::Time);
    let (from, until) = (day(from), day(until));
    params.not_before = rcgen::date_time_ymd(i32::from(from.year()), number(from.month())?, number(from.day())?);
    params.not_after = rcgen::date_time_ymd(i32::from(until.year()), number(until.month())?, number(until.day())?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_000_000;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_certificate_is_good_until_its_last_month_and_for_its_names() {
        let key = KeyPair::generate().unwrap();
        let pair = self_signed(&names(&["mail.a.test", "b.test"]), &key, NOW).unwrap();
        assert!(pair.self_issued);
        assert!(good(&pair, &names(&["b.test", "Mail.a.test"]), NOW));
        assert!(!good(&pair, &names(&["mail.a.test"]), NOW));
        assert!(good(&pair, &names(&["mail.a.test", "b.test"]), NOW + 330 * DAY_SECONDS));
        assert!(!good(&pair, &names(&["mail.a.test", "b.test"]), NOW + 340 * DAY_SECONDS));
        let again = self_signed(&names(&["c.test"]), &key_of(Some(&pair)).unwrap(), NOW).unwrap();
        assert_eq!(again.spki, pair.spki, "the key stays");
    }

    #[test]
    fn an_authority_is_kept_and_its_certificates_verify() {
        let folder = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let first = LocalAuthority::open(folder.path(), NOW).unwrap();
        let pair = first.issue(&names(&["a.test"]), &key, NOW).unwrap();
        let again = LocalAuthority::open(folder.path(), NOW + 5 * DAY_SECONDS).unwrap();
        let next = again.issue(&names(&["a.test"]), &key, NOW).unwrap();
        assert!(again.issued(&pair) && first.issued(&next) && !pair.self_issued);
        assert!(!first.issued(&self_signed(&names(&["a.test"]), &key, NOW).unwrap()));
        let root = std::fs::read(LocalAuthority::path(folder.path())).unwrap();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(&root).unwrap()).unwrap();
        let builder = rustls::client::WebPkiServerVerifier::builder_with_provider(
            roots.into(),
            crate::runtime::net::tls::provider(),
        );
        let verifier = builder.build().unwrap();
        for pair in [pair, next] {
            let (leaf, rest) = pair.certified.cert.split_first().unwrap();
            let name = "a.test".try_into().unwrap();
            let at = std::time::Duration::from_secs(u64::try_from(NOW).unwrap());
            let now = rustls::pki_types::UnixTime::since_unix_epoch(at);
            rustls::client::danger::ServerCertVerifier::verify_server_cert(&*verifier, leaf, rest, &name, &[], now)
                .unwrap();
        }
    }

    #[test]
    fn a_damaged_authority_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        LocalAuthority::open(folder.path(), NOW).unwrap();
        let other = KeyPair::generate().unwrap().serialize_pem();
        std::fs::write(folder.path().join("ca/ca.key"), other).unwrap();
        assert!(matches!(LocalAuthority::open(folder.path(), NOW), Err(LocalError::Damaged(_))));
    }
}
