//! Opening: the folder, its lock, the schema, and the repair of what a crash left.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};

use super::lease::Leases;
use super::reader::Readers;
use super::segment::{Segments, Tail};
use super::writer::Writer;
use super::{Disk, Hub, LocalDisk, Store, StoreError, format, rows_path};
use crate::ground::limits;

/// How to open. The default is what a server wants.
#[derive(Clone)]
pub struct Options {
    /// Where a segment ends. Smaller in tests.
    pub segment_octets: u64,
    /// How segment files are written. Failing in tests.
    pub disk: Arc<dyn Disk>,
}

impl Default for Options {
    fn default() -> Self {
        Self { segment_octets: limits::SEGMENT_OCTETS, disk: Arc::new(LocalDisk) }
    }
}

/// What start-up repaired. All empty after a clean stop.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Repairs {
    /// Segments with octets behind the last commit, and how many those were: cut off.
    pub tails: Vec<(i64, u64)>,
    /// Files that no row knows (messages that were being received): removed.
    pub orphans: Vec<i64>,
    /// Segments that are shorter than their rows say, or missing. No crash does this: the file system
    /// lost what it had acknowledged, or somebody else was at work. Their messages cannot be read.
    pub damaged: Vec<i64>,
}

impl Repairs {
    pub fn is_empty(&self) -> bool {
        self == &Self::default()
    }
}

pub(super) fn open(folder: &Path, options: Options) -> Result<Store, StoreError> {
    let segments_folder = folder.join("segments");
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&segments_folder)
        .map_err(StoreError::disk("create the store's folder"))?;
    let lock = lock(folder)?;
    let connection = connect(folder)?;
    let rows = segment_rows(&connection)?;
    let (repairs, next_segment) = survey(&segments_folder, &rows)?;
    let segments = Arc::new(Segments::new(segments_folder, options.disk, next_segment));
    repair(&segments, &repairs, &rows)?;
    let mut tail = Tail::new(segments.clone(), options.segment_octets);
    resume(&connection, &mut tail, &rows, &repairs)?;
    let next_content = connection.query_row("SELECT COALESCE(MAX(id), 0) + 1 FROM content", [], |row| row.get(0))?;
    // The names of database, segments folder and lock are durable before the first message is.
    sync_folder(folder)?;
    let hub = Hub::default();
    Ok(Store {
        writer: Writer::start(connection, segments.clone(), tail, next_content, hub.clone())?,
        segments,
        readers: Readers::new(rows_path(folder)),
        hub,
        leases: Leases::default(),
        repairs,
        _lock: lock,
    })
}

/// The lock that keeps a second server out. The kernel lets go of it when the process ends, however.
fn lock(folder: &Path) -> Result<File, StoreError> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(folder.join("lock"))
        .map_err(StoreError::disk("open the store's lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse(folder.to_owned())),
        Err(TryLockError::Error(error)) => Err(StoreError::disk("lock the store")(error)),
    }
}

/// The writer's connection, with the schema in place.
fn connect(folder: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(rows_path(folder))?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.pragma_update(None, "page_size", 8192)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // FULL syncs the WAL in every commit; NORMAL would make `Durable` a lie.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Pages: a checkpoint each 32 MiB, and the WAL file shrinks back to that.
    connection.pragma_update(None, "wal_autocheckpoint", 4096)?;
    connection.pragma_update(None, "journal_size_limit", 32 * 1024 * 1024)?;
    // Negative: KiB.
    connection.pragma_update(None, "cache_size", -8192)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    let has_schema =
        connection.query_row("SELECT 1 FROM sqlite_schema WHERE name = 'meta'", [], |_| Ok(())).optional()?;
    if has_schema.is_none() {
        connection.execute_batch(&format!(
            "BEGIN IMMEDIATE;\n{}\nINSERT INTO meta (key, value) VALUES ('format', {});\nCOMMIT;",
            include_str!("schema.sql"),
            format::FORMAT
        ))?;
    }
    format::bring_up(&connection)?;
    connection.execute_batch(include_str!("retention.sql"))?;
    Ok(connection)
}

/// A row of `segment`.
struct SegmentRow {
    id: i64,
    length: u64,
    sealed: bool,
}

fn segment_rows(connection: &Connection) -> Result<Vec<SegmentRow>, StoreError> {
    let mut statement = connection.prepare("SELECT id, length, sealed FROM segment ORDER BY id")?;
    let rows =
        statement.query_map([], |row| Ok(SegmentRow { id: row.get(0)?, length: row.get(1)?, sealed: row.get(2)? }))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Compares files with rows. What is wrong, and the next free number.
fn survey(folder: &Path, rows: &[SegmentRow]) -> Result<(Repairs, i64), StoreError> {
    let mut repairs = Repairs::default();
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(StoreError::disk("list the segments"))? {
        let entry = entry.map_err(StoreError::disk("list the segments"))?;
        let name = entry.file_name();
        let Some(id) = name.to_str().and_then(|name| name.strip_suffix(".seg")?.parse::<i64>().ok()) else { continue };
        files.push(id);
        let octets = entry.metadata().map_err(StoreError::disk("look at a segment"))?.len();
        match rows.binary_search_by_key(&id, |row| row.id).ok().and_then(|at| rows.get(at)) {
            None => repairs.orphans.push(id),
            Some(row) if octets > row.length => repairs.tails.push((id, octets - row.length)),
            Some(row) if octets < row.length => repairs.damaged.push(id),
            Some(_) => {}
        }
    }
    files.sort_unstable();
    let missing = rows.iter().map(|row| row.id).filter(|id| files.binary_search(id).is_err());
    repairs.damaged.extend(missing);
    let highest = files.last().copied().max(rows.last().map(|row| row.id)).unwrap_or(0);
    Ok((repairs, highest + 1))
}

fn repair(segments: &Segments, repairs: &Repairs, rows: &[SegmentRow]) -> Result<(), StoreError> {
    for id in &repairs.orphans {
        segments.delete(*id);
    }
    for (id, _) in &repairs.tails {
        let length = rows.iter().find(|row| row.id == *id).map_or(0, |row| row.length);
        let cut = || {
            let file = OpenOptions::new().write(true).open(segments.path(*id))?;
            file.set_len(length)?;
            file.sync_all()
        };
        cut().map_err(StoreError::disk("cut the tail of a segment"))?;
    }
    Ok(())
}

/// Goes on with the newest open segment; seals any other, and one that is damaged.
fn resume(connection: &Connection, tail: &mut Tail, rows: &[SegmentRow], repairs: &Repairs) -> Result<(), StoreError> {
    let newest = rows.iter().rev().find(|row| !row.sealed && !repairs.damaged.contains(&row.id));
    if let Some(row) = newest {
        tail.resume(row.id, row.length)?;
    }
    for row in rows.iter().filter(|row| !row.sealed && newest.is_none_or(|newest| newest.id != row.id)) {
        connection.execute("UPDATE segment SET sealed = 1 WHERE id = ?1", [row.id])?;
    }
    Ok(())
}

fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(StoreError::disk("sync the store's folder"))
}
