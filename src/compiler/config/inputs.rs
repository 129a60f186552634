//! What the compiler reads besides the YAML: included files, certificates, keys, the presence of secrets, the time.
//!
//! Everything arrives through [`Inputs`], so that equal inputs give equal plans and tests need no disk.
//! A secret's bytes are never read here, only whether there is one. What was asked for is remembered
//! ([`Inputs::consulted`]), so that a watcher knows what the answer depends on.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{File, Metadata};
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::glob::{Pattern, is_glob, matches};
use crate::compiler::observed::Observed;
use crate::ground::clock::Timestamp;
use crate::ground::file::Stamp;
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
    /// What is known of the folders that secrets lie in.
    folders: Arc<Mutex<HashMap<PathBuf, Option<Folder>>>>,
    /// Files in memory that everybody may read.
    exposed: BTreeSet<PathBuf>,
    consulted: Arc<Mutex<Consulted>>,
    /// Who reads the files.
    user: u32,
    /// Texts that stand in for files on disk, by absolute path: what they would be after an edit.
    drafts: BTreeMap<PathBuf, Vec<u8>>,
}

#[derive(Debug, Clone)]
enum Files {
    Disk(PathBuf),
    Memory(BTreeMap<PathBuf, Vec<u8>>),
}

/// Files and folders as they were when they were first asked for.
type Consulted = BTreeMap<PathBuf, Option<Stamp>>;

/// Why a file gave nothing. `Display` continues the sentence "The file ...".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    #[error("does not exist")]
    Missing,
    #[error("is longer than {0} octets")]
    TooLong(usize),
    #[error("cannot be read: {0}")]
    Unreadable(String),
}

/// Why a pattern gave no list of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MatchError {
    /// More names than `limits::INCLUDE_NAMES_MAX` had to be looked at.
    TooMany,
    /// The system refuses to list a folder.
    Unlistable(PathBuf, InputError),
}

/// Why a file is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposure {
    /// It lies in the Nix store, or leads there.
    NixStore,
    /// Its mode, and that of the folders above it, let everybody read it.
    World,
}

/// Where the Nix store is: everything in it may be read by everybody on the machine.
const NIX_STORE: &str = "/nix/store";

