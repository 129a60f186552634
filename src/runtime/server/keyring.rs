//! Keys that are made here and kept in the state folder: DKIM keys, the self-signed certificate, the key for
//! rewriting senders and the server's own secret. The plan names them; their bytes never leave this folder.
//!
//! Layout below `keys/`: `dkim/DOMAIN/SELECTOR.pem`, `self-signed/{certificate,key}.pem`,
//! `self-signed/names`, `srs`, `server-secret`. Everything is readable by its owner only.

use std::io;
use std::path::{Path, PathBuf};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use crate::artefact::render::dns::Known;
use crate::ground::clock::Timestamp;
use crate::ground::file;
use crate::ground::secret::Secret;
use crate::plan::document::{DkimAlgorithm, DnsData, Plan};

/// A self-signed certificate lives this long and is renewed in its last [`RENEW_BEFORE_DAYS`].
const SELF_SIGNED_DAYS: i64 = 365;
const RENEW_BEFORE_DAYS: i64 = 30;
const DAY_SECONDS: i64 = 24 * 60 * 60;

/// What went wrong with a kept key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("{path}: {error}")]
    File { path: PathBuf, error: io::Error },
    #[error("{0}: not a PKCS#8 private key in PEM that fits the selector's algorithm")]
    Format(PathBuf),
    #[error("a key could not be made")]
    Generation,
}

/// A DKIM key: the private half as PKCS#8 PEM, the public half as the `p=` value (RFC 6376 §3.6.1,
/// RFC 8463 §3).
pub struct DkimKeyPair {
    pub pem: Secret,
    pub public_key: String,
}

/// A certificate chain and its key, PEM.
pub struct PemPair {
    pub chain: Vec<u8>,
    pub key: Secret,
}

/// The `keys` folder of one state folder.
#[derive(Debug, Clone)]
pub struct Keyring {
    folder: PathBuf,
}

impl Keyring {
    pub fn new(state: &Path) -> Self {
        Self { folder: state.join("keys") }
    }

    fn dkim_path(&self, domain: &str, selector: &str) -> PathBuf {
        self.folder.join("dkim").join(domain).join(format!("{selector}.pem"))
    }

    /// The key of a generated selector if it has been made.
    ///
    /// # Errors
    /// [`KeyError`] if there is a file that cannot be used.
    pub fn dkim(
        &self,
        domain: &str,
        selector: &str,
        algorithm: DkimAlgorithm,
    ) -> Result<Option<DkimKeyPair>, KeyError> {
        let path = self.dkim_path(domain, selector);
        match std::fs::read(&path) {
            Ok(pem) => dkim_from_pem(&pem, algorithm).map(Some).ok_or(KeyError::Format(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(KeyError::File { path, error }),
        }
    }

    /// The key of a generated selector, made now if it was not there.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn dkim_or_generate(
        &self,
        domain: &str,
        selector: &str,
        algorithm: DkimAlgorithm,
    ) -> Result<DkimKeyPair, KeyError> {
        if let Some(key) = self.dkim(domain, selector, algorithm)? {
            return Ok(key);
        }
        let path = self.dkim_path(domain, selector);
        let pem = pem_of("PRIVATE KEY", &generate_pkcs8(algorithm)?);
        self.write(&path, pem.as_bytes())?;
        dkim_from_pem(pem.as_bytes(), algorithm).ok_or(KeyError::Format(path))
    }

    /// A self-signed certificate for `names`; made anew when the names differ or its end is near.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn self_signed(&self, names: &[String], now: Timestamp) -> Result<PemPair, KeyError> {
        let folder = self.folder.join("self-signed");
        let (chain, key, about) = (folder.join("certificate.pem"), folder.join("key.pem"), folder.join("names"));
        let expected = names.join("\n");
        if let (Ok(chain), Ok(key), Ok(kept)) =
            (std::fs::read(&chain), std::fs::read(&key), std::fs::read_to_string(&about))
            && let Some((not_after, kept_names)) = kept.split_once('\n')
            && kept_names == expected
            && not_after.parse::<i64>().is_ok_and(|end| end - now.seconds() > RENEW_BEFORE_DAYS * DAY_SECONDS)
        {
            return Ok(PemPair { chain, key: Secret::new(key) });
        }
        let not_after = now.seconds() + SELF_SIGNED_DAYS * DAY_SECONDS;
        let (chain_pem, key_pem) =
            make_self_signed(names, now.seconds() - DAY_SECONDS, not_after).ok_or(KeyError::Generation)?;
        self.write(&key, key_pem.as_bytes())?;
        self.write(&chain, chain_pem.as_bytes())?;
        self.write(&about, format!("{not_after}\n{expected}").as_bytes())?;
        Ok(PemPair { chain: chain_pem.into_bytes(), key: Secret::new(key_pem.into_bytes()) })
    }

    /// What is kept here of the keys that the records of `plan` are about.
    ///
    /// # Errors
    /// [`KeyError`] if there is a file that cannot be used.
    pub fn known(&self, plan: &Plan) -> Result<Known, KeyError> {
        let mut known = Known::default();
        for record in &plan.dns {
            let DnsData::DkimGenerated { domain, selector, algorithm } = &record.data else { continue };
            if let Some(pair) = self.dkim(domain, selector, *algorithm)? {
                known.dkim.insert((domain.clone(), selector.clone()), pair.public_key);
            }
        }
        Ok(known)
    }

