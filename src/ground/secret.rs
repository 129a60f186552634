//! Secrets are references in the language and in the plan; their bytes exist only in memory, behind a
//! type that neither prints nor compares itself by accident.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::ground::limits;

/// Where a secret is to be found at activation. Never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretRef {
    /// A systemd credential: a file of that name in `$CREDENTIALS_DIRECTORY`.
    Credential(String),
    /// An environment variable of the server's process.
    Env(String),
    /// A file; a relative path is taken from the folder of the YAML file (kept with the activation).
    File(PathBuf),
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credential(name) => write!(f, "systemd credential `{name}`"),
            Self::Env(name) => write!(f, "environment variable `{name}`"),
            Self::File(path) => write!(f, "file `{}`", path.display()),
        }
    }
}

/// Why a secret could not be had. Carries the reference, never a byte of the secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("{0} is empty")]
    Empty(SecretRef),
    #[error("{0} does not exist")]
    Missing(SecretRef),
    #[error("{0} cannot be read: {1}")]
    Unreadable(SecretRef, std::io::Error),
    #[error("{0} is longer than {max} octets", max = limits::SECRET_OCTETS_MAX)]
    TooLong(SecretRef),
}

/// Secret bytes in memory. `Debug` shows nothing; equality is constant-time.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl Secret {
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes, for the one call that needs them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Reads what `reference` names. One trailing line end is dropped, because editors add it.
    /// `base` is the folder that relative file paths start from.
    ///
    /// # Errors
    /// [`SecretError`], which names the reference and the cause.
    pub fn read(reference: &SecretRef, base: &Path) -> Result<Self, SecretError> {
        let from_file = |path: &Path| match std::fs::metadata(path) {
            Ok(m) if m.len() > limits::SECRET_OCTETS_MAX as u64 => Err(SecretError::TooLong(reference.clone())),
            _ => std::fs::read(path).map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => SecretError::Missing(reference.clone()),
                _ => SecretError::Unreadable(reference.clone(), error),
            }),
        };
        let mut bytes = match reference {
            SecretRef::Credential(name) => {
                let folder =
                    std::env::var_os("CREDENTIALS_DIRECTORY").ok_or_else(|| SecretError::Missing(reference.clone()))?;
                from_file(&Path::new(&folder).join(name))?
            }
            SecretRef::Env(name) => {
                std::env::var(name).map_err(|_| SecretError::Missing(reference.clone()))?.into_bytes()
            }
            SecretRef::File(path) => from_file(&base.join(path))?,
        };
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
            if bytes.last() == Some(&b'\r') {
                bytes.pop();
            }
        }
        if bytes.is_empty() { Err(SecretError::Empty(reference.clone())) } else { Ok(Self(bytes)) }
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
