//! The shelf's state on disk, so that it survives a restart and commands without a server know it.
//!
//! Layout below `certificates/` of the state folder: `NAME/served.pem`, `NAME/waiting.pem`, each with the key and the
//! chain in one file, so that one rename replaces both; `NAME/standing.json`; `ca/` ([`super::local`]), `accounts/`.
//! Everything is readable by its owner only.

use std::io;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};

use super::pair::{Pair, PairError};
use crate::ground::file;

/// Which of a certificate's pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Served,
    Waiting,
}

impl Place {
    fn file(self) -> &'static str {
        match self {
            Self::Served => "served.pem",
            Self::Waiting => "waiting.pem",
        }
    }
}

/// What went wrong with a kept file.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    #[error("{path}: {error}")]
    File { path: PathBuf, error: io::Error },
    #[error("{path}: {error}")]
    Pair { path: PathBuf, error: PairError },
}

/// `certificates/` of one state folder.
#[derive(Debug, Clone)]
pub struct Kept {
    root: PathBuf,
}

impl Kept {
    pub fn new(state: &Path) -> Self {
        Self { root: state.join("certificates") }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where everything about one certificate lies.
    pub fn folder(&self, id: &str) -> PathBuf {
        self.root.join(folder_name(id))
    }

    /// A kept pair; `None` if there is none.
    ///
    /// # Errors
    /// [`KeptError`] if there is a file that cannot be used.
    pub fn read(&self, id: &str, place: Place) -> Result<Option<Pair>, KeptError> {
        let path = self.folder(id).join(place.file());
        match std::fs::read(&path) {
            Ok(pem) => Pair::from_pem(&pem, &pem).map(Some).map_err(|error| KeptError::Pair { path, error }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(KeptError::File { path, error }),
        }
    }

    /// # Errors
    /// [`KeptError`]; what was kept before stays.
    pub fn write(&self, id: &str, place: Place, pair: &Pair) -> Result<(), KeptError> {
        write(&self.folder(id).join(place.file()), pair.pem().expose())
    }

    /// # Errors
    /// [`KeptError`].
    pub fn remove(&self, id: &str, place: Place) -> Result<(), KeptError> {
        let path = self.folder(id).join(place.file());
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(KeptError::File { path, error }),
            _ => Ok(()),
        }
    }
}

/// Replaces a file that nobody else may read.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), KeptError> {
    let attempt = || {
        if let Some(folder) = path.parent() {
            file::private_folder(folder)?;
        }
        file::replace(path, bytes, 0o600)
    };
    attempt().map_err(|error| KeptError::File { path: path.to_owned(), error })
}

/// A folder for each name, whatever a certificate calls itself: `_` for `*`, and a digest for what is no name of a
/// host. Names have a dot, so that none is `ca` or `accounts`.
fn folder_name(id: &str) -> String {
    let plain = id.replacen('*', "_", 1);
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.' | b'_' | b'+');
    if plain.contains('.') && !plain.starts_with('.') && plain.len() <= 253 && plain.bytes().all(fits) {
        return plain;
    }
    digest(&SHA256, id.as_bytes()).as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leaves_the_folder() {
        assert_eq!(folder_name("mail.a.test"), "mail.a.test");
        assert_eq!(folder_name("*.a.test"), "_.a.test");
        for odd in ["", "ca", "..", "../a.test", "a/b.test", "accounts", "A.test", ".a"] {
            assert_eq!(folder_name(odd).len(), 64, "{odd}");
        }
    }
}
