//! What the compiler reads besides the YAML: certificates, keys, the presence of secrets, the time.
//!
//! Everything arrives through [`Inputs`], so that equal inputs give equal plans and tests need no disk.
//! A secret's bytes are never read here, only whether there is one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::compiler::observed::Observed;
use crate::ground::clock::Timestamp;
use crate::ground::limits;
use crate::plan::Plan;

/// The named inputs of one compilation.
#[derive(Debug, Clone)]
pub struct Inputs {
    files: Files,
    /// For "has the certificate expired?". It decides about findings, never about the plan's bytes.
    pub now: Timestamp,
    /// Whether secret files are looked for. Off where the plan is made on another machine than the
    /// server's, e.g. in a merge request or a Nix build.
    pub secrets_checked: bool,
    /// The plan that is active now, for rules about the way to the next one.
    pub previous: Option<Plan>,
    /// What DNS says now, for rules about the live world.
    pub observed: Option<Observed>,
}

#[derive(Debug, Clone)]
enum Files {
    Disk(PathBuf),
    Memory(BTreeMap<PathBuf, Vec<u8>>),
}

/// Why a file gave nothing. `Display` continues the sentence "The file ...".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    #[error("does not exist")]
    Missing,
    #[error("is longer than {max} octets", max = limits::SECRET_OCTETS_MAX)]
    TooLong,
    #[error("cannot be read: {0}")]
    Unreadable(String),
}

/// What is known of a secret file without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretFile {
    Empty,
    Missing,
    Present,
    Unreadable(String),
}

impl Inputs {
    /// Files on disk; relative paths start at `base`, the folder of the YAML file.
    pub fn from_disk(base: impl Into<PathBuf>) -> Self {
        Self {
            files: Files::Disk(base.into()),
            now: Timestamp::now(),
            secrets_checked: true,
            previous: None,
            observed: None,
        }
    }

    /// Files in memory, by the path that the YAML names them with.
    pub fn in_memory(files: BTreeMap<PathBuf, Vec<u8>>, now: Timestamp) -> Self {
        Self { files: Files::Memory(files), now, secrets_checked: true, previous: None, observed: None }
    }

    /// The same inputs with one more file in memory. Inputs from a disk stay as they are.
    #[must_use]
    pub fn adding(mut self, path: PathBuf, bytes: Vec<u8>) -> Self {
        if let Files::Memory(files) = &mut self.files {
            files.insert(path, bytes);
        }
        self
    }

    /// The same inputs, with the plan that is active now.
    #[must_use]
    pub fn after(mut self, previous: Option<Plan>) -> Self {
        self.previous = previous;
        self
    }

    /// The same inputs, with what was seen of the live world.
    #[must_use]
    pub fn seeing(mut self, observed: Observed) -> Self {
        self.observed = Some(observed);
        self
    }

    /// The same inputs, without looking for secret files.
    #[must_use]
    pub fn ignoring_secrets(mut self) -> Self {
        self.secrets_checked = false;
        self
    }

    /// The bytes of a certificate or key file.
    ///
    /// # Errors
    /// [`InputError`] if there is no such file, it is too long, or the system refuses.
    pub fn read(&self, path: &Path) -> Result<Vec<u8>, InputError> {
        match &self.files {
            Files::Disk(base) => {
                let path = base.join(path);
                let length = std::fs::metadata(&path).map_err(|e| refusal(&e))?.len();
                if length > limits::SECRET_OCTETS_MAX as u64 {
                    return Err(InputError::TooLong);
                }
                std::fs::read(&path).map_err(|e| refusal(&e))
            }
            Files::Memory(files) => files.get(path).cloned().ok_or(InputError::Missing),
        }
    }

    /// Whether the secret file is there and holds something. Its content is not read.
    pub fn secret_file(&self, path: &Path) -> SecretFile {
        match &self.files {
            Files::Disk(base) => match std::fs::File::open(base.join(path)).and_then(|f| f.metadata()) {
                Ok(m) if m.is_file() && m.len() == 0 => SecretFile::Empty,
                Ok(m) if m.is_dir() => SecretFile::Unreadable("it is a folder".to_owned()),
                Ok(_) => SecretFile::Present,
                Err(e) => match refusal(&e) {
                    InputError::Unreadable(cause) => SecretFile::Unreadable(cause),
                    _ => SecretFile::Missing,
                },
            },
            Files::Memory(files) => match files.get(path) {
                None => SecretFile::Missing,
                Some(bytes) if bytes.is_empty() => SecretFile::Empty,
                Some(_) => SecretFile::Present,
            },
        }
    }
}

/// The kind of error alone: the system's text differs between machines.
fn refusal(error: &std::io::Error) -> InputError {
    match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => InputError::Missing,
        kind => InputError::Unreadable(kind.to_string()),
    }
}
