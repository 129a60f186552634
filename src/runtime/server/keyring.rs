//! Keys that are made here and kept in the state folder: DKIM keys, the key for rewriting senders and the server's
//! own secret. The plan names them; their bytes never leave this folder. Those of certificates are kept by
//! [`super::certificates`].
//!
//! Layout below `keys/`: `dkim/DOMAIN/SELECTOR.pem`, `srs`, `server-secret`. Everything is readable by its owner
//! only.

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

use super::certificates::pair::pem;
use super::certificates::shelf::{ShelfError, kept_spki};
use crate::artefact::render::dns::Known;
use crate::ground::file;
use crate::ground::secret::Secret;
use crate::plan::document::{DkimAlgorithm, DnsData, Plan};

/// What went wrong with a kept key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("{path}: {error}")]
    File { path: PathBuf, error: io::Error },
    #[error("{0}: not a PKCS#8 private key in PEM that fits the selector's algorithm")]
    Format(PathBuf),
    #[error("a key could not be made")]
    Generation,
    #[error(transparent)]
    Shelf(#[from] ShelfError),
}

/// A DKIM key: the private half as PKCS#8 PEM, the public half as the `p=` value (RFC 6376 §3.6.1,
/// RFC 8463 §4.2).
pub struct DkimKeyPair {
    pub pem: Secret,
    pub public_key: String,
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
        let text = pem("PRIVATE KEY", &generate_pkcs8(algorithm)?);
        self.write(&path, text.as_bytes())?;
        dkim_from_pem(text.as_bytes(), algorithm).ok_or(KeyError::Format(path))
    }

    /// What is kept here of the keys that the records of `plan` are about.
    ///
    /// # Errors
    /// [`KeyError`] if there is a file that cannot be used.
    pub fn known(&self, plan: &Plan) -> Result<Known, KeyError> {
        let state = self.folder.parent().unwrap_or(&self.folder);
        let mut known = Known { spki: kept_spki(state, plan)?, ..Known::default() };
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
}