/// A folder, as far as secrets in it are concerned.
#[derive(Debug, Clone, Copy)]
struct Folder {
    /// It lies in the Nix store, by itself or through links.
    store: bool,
    /// Everybody may pass through it and all above it.
    open: bool,
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
        Self::new(Files::Disk(base.into()), Timestamp::now())
    }

    /// Files in memory, by the path that the YAML names them with.
    pub fn in_memory(files: BTreeMap<PathBuf, Vec<u8>>, now: Timestamp) -> Self {
        Self::new(Files::Memory(files), now)
    }

    fn new(files: Files, now: Timestamp) -> Self {
        let (user, consulted) = (rustix::process::geteuid().as_raw(), Arc::default());
        Self {
            files,
            user,
            now,
            secrets_checked: true,
            previous: None,
            observed: None,
            exposed: BTreeSet::new(),
            folders: Arc::default(),
            consulted,
            drafts: BTreeMap::new(),
        }
    }

    /// The same inputs with one more file in memory. Inputs from a disk stay as they are.
    #[must_use]
    pub fn adding(mut self, path: PathBuf, bytes: Vec<u8>) -> Self {
        if let Files::Memory(files) = &mut self.files {
            files.insert(path, bytes);
        }
        self
    }

    /// The same inputs, where everybody may read that file in memory.
    #[must_use]
    pub fn exposing(mut self, path: PathBuf) -> Self {
        self.exposed.insert(path);
        self
    }

    /// The same inputs, with a text in the place of a file on disk.
    #[must_use]
    pub fn drafting(mut self, path: PathBuf, bytes: Vec<u8>) -> Self {
        self.drafts.insert(path, bytes);
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

    /// The files and folders on disk that were asked for, whether they are there or not, as they were just before:
    /// the first `limits::WATCHED_FILES_MAX` of them.
    pub fn consulted(&self) -> BTreeMap<PathBuf, Option<Stamp>> {
        self.consulted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn consult(&self, path: &Path) {
        let mut consulted = self.consulted.lock().unwrap_or_else(PoisonError::into_inner);
        if consulted.len() < limits::WATCHED_FILES_MAX && !consulted.contains_key(path) {
            consulted.insert(path.to_owned(), Stamp::of(path));
        }
    }

    /// The bytes of a certificate or key file.
    ///
    /// # Errors
    /// [`InputError`] if there is no such file, it is too long, or the system refuses.
    pub fn read(&self, path: &Path) -> Result<Vec<u8>, InputError> {
        self.read_bounded(path, limits::SECRET_OCTETS_MAX)
    }

    /// The bytes of a file of at most `octets_max`.
    ///
    /// # Errors
    /// [`InputError`] if there is no such file, it is too long, it is none (a pipe would block), or the system
    /// refuses.
    pub fn read_bounded(&self, path: &Path, octets_max: usize) -> Result<Vec<u8>, InputError> {
        let bytes = match &self.files {
            Files::Disk(base) => {
                let path = base.join(path);
                if let Some(draft) = self.drafts.get(&path) {
                    return Ok(draft.clone());
                }
                self.consult(&path);
                if !std::fs::metadata(&path).map_err(|e| refusal(&e))?.is_file() {
                    return Err(InputError::Unreadable("it is no file".to_owned()));
                }
                let mut bytes = Vec::new();
                let file = File::open(&path).map_err(|e| refusal(&e))?;
                file.take(octets_max as u64 + 1).read_to_end(&mut bytes).map_err(|e| refusal(&e))?;
                bytes
            }
            Files::Memory(files) => files.get(path).cloned().ok_or(InputError::Missing)?,
        };
        if bytes.len() > octets_max { Err(InputError::TooLong(octets_max)) } else { Ok(bytes) }
    }

    /// The files that a pattern with `*` or `?` stands for, sorted. `names` is what may still be looked at.
    ///
    /// # Errors
    /// [`MatchError`].
    pub fn matching(&self, pattern: &Pattern<'_>, names: &mut usize) -> Result<Vec<PathBuf>, MatchError> {
        match &self.files {
            Files::Disk(base) => self.matching_on_disk(base, pattern, names),
            Files::Memory(files) => Ok(files.keys().filter(|path| matches_whole(pattern, path)).cloned().collect()),
        }
    }

    fn matching_on_disk(
        &self,
        base: &Path,
        pattern: &Pattern<'_>,
        names: &mut usize,
    ) -> Result<Vec<PathBuf>, MatchError> {
        let mut found = vec![PathBuf::from(if pattern.rooted { "/" } else { "" })];
        for segment in &pattern.segments {
            if !is_glob(segment) {
                found.iter_mut().for_each(|path| path.push(segment));
                continue;
            }
            let mut next = Vec::new();
            for folder in &found {
                let absolute = base.join(folder);
                self.consult(&absolute);
                let unlistable = |error: &std::io::Error| MatchError::Unlistable(folder.clone(), refusal(error));
                let entries = match std::fs::read_dir(&absolute) {
                    Ok(entries) => entries,
                    Err(error) if refusal(&error) == InputError::Missing => continue,
                    Err(error) => return Err(unlistable(&error)),
                };
                for entry in entries {
                    let name = entry.map_err(|error| unlistable(&error))?.file_name();
                    *names = names.checked_sub(1).ok_or(MatchError::TooMany)?;
                    if matches(segment, &name.to_string_lossy()) {
                        next.push(folder.join(name));
                    }
                }
            }
            found = next;
        }
        found.retain(|path| is_meant(&base.join(path)));
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// Both of what is asked of a secret file, for the price of one look where it is a plain file of ours; a
    /// configuration may name a hundred thousand of them.
    pub fn secret(&self, path: &Path) -> (SecretFile, Option<Exposure>) {
        if !self.secrets_checked {
            // Taken to be there; the path alone may say that it is no secret.
            return (SecretFile::Present, self.exposure(path));
        }
        if let Files::Disk(base) = &self.files {
            let whole = base.join(path);
            let plain = std::fs::symlink_metadata(&whole).ok().filter(|m| m.is_file() && self.may_read(m));
            if let (Some(file), Some(folder)) = (plain, whole.parent()) {
                self.consult(&whole);
                let there = if file.len() == 0 { SecretFile::Empty } else { SecretFile::Present };
                return (there, self.exposed_in(folder, &file));
            }
        }
        (self.secret_file(path), self.exposure(path))
    }

    /// Whether the mode of a file of our own lets us read it. Opening it would tell too, at three times the price.
    fn may_read(&self, file: &Metadata) -> bool {
        file.uid() == self.user && file.mode() & 0o400 != 0
    }

    /// Whether the secret file is there and holds something. Its content is not read.
    pub fn secret_file(&self, path: &Path) -> SecretFile {
        match &self.files {
            Files::Disk(base) => {
                let path = base.join(path);
                self.consult(&path);
                match File::open(&path).and_then(|f| f.metadata()) {
                    Ok(m) if m.is_file() && m.len() == 0 => SecretFile::Empty,
                    Ok(m) if m.is_dir() => SecretFile::Unreadable("it is a folder".to_owned()),
                    Ok(_) => SecretFile::Present,
                    Err(e) => match refusal(&e) {
                        InputError::Unreadable(cause) => SecretFile::Unreadable(cause),
                        _ => SecretFile::Missing,
                    },
                }
            }
            Files::Memory(files) => match files.get(path) {
                None => SecretFile::Missing,
                Some(bytes) if bytes.is_empty() => SecretFile::Empty,
                Some(_) => SecretFile::Present,
            },
        }
    }
}

/// Whether a path that matched is taken for a file. A folder matches `*` too and is not meant; a link to nowhere is,
/// so that somebody hears of it.
fn is_meant(path: &Path) -> bool {
    match std::fs::metadata(path) {
        Ok(metadata) => !metadata.is_dir(),
        Err(error) => refusal(&error) != InputError::Missing || path.is_symlink(),
    }
}

/// Whether a path in memory matches a pattern, segment by segment.
fn matches_whole(pattern: &Pattern<'_>, path: &Path) -> bool {
    let names: Option<Vec<&str>> = path
        .components()
        .filter(|c| !matches!(c, Component::CurDir | Component::RootDir))
        .map(|c| c.as_os_str().to_str())
        .collect();
    names.is_some_and(|names| {
        path.has_root() == pattern.rooted
            && names.len() == pattern.segments.len()
            && pattern.segments.iter().zip(names).all(|(s, n)| if is_glob(s) { matches(s, n) } else { *s == n })
    })
}

impl Inputs {
    /// Whether a file's mode lets everybody read it, and every folder above lets everybody pass. Access lists beyond
    /// the mode are not looked at. A folder is looked at once: it may hold a hundred thousand secrets.
    fn exposed_in(&self, folder: &Path, file: &Metadata) -> Option<Exposure> {
        const READ: u32 = 0o004;
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = match folders.get(folder) {
            Some(known) => *known,
            None => *folders.entry(folder.to_owned()).or_insert_with(|| Folder::at(folder)),
        }?;
        if folder.store {
            return Some(Exposure::NixStore);
        }
        (folder.open && file.mode() & READ != 0).then_some(Exposure::World)
    }

    /// Whether others than the server can read a secret file. Its content is not read. `None` too where the file
    /// is not looked for, unless its path alone says it.
    pub fn exposure(&self, path: &Path) -> Option<Exposure> {
        if path.starts_with(NIX_STORE) {
            return Some(Exposure::NixStore);
        }
        if !self.secrets_checked {
            return None;
        }
        match &self.files {
            Files::Disk(base) => {
                let path = base.join(path);
                let file = std::fs::symlink_metadata(&path).ok()?;
                if file.is_symlink() {
                    let real = std::fs::canonicalize(&path).ok()?;
                    let file = std::fs::metadata(&real).ok()?;
                    return self.exposed_in(real.parent()?, &file);
                }
                self.exposed_in(path.parent()?, &file)
            }
            Files::Memory(_) => self.exposed.contains(path).then_some(Exposure::World),
        }
    }
}

impl Folder {
    /// `None` for a folder that is not there.
    fn at(path: &Path) -> Option<Self> {
        const PASS: u32 = 0o001;
        let real = std::fs::canonicalize(path).ok()?;
        let passes = |path: &Path| std::fs::metadata(path).is_ok_and(|m| m.permissions().mode() & PASS != 0);
        let open = real.ancestors().all(passes);
        Some(Self { store: real.starts_with(NIX_STORE), open })
    }
}

/// The kind of error alone: the system's text differs between machines.
fn refusal(error: &std::io::Error) -> InputError {
    match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => InputError::Missing,
        kind => InputError::Unreadable(kind.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATHS: [&str; 6] = [
        "accounts/a.yaml",
        "accounts/b.yaml",
        "accounts/.b.yaml.swp",
        "accounts/c.yml",
        "x/accounts/a.yaml",
        "top.yaml",
    ];

    fn found(inputs: &Inputs, pattern: &str) -> Vec<String> {
        let mut names = limits::INCLUDE_NAMES_MAX;
        let paths = inputs.matching(&Pattern::new(pattern), &mut names).unwrap();
        paths.iter().map(|p| p.display().to_string()).collect()
    }

    #[test]
    fn disk_and_memory_find_the_same_files() {
        let folder = tempfile::tempdir().unwrap();
        for path in PATHS {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        std::fs::create_dir(folder.path().join("accounts/folder.yaml")).unwrap();
        let disk = Inputs::from_disk(folder.path());
        let memory = PATHS.iter().map(|p| (PathBuf::from(p), b"x".to_vec())).collect();
        let memory = Inputs::in_memory(memory, Timestamp(0));
        for (pattern, expected) in [
            ("accounts/*.yaml", &["accounts/a.yaml", "accounts/b.yaml"][..]),
            ("./accounts/?.y*ml", &["accounts/a.yaml", "accounts/b.yaml", "accounts/c.yml"]),
            ("*/a.yaml", &["accounts/a.yaml"]),
            ("*/*/*", &["x/accounts/a.yaml"]),
            ("*", &["top.yaml"]),
            ("*.yaml/*", &[]),
            ("nowhere/*", &[]),
            ("/accounts/*.yaml", &[]),
        ] {
            assert_eq!(found(&disk, pattern), expected, "{pattern} on disk");
            assert_eq!(found(&memory, pattern), expected, "{pattern} in memory");
        }
        let consulted = disk.consulted();
        assert!(consulted[&folder.path().join("accounts")].is_some(), "{consulted:?}");
        assert!(consulted[&folder.path().join("nowhere")].is_none(), "{consulted:?}");
    }

    #[test]
    fn what_a_glob_looks_at_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a", "b", "c"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let inputs = Inputs::from_disk(folder.path());
        let turning = "*/..".repeat(30).replace("..*", "../*");
        let mut names = 1_000;
        assert_eq!(inputs.matching(&Pattern::new(&turning), &mut names), Err(MatchError::TooMany));
    }

    #[test]
    fn only_files_are_read() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "12345").unwrap();
        let inputs = Inputs::from_disk(folder.path());
        assert_eq!(inputs.read_bounded(Path::new("file"), 5), Ok(b"12345".to_vec()));
        assert_eq!(inputs.read_bounded(Path::new("file"), 4), Err(InputError::TooLong(4)));
        assert_eq!(inputs.read(Path::new("none")), Err(InputError::Missing));
        assert_eq!(inputs.read(Path::new("file/none")), Err(InputError::Missing));
        assert!(matches!(inputs.read(Path::new("")), Err(InputError::Unreadable(_))));
    }

    #[test]
    fn what_everybody_can_read_is_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        let inner = folder.path().join("secrets");
        std::fs::create_dir(&inner).unwrap();
        std::fs::write(inner.join("u1"), "x").unwrap();
        std::os::unix::fs::symlink("u1", inner.join("link")).unwrap();
        // A compilation looks at a folder once, so that each has inputs of its own.
        let exposure = |name: &str| Inputs::from_disk(folder.path()).exposure(Path::new(name));
        for (outer_mode, file_mode, wanted) in
            [(0o755, 0o644, Some(Exposure::World)), (0o755, 0o640, None), (0o700, 0o644, None)]
        {
            mode(folder.path(), outer_mode);
            mode(&inner, 0o755);
            mode(&inner.join("u1"), file_mode);
            assert_eq!(exposure("secrets/u1"), wanted, "{outer_mode:o} {file_mode:o}");
            assert_eq!(exposure("secrets/link"), wanted, "{outer_mode:o} {file_mode:o} through a link");
        }
        let inputs = Inputs::from_disk(folder.path());
        assert_eq!(inputs.exposure(Path::new("/nix/store/x")), Some(Exposure::NixStore));
        assert_eq!(inputs.exposure(Path::new("secrets/none")), None);
        assert_eq!(inputs.ignoring_secrets().exposure(Path::new("secrets/u1")), None);
    }

    #[test]
    fn one_look_says_what_two_do() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("folder")).unwrap();
        for (name, text, mode) in
            [("plain", "x", 0o600), ("empty", "", 0o600), ("open", "x", 0o644), ("shut", "x", 0o000)]
        {
            std::fs::write(at(name), text).unwrap();
            std::fs::set_permissions(at(name), std::fs::Permissions::from_mode(mode)).unwrap();
        }
        std::os::unix::fs::symlink("plain", at("link")).unwrap();
        std::os::unix::fs::symlink("nowhere", at("astray")).unwrap();
        let inputs = Inputs::from_disk(folder.path());
        for name in ["plain", "empty", "open", "shut", "folder", "link", "astray", "none", "plain/none", "/nix/store/x"]
        {
            let path = Path::new(name);
            assert_eq!(inputs.secret(path), (inputs.secret_file(path), inputs.exposure(path)), "{name}");
        }
        let elsewhere = inputs.ignoring_secrets();
        assert_eq!(elsewhere.secret(Path::new("none")), (SecretFile::Present, None));
        assert_eq!(elsewhere.secret(Path::new("/nix/store/x")).1, Some(Exposure::NixStore));
    }
}
