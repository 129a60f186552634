//! The bytes of a stored message.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use super::segment::Segments;
use super::{ContentId, Place, StoreError};

/// Stored bytes, to be read in pieces. Holds the file open: they stay readable even if the message is
/// expunged meanwhile.
#[derive(Debug, Clone)]
pub struct Content {
    id: ContentId,
    file: Arc<File>,
    start: u64,
    length: u64,
}

pub(super) fn open(segments: &Segments, id: ContentId, place: Place) -> Result<Content, StoreError> {
    Ok(Content { id, file: segments.file(place.segment)?, start: place.start, length: place.length })
}

impl Content {
    pub fn id(&self) -> ContentId {
        self.id
    }

    /// Length in octets.
    pub fn len(&self) -> u64 {
        self.length
    }

    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Reads from `offset` into `buffer`; how many octets that were, 0 at the end. Blocks on disk.
    ///
    /// # Errors
    /// [`StoreError::Disk`]; [`StoreError::Damaged`] if the segment ends too early.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, StoreError> {
        let left = self.length.saturating_sub(offset);
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let Some(buffer) = buffer.get_mut(..wanted) else { return Ok(0) };
        if buffer.is_empty() {
            return Ok(0);
        }
        let read = self.file.read_at(buffer, self.start + offset).map_err(StoreError::disk("read message bytes"))?;
        if read == 0 {
            return Err(StoreError::Damaged(format!("the bytes of content {} end too early", self.id.0)));
        }
        Ok(read)
    }

    /// Up to `octets` octets from `offset` on; fewer only at the end.
    ///
    /// # Errors
    /// As [`Content::read_at`].
    pub fn read(&self, offset: u64, octets: usize) -> Result<Vec<u8>, StoreError> {
        let left = usize::try_from(self.length.saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; octets.min(left)];
        let mut done = 0;
        while let Some(rest) = bytes.get_mut(done..).filter(|rest| !rest.is_empty()) {
            done += self.read_at(offset + done as u64, rest)?;
        }
        Ok(bytes)
    }
}
