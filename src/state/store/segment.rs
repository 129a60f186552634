//! Segment files: where message bytes are. [`Segments`] knows the folder and keeps files open for
//! reading; [`Tail`] is the writer's end.
//!
//! A file's name is its number. Numbers only grow. A file without a row in `segment` was never part of
//! a commit, and start-up removes it; so a long message can be staged in the very file that will be its
//! segment.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Disk, Place, StoreError};
use crate::ground::limits;

/// The folder of segment files.
pub(super) struct Segments {
    folder: PathBuf,
    pub disk: Arc<dyn Disk>,
    next: AtomicI64,
    open: Mutex<HashMap<i64, Arc<File>>>,
}

impl Segments {
    /// `next` is above every number in the folder and in the rows.
    pub fn new(folder: PathBuf, disk: Arc<dyn Disk>, next: i64) -> Self {
        Self { folder, disk, next: AtomicI64::new(next), open: Mutex::default() }
    }

    pub fn path(&self, id: i64) -> PathBuf {
        self.folder.join(format!("{id:010}.seg"))
    }

    /// A new, empty file. It is durable once the folder is synced.
    pub fn create(&self) -> Result<(i64, File), StoreError> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(self.path(id))
            .map_err(StoreError::disk("create a segment"))?;
        Ok((id, file))
    }

    /// Makes the names of new files durable.
    pub fn sync_folder(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }

    /// The file, for reading.
    pub fn file(&self, id: i64) -> Result<Arc<File>, StoreError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = open.get(&id) {
            return Ok(file.clone());
        }
        let file = Arc::new(File::open(self.path(id)).map_err(StoreError::disk("open a segment"))?);
        // Whoever reads holds its own reference, so any entry may go.
        if open.len() >= limits::SEGMENT_FILES_OPEN_MAX
            && let Some(any) = open.keys().next().copied()
        {
            open.remove(&any);
        }
        open.insert(id, file.clone());
        Ok(file)
    }

    /// Deletes a file that no row refers to. One that stays behind is removed by the next start-up.
    pub fn delete(&self, id: i64) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        let _ = std::fs::remove_file(self.path(id));
    }
}

/// The segment that bodies are appended to.
pub(super) struct Tail {
    segments: Arc<Segments>,
    octets_max: u64,
    current: Option<Current>,
    /// Segments left for good; the next commit seals their rows.
    pub left: Vec<i64>,
}

struct Current {
    id: i64,
    file: File,
    position: u64,
    reserved: u64,
    /// The name is not yet known to be durable.
    new: bool,
}

impl Tail {
    pub fn new(segments: Arc<Segments>, octets_max: u64) -> Self {
        Self { segments, octets_max, current: None, left: Vec::new() }
    }

    /// Goes on with a segment of an earlier run, whose last committed octet is `length`.
    pub fn resume(&mut self, id: i64, length: u64) -> Result<(), StoreError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(self.segments.path(id))
            .map_err(StoreError::disk("open a segment"))?;
        self.current = Some(Current { id, file, position: length, reserved: length, new: false });
        Ok(())
    }

    /// The segment that is written to, and its length, for its row.
    pub fn end(&self) -> Option<(i64, u64)> {
        self.current.as_ref().map(|current| (current.id, current.position))
    }

    /// Appends all bodies and syncs them. On error none of them counts, and the segment is left.
    pub fn append(&mut self, bodies: &[&[u8]]) -> Result<Vec<Place>, StoreError> {
        let appended = self.try_append(bodies);
        if appended.is_err() {
            self.leave();
        }
        appended
    }

    fn try_append(&mut self, bodies: &[&[u8]]) -> Result<Vec<Place>, StoreError> {
        let total: u64 = bodies.iter().map(|body| body.len() as u64).sum();
        let full = |current: &Current| current.position > 0 && current.position + total > self.octets_max;
        if self.current.as_ref().is_some_and(full) {
            self.leave();
        }
        let current = match &mut self.current {
            Some(current) => current,
            none => {
                let (id, file) = self.segments.create()?;
                none.insert(Current { id, file, position: 0, reserved: 0, new: true })
            }
        };
        let disk = &self.segments.disk;
        let end = current.position + total;
        if end > current.reserved {
            let reserve = end.next_multiple_of(limits::SEGMENT_RESERVE_OCTETS).min(self.octets_max).max(end);
            disk.reserve(&current.file, current.reserved, reserve);
            current.reserved = reserve;
        }
        disk.write(&current.file, current.position, bodies).map_err(StoreError::disk("write message bytes"))?;
        disk.sync(&current.file).map_err(StoreError::disk("sync message bytes"))?;
        if current.new {
            self.segments.sync_folder().map_err(StoreError::disk("sync the segment folder"))?;
            current.new = false;
        }
        let mut places = Vec::with_capacity(bodies.len());
        for body in bodies {
            let length = body.len() as u64;
            places.push(Place { segment: current.id, start: current.position, length });
            current.position += length;
        }
        Ok(places)
    }

    /// Writes no more to the current segment. Gives back the space that was reserved beyond its end.
    pub fn leave(&mut self) {
        if let Some(current) = self.current.take() {
            // Only thrift: start-up does the same.
            let _ = current.file.set_len(current.position);
            self.left.push(current.id);
        }
    }

    /// The server stops: gives back reserved space, so that the next start-up finds nothing to repair.
    pub fn close(&mut self) {
        if let Some(current) = self.current.take() {
            let _ = current.file.set_len(current.position);
        }
    }
}