    /// 32 random octets that make this server's answers about unknown users repeatable.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn server_secret(&self) -> Result<Secret, KeyError> {
        self.random("server-secret")
    }

    /// 32 random octets that senders are rewritten with. Bounces to senders of a lost key are refused.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn srs(&self) -> Result<Secret, KeyError> {
        self.random("srs")
    }

    /// 32 random octets in the file `name`, made now if they are not there.
    fn random(&self, name: &str) -> Result<Secret, KeyError> {
        let path = self.folder.join(name);
        match std::fs::read(&path) {
            Ok(bytes) if bytes.len() == 32 => return Ok(Secret::new(bytes)),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(KeyError::File { path, error }),
        }
        let mut bytes = [0; 32];
        SystemRandom::new().fill(&mut bytes).map_err(|_| KeyError::Generation)?;
        self.write(&path, &bytes)?;
        Ok(Secret::new(bytes))
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), KeyError> {
        let attempt = || {
            if let Some(folder) = path.parent() {
                file::private_folder(folder)?;
            }
            file::replace(path, bytes, 0o600)
        };
        attempt().map_err(|error| KeyError::File { path: path.to_owned(), error })
    }
}

/// Reads a PKCS#8 PEM private key and derives the public half. `None` if it is no such key.
pub fn dkim_from_pem(pem: &[u8], algorithm: DkimAlgorithm) -> Option<DkimKeyPair> {
    let PrivateKeyDer::Pkcs8(der) = PrivateKeyDer::from_pem_slice(pem).ok()? else { return None };
    let der = der.secret_pkcs8_der();
    let public_key = match algorithm {
        DkimAlgorithm::Ed25519Sha256 => {
            let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok()?;
            BASE64_STANDARD.encode(pair.public_key().as_ref())
        }
        DkimAlgorithm::RsaSha256 => {
            let pair = rsa::KeyPair::from_pkcs8(der).ok()?;
            let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().ok()?;
            BASE64_STANDARD.encode(spki.as_ref())
        }
    };
    Some(DkimKeyPair { pem: Secret::new(pem), public_key })
}

fn generate_pkcs8(algorithm: DkimAlgorithm) -> Result<Vec<u8>, KeyError> {
    match algorithm {
        DkimAlgorithm::Ed25519Sha256 => Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new())
            .map(|document| document.as_ref().to_vec())
            .map_err(|_| KeyError::Generation),
        DkimAlgorithm::RsaSha256 => {
            let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).map_err(|_| KeyError::Generation)?;
            let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyError::Generation)?;
            Ok(der.as_ref().to_vec())
        }
    }
}

/// RFC 7468 §2: lines of 64 characters.
fn pem_of(label: &str, der: &[u8]) -> String {
    let encoded = BASE64_STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = tail;
    }
    pem.push_str(&format!("-----END {label}-----\n"));
    pem
}

fn make_self_signed(names: &[String], not_before: i64, not_after: i64) -> Option<(String, String)> {
    let date = |seconds: i64| {
        let date = jiff::Timestamp::from_second(seconds).ok()?.to_zoned(jiff::tz::TimeZone::UTC).date();
        Some(rcgen::date_time_ymd(
            i32::from(date.year()),
            u8::try_from(date.month()).ok()?,
            u8::try_from(date.day()).ok()?,
        ))
    };
    let mut params = rcgen::CertificateParams::new(names.to_vec()).ok()?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, names.first()?.as_str());
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    params.not_before = date(not_before)?;
    params.not_after = date(not_after)?;
    let key = rcgen::KeyPair::generate().ok()?;
    let certificate = params.self_signed(&key).ok()?;
    Some((certificate.pem(), key.serialize_pem()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_keys_are_kept() {
        let state = tempfile::tempdir().unwrap();
        let ring = Keyring::new(state.path());
        for algorithm in [DkimAlgorithm::Ed25519Sha256, DkimAlgorithm::RsaSha256] {
            let name = format!("{algorithm:?}").to_lowercase();
            assert!(ring.dkim("a.test", &name, algorithm).unwrap().is_none());
            let made = ring.dkim_or_generate("a.test", &name, algorithm).unwrap();
            let kept = ring.dkim_or_generate("a.test", &name, algorithm).unwrap();
            assert_eq!(made.public_key, kept.public_key);
        }
        assert!(ring.dkim("a.test", "ed25519sha256", DkimAlgorithm::RsaSha256).is_err());
    }

    #[test]
    fn random_keys_are_kept_and_differ() {
        let state = tempfile::tempdir().unwrap();
        let ring = Keyring::new(state.path());
        let made = ring.srs().unwrap();
        assert_eq!(made.expose().len(), 32);
        assert!(made == Keyring::new(state.path()).srs().unwrap());
        assert!(made != ring.server_secret().unwrap());
    }

    #[test]
    fn a_self_signed_certificate_is_renewed_in_time_and_for_new_names() {
        let state = tempfile::tempdir().unwrap();
        let ring = Keyring::new(state.path());
        let names = vec!["mail.a.test".to_owned()];
        let now = Timestamp(1_795_000_000_000);
        let first = ring.self_signed(&names, now).unwrap().chain;
        assert_eq!(first, ring.self_signed(&names, now).unwrap().chain);
        let near_its_end = Timestamp(now.0 + 340 * DAY_SECONDS * 1000);
        assert_ne!(first, ring.self_signed(&names, near_its_end).unwrap().chain);
        let more = vec!["mail.a.test".to_owned(), "mail.b.test".to_owned()];
        assert_ne!(first, ring.self_signed(&more, now).unwrap().chain);
    }
}
