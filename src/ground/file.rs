//! The one safe way to write a small file: whole or not at all, on stable storage before it is named. And how to see
//! from outside that a file has changed.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Replaces `path` by `bytes` with the permission bits `mode`. Readers see the old or the new file,
/// also after a power cut: the bytes are synced, then renamed into place, then the folder is synced.
///
/// # Errors
/// The first step that failed; `path` is then unchanged.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    put(path, bytes, mode, |_| Ok(()))
}

/// Like [`replace`], for a file of a person: mode and owner stay, and a symbolic link stays one.
///
/// # Errors
/// The first step that failed, also that the owner cannot be kept; `path` is then unchanged.
pub fn rewrite(path: &Path, bytes: &[u8]) -> io::Result<()> {
    const PERMISSION_BITS: u32 = 0o7777;
    let path = std::fs::canonicalize(path)?;
    let old = std::fs::metadata(&path)?;
    let mode = old.mode() & PERMISSION_BITS;
    put(&path, bytes, mode & 0o700, |draft| {
        let new = draft.metadata()?;
        if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
            std::os::unix::fs::fchown(draft, Some(old.uid()), Some(old.gid()))?;
        }
        // After the owner, because changing that clears bits; and whatever the umask is.
        draft.set_permissions(std::fs::Permissions::from_mode(mode))
    })
}

/// Makes a file that is not there yet, whole.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`], or the step that failed; what was written of it is removed.
pub fn create(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = std::fs::remove_file(path);
    }
    written
}

fn put(path: &Path, bytes: &[u8], mode: u32, prepare: impl FnOnce(&File) -> io::Result<()>) -> io::Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut draft_name = std::ffi::OsString::from(".");
    draft_name.push(name);
    draft_name.push(format!(".{}.new", std::process::id()));
    let draft = folder.join(draft_name);
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&draft)?;
        prepare(&file)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&draft, path)
    })();
    if written.is_err() {
        let _ = std::fs::remove_file(&draft);
    }
    written?;
    File::open(folder)?.sync_all()
}

/// Makes a folder and its parents, readable by nobody else.
///
/// # Errors
/// What the file system says.
pub fn private_folder(path: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// What can be seen of a file or folder without reading it. Two that are equal are taken for the same content; a
/// write that changes neither length nor times nor inode is not seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    device: u64,
    inode: u64,
    octets: u64,
    /// Last change of the content: seconds and nanoseconds.
    content: (i64, i64),
    /// Last change of the inode, which nobody can set back.
    status: (i64, i64),
}

impl Stamp {
    /// `None` if there is nothing, or it cannot be looked at.
    pub fn of(path: &Path) -> Option<Self> {
        let m = std::fs::metadata(path).ok()?;
        Some(Self {
            device: m.dev(),
            inode: m.ino(),
            octets: m.len(),
            content: (m.mtime(), m.mtime_nsec()),
            status: (m.ctime(), m.ctime_nsec()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        replace(&path, b"one", 0o600).unwrap();
        replace(&path, b"two", 0o600).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn a_stamp_changes_with_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        assert_eq!(Stamp::of(&path), None);
        replace(&path, b"one", 0o600).unwrap();
        let first = Stamp::of(&path);
        assert!(first.is_some() && first == Stamp::of(&path));
        replace(&path, b"two", 0o600).unwrap();
        assert_ne!(first, Stamp::of(&path), "another inode");
    }

    #[test]
    fn a_rewritten_file_keeps_mode_and_link() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("a"), folder.path().join("b"));
        std::fs::write(&path, "one").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o664)).unwrap();
        std::os::unix::fs::symlink("a", &link).unwrap();
        rewrite(&link, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o664);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "no draft is left");
        assert!(rewrite(&folder.path().join("c"), b"x").is_err());
    }
}
