//! A message on its way in: its bytes until the writer takes them.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use super::segment::Segments;
use super::{Place, StoreError};
use crate::ground::limits;

/// Collects the bytes of one message. Up to `limits::STAGING_MEMORY_OCTETS` they are in memory; beyond,
/// all of them are in a file that becomes a segment of its own, so they are never copied again. The
/// first part stays in memory too, for whoever looks at the header. Dropped, it leaves nothing.
pub struct Staged {
    segments: Arc<Segments>,
    head: Vec<u8>,
    spill: Option<Spill>,
}

struct Spill {
    id: i64,
    file: File,
    octets: u64,
    synced: bool,
    /// A row refers to the file: it is no longer ours to delete.
    kept: bool,
}

impl Staged {
    pub(super) fn new(segments: Arc<Segments>) -> Self {
        Self { segments, head: Vec::new(), spill: None }
    }

    /// Adds bytes at the end. Writes to disk once the message is longer than fits into memory.
    ///
    /// # Errors
    /// [`StoreError::Disk`]; the message is then of no use.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        if self.spill.is_none() {
            if self.head.len() + bytes.len() <= limits::STAGING_MEMORY_OCTETS {
                self.head.extend_from_slice(bytes);
                return Ok(());
            }
            self.spill()?;
        }
        let spill = self.spill.as_mut().expect("invariant: spilled above");
        let disk = &self.segments.disk;
        disk.write(&spill.file, spill.octets, &[bytes]).map_err(StoreError::disk("write message bytes"))?;
        spill.octets += bytes.len() as u64;
        spill.synced = false;
        Ok(())
    }

    /// Octets so far.
    pub fn len(&self) -> u64 {
        self.spill.as_ref().map_or(self.head.len() as u64, |spill| spill.octets)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first `octets` octets, or fewer if the message is shorter. At most the part in memory.
    pub fn head(&self, octets: usize) -> &[u8] {
        self.head.get(..octets).unwrap_or(&self.head)
    }

    /// All bytes, if they are in memory.
    pub fn as_slice(&self) -> Option<&[u8]> {
        self.spill.is_none().then_some(&self.head)
    }

    /// Reads from `offset` into `buffer`; how many octets that were, 0 at the end.
    ///
    /// # Errors
    /// [`StoreError::Disk`].
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, StoreError> {
        if let Some(spill) = &self.spill {
            return spill.file.read_at(buffer, offset).map_err(StoreError::disk("read message bytes"));
        }
        let rest = usize::try_from(offset).ok().and_then(|at| self.head.get(at..)).unwrap_or_default();
        let octets = rest.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(rest) {
            *to = *from;
        }
        Ok(octets)
    }

    /// Brings a long message to stable storage now, on the caller's thread. Otherwise the writer does
    /// it, and everybody waits. Does nothing for a message in memory.
    ///
    /// # Errors
    /// [`StoreError::Disk`].
    pub fn sync(&mut self) -> Result<(), StoreError> {
        let Some(spill) = &mut self.spill else { return Ok(()) };
        if !spill.synced {
            self.segments.disk.sync(&spill.file).map_err(StoreError::disk("sync message bytes"))?;
            self.segments.sync_folder().map_err(StoreError::disk("sync the segment folder"))?;
            spill.synced = true;
        }
        Ok(())
    }

    /// The place of the bytes, if they have a segment of their own.
    pub(super) fn own_place(&self) -> Option<Place> {
        self.spill.as_ref().map(|spill| Place { segment: spill.id, start: 0, length: spill.octets })
    }

    /// The commit went through and a row refers to the file.
    pub(super) fn keep(&mut self) {
        if let Some(spill) = &mut self.spill {
            spill.kept = true;
        }
    }

    fn spill(&mut self) -> Result<(), StoreError> {
        let (id, file) = self.segments.create()?;
        self.spill = Some(Spill { id, file, octets: 0, synced: false, kept: false });
        let disk = self.segments.disk.clone();
        let spill = self.spill.as_mut().expect("invariant: set above");
        disk.write(&spill.file, 0, &[&self.head]).map_err(StoreError::disk("write message bytes"))?;
        spill.octets = self.head.len() as u64;
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if let Some(spill) = &self.spill
            && !spill.kept
        {
            self.segments.delete(spill.id);
        }
    }
}
