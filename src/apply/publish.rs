//! Writes the plan's records to the file that `dns.publish` names, for the tool that takes them to the name servers.
//!
//! Invariants: a file is replaced whole or not at all; a folder keeps files that are not ours. Anyone may read them: records
//! are public.
//!
//! Not here: the tools themselves, and updates that the server sends (RFC 2136).

use std::io;
use std::path::{Path, PathBuf};

use crate::artefact::render::dns::{self, Rendered};
use crate::ground::file;
use crate::plan::Plan;
use crate::plan::document::PublishWay;
use crate::runtime::server::activation::{StateError, StateFolder};
use crate::runtime::server::stages::kept_world;

/// Readable by everyone, since the tool seldom runs as the server's user.
const MODE: u32 = 0o644;

/// Why the records were not written.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    #[error("{}: {error}", path.display())]
    File { path: PathBuf, error: io::Error },
    #[error(transparent)]
    State(#[from] StateError),
}

/// Writes the records where the plan says so; a relative path starts at `base`. The path that was written, or `None` where
/// the plan names no file.
///
/// # Errors
/// [`PublishError`].
pub fn publish(plan: &Plan, base: &Path, state: &StateFolder) -> Result<Option<PathBuf>, PublishError> {
    let PublishWay::File { format, path } = &plan.publication.way else { return Ok(None) };
    let records = kept_world(state, plan)?.records;
    let path = base.join(path);
    write(&dns::render(*format, plan, &records), &path)?;
    Ok(Some(path))
}

/// One text to the file `path`; several into the folder `path`, which is made if it is not there.
///
/// # Errors
/// [`PublishError::File`].
pub fn write(rendered: &Rendered, path: &Path) -> Result<(), PublishError> {
    let replace = |path: &Path, text: &str| {
        let failed = |error| PublishError::File { path: path.to_owned(), error };
        file::replace(path, text.as_bytes(), MODE).map_err(failed)
    };
    match rendered {
        Rendered::One(text) => replace(path, text),
        Rendered::Zones(files) => {
            std::fs::create_dir_all(path).map_err(|error| PublishError::File { path: path.to_owned(), error })?;
            files.iter().try_for_each(|(name, text)| replace(&path.join(name), text))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_folder_keeps_what_is_not_ours() {
        let folder = tempfile::tempdir().unwrap();
        let zones = folder.path().join("zones");
        std::fs::create_dir(&zones).unwrap();
        std::fs::write(zones.join("other.yaml"), "x").unwrap();
        let files = BTreeMap::from([("example.org.yaml".to_owned(), "---\n".to_owned())]);
        write(&Rendered::Zones(files), &zones).unwrap();
        assert_eq!(std::fs::read_to_string(zones.join("example.org.yaml")).unwrap(), "---\n");
        assert_eq!(std::fs::read_to_string(zones.join("other.yaml")).unwrap(), "x");
        let missing = folder.path().join("nowhere/records.zone");
        let error = write(&Rendered::One(String::new()), &missing).unwrap_err();
        assert!(error.to_string().contains("nowhere/records.zone"), "{error}");
    }
}
