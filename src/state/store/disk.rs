//! The few things that the store does to a segment file, behind a trait so that tests can make them fail.

use std::fs::File;
use std::io::{self, IoSlice};

use rustix::fs::{FallocateFlags, fallocate};

/// Writes to segment files. The store never writes an octet twice.
pub trait Disk: Send + Sync {
    /// Reserves space up to `end`. Failing is no error: writing then reserves.
    fn reserve(&self, file: &File, from: u64, end: u64);

    /// Writes all of `parts`, one after the other, at `at`.
    ///
    /// # Errors
    /// Whatever the system says; the file's content beyond `at` is then unknown.
    fn write(&self, file: &File, at: u64, parts: &[&[u8]]) -> io::Result<()>;

    /// Returns once the file's data is on stable storage.
    ///
    /// # Errors
    /// Whatever the system says; what was written since the last success is then unknown.
    fn sync(&self, file: &File) -> io::Result<()>;
}

/// The real one.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalDisk;

/// Linux takes at most 1024 pieces in one call (IOV_MAX).
const PIECES_MAX: usize = 1024;

impl Disk for LocalDisk {
    fn reserve(&self, file: &File, from: u64, end: u64) {
        let _ = fallocate(file, FallocateFlags::empty(), from, end.saturating_sub(from));
    }

    fn write(&self, file: &File, mut at: u64, parts: &[&[u8]]) -> io::Result<()> {
        let mut pieces: Vec<IoSlice<'_>> =
            parts.iter().filter(|part| !part.is_empty()).map(|part| IoSlice::new(part)).collect();
        let mut rest = pieces.as_mut_slice();
        while !rest.is_empty() {
            let now = rest.get(..rest.len().min(PIECES_MAX)).unwrap_or(rest);
            let written = match rustix::io::pwritev(file, now, at) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => written,
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            };
            at += written as u64;
            IoSlice::advance_slices(&mut rest, written);
        }
        Ok(())
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }
}
