//! The state folder: which plan is active, which were, and where everything else lies.
//!
//! Layout: `active.json` (one [`Activation`]), `history/NNNNNN.json` (all of them, oldest first), `stages.json`
//! ([`super::stages`]),
//! `plans/HEX.json` (plans by digest, canonical bytes), `keys/` ([`super::keyring`]), `store/`,
//! `control.sock`. The folder is private to the server's user. Plans are written before the activation
//! that names them, and `active.json` last, so a crash leaves the old plan active.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::artefact::reconcile::dns::ownership::Owner;
use crate::artefact::reconcile::stage::{self, Stages};
use crate::ground::clock::Timestamp;
use crate::ground::file;
use crate::plan::digest::Digest;
use crate::plan::document::Storage;
use crate::plan::{Plan, codec};
use crate::vocabulary::mail::Domain;

/// One plan having become the active one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activation {
    /// Counts up from 1.
    pub generation: u64,
    pub digest: Digest,
    /// Where relative paths in the plan start: the folder of the YAML file. Not part of the plan,
    /// because the same plan may stand in another folder elsewhere.
    pub base: PathBuf,
    pub activated: Timestamp,
    /// `host.name` of the plan: records that were pushed are marked with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Domain>,
    /// The generation that a rollback went back to, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback_to: Option<u64>,
}

/// What can be wrong with the state folder.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("{path}: {error}")]
    File { path: PathBuf, error: io::Error },
    #[error("{path} is damaged: {reason}")]
    Damaged { path: PathBuf, reason: String },
    #[error("no plan is active in {0}; `mailctl apply` activates one")]
    NothingActive(PathBuf),
}

/// One state folder.
#[derive(Debug, Clone)]
pub struct StateFolder {
    root: PathBuf,
}

impl StateFolder {
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn control_socket(&self) -> PathBuf {
        self.root.join("control.sock")
    }

    /// Where a plan's mail lies. A relative path in the plan starts at `base`.
    pub fn store_folder(&self, plan: &Plan, base: &Path) -> PathBuf {
        match &plan.storage {
            Storage::Embedded { path: Some(path) } => base.join(path),
            Storage::Embedded { path: None } => self.root.join("store"),
        }
    }

    pub fn plan_path(&self, digest: &Digest) -> PathBuf {
        self.root.join("plans").join(format!("{}.json", digest.hex()))
    }

    /// The active plan's record, or `None` in a fresh folder.
    ///
    /// # Errors
    /// [`StateError`] if the record cannot be read.
    pub fn active(&self) -> Result<Option<Activation>, StateError> {
        read_record(&self.root.join("active.json"))
    }

    /// The active plan with its record.
    ///
    /// # Errors
    /// [`StateError`]; `NothingActive` in a fresh folder.
    pub fn active_plan(&self) -> Result<(Activation, Plan), StateError> {
        let activation = self.active()?.ok_or_else(|| StateError::NothingActive(self.root.clone()))?;
        let plan = self.plan(&activation.digest)?;
        Ok((activation, plan))
    }

    /// A kept plan; its bytes must still have the digest they are filed under.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn plan(&self, digest: &Digest) -> Result<Plan, StateError> {
        let path = self.plan_path(digest);
        let bytes = std::fs::read(&path).map_err(|error| StateError::File { path: path.clone(), error })?;
        if Digest::of(&bytes) != *digest {
            return Err(StateError::Damaged { path, reason: "its bytes do not have the digest in its name".into() });
        }
        codec::decode(&bytes).map_err(|error| StateError::Damaged { path, reason: error.to_string() })
    }

    /// All activations, oldest first.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn history(&self) -> Result<Vec<Activation>, StateError> {
        let folder = self.root.join("history");
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StateError::File { path: folder, error }),
        };
        let mut records = Vec::new();
        for entry in entries.flatten() {
            if entry.path().extension().is_some_and(|e| e == "json") {
                records.extend(read_record::<Activation>(&entry.path())?);
            }
        }
        records.sort_by_key(|record: &Activation| record.generation);
        Ok(records)
    }

    /// Who pushes the records of `plan`: its host, under the names of former activations too.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn owner(&self, plan: &Plan) -> Result<Owner, StateError> {
        let host = plan.host.name.to_string();
        let names = self.history()?.into_iter().filter_map(|activation| activation.host);
        let former = names.map(|name| name.to_string()).filter(|name| *name != host).collect();
        Ok(Owner { host, former })
    }

    /// Keeps a plan's bytes under its digest.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn keep(&self, plan: &Plan) -> Result<Digest, StateError> {
        let bytes = codec::encode(plan);
        let digest = Digest::of(&bytes);
        self.write(&self.plan_path(&digest), &bytes)?;
        Ok(digest)
    }

    /// Records that a kept plan is now the active one.
    ///
    /// # Errors
    /// [`StateError`]; the former plan then stays active.
    pub fn activate(&self, plan: &Plan, base: &Path, rollback_to: Option<u64>) -> Result<Activation, StateError> {
        let generation = self.history()?.last().map_or(0, |last| last.generation) + 1;
        let activation = Activation {
            generation,
            digest: Digest::of_plan(plan),
            base: base.to_owned(),
            activated: Timestamp::now(),
            host: Some(plan.host.name.clone()),
            rollback_to,
        };
        let json = serde_json::to_vec_pretty(&activation)
            .map_err(|error| StateError::Damaged { path: self.root.clone(), reason: error.to_string() })?;
        self.write(&self.root.join("history").join(format!("{generation:06}.json")), &json)?;
        self.write(&self.root.join("active.json"), &json)?;
        Ok(activation)
    }

    /// The roll-overs under way; none in a fresh folder.
    ///
    /// # Errors
    /// [`StateError`]; a form of another version is one too.
    pub fn stages(&self) -> Result<Stages, StateError> {
        let path = self.root.join("stages.json");
        let stages: Stages = read_record(&path)?.unwrap_or_default();
        if stages.format == stage::FORMAT {
            return Ok(stages);
        }
        let reason = format!("it has form {}, and this program reads form {}", stages.format, stage::FORMAT);
        Err(StateError::Damaged { path, reason })
    }

    /// Keeps the roll-overs, whole or not at all.
    ///
    /// # Errors
    /// [`StateError`]; then the former ones are kept.
    pub fn keep_stages(&self, stages: &Stages) -> Result<(), StateError> {
        let path = self.root.join("stages.json");
        let bytes = serde_json::to_vec_pretty(stages)
            .map_err(|error| StateError::Damaged { path: path.clone(), reason: error.to_string() })?;
        self.write(&path, &bytes)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), StateError> {
        let attempt = || {
            if let Some(folder) = path.parent() {
                file::private_folder(folder)?;
            }
            file::replace(path, bytes, 0o600)
        };
        attempt().map_err(|error| StateError::File { path: path.to_owned(), error })
    }
}

fn read_record<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>, StateError> {
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| StateError::Damaged { path: path.to_owned(), reason: error.to_string() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StateError::File { path: path.to_owned(), error }),
    }
}
