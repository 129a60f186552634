//! Readers of the rows: the server's few read connections, and the one of a tool beside the server.

use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::{StoreError, View, format, rows_path};
use crate::ground::limits;

/// Read connections, opened as they are needed and then kept.
pub(super) struct Readers {
    rows: PathBuf,
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Connection>,
    busy: usize,
}

impl Readers {
    pub fn new(rows: PathBuf) -> Self {
        Self { rows, state: Mutex::default(), returned: Condvar::new() }
    }

    pub fn read<R>(&self, read: impl FnOnce(&View<'_>) -> Result<R, StoreError>) -> Result<R, StoreError> {
        let mut borrowed = self.borrow()?;
        let connection = borrowed.connection.as_mut().expect("invariant: set until dropped");
        in_snapshot(connection, read)
    }

    fn borrow(&self) -> Result<Borrowed<'_>, StoreError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while state.busy >= limits::STORE_READERS_MAX {
            state = self.returned.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.busy += 1;
        let idle = state.idle.pop();
        drop(state);
        // From here on the guard gives the turn back, whatever fails.
        let mut borrowed = Borrowed { readers: self, connection: idle };
        if borrowed.connection.is_none() {
            borrowed.connection = Some(connect(&self.rows)?);
        }
        Ok(borrowed)
    }
}

struct Borrowed<'r> {
    readers: &'r Readers,
    connection: Option<Connection>,
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        let mut state = self.readers.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.busy -= 1;
        // One that is still inside a transaction (a reader panicked) is not fit for the next.
        state.idle.extend(self.connection.take().filter(Connection::is_autocommit));
        self.readers.returned.notify_one();
    }
}

/// A reader beside the server, for tools. Sees what is committed.
pub struct Inspector {
    connection: Mutex<Connection>,
}

impl Inspector {
    pub(super) fn open(folder: &Path) -> Result<Self, StoreError> {
        let connection = connect(&rows_path(folder))?;
        format::check(&connection)?;
        Ok(Self { connection: Mutex::new(connection) })
    }

    /// As [`super::Store::read`].
    ///
    /// # Errors
    /// Those of `read`, and [`StoreError::Rows`].
    pub fn read<R>(&self, read: impl FnOnce(&View<'_>) -> Result<R, StoreError>) -> Result<R, StoreError> {
        in_snapshot(&mut self.connection.lock().unwrap_or_else(PoisonError::into_inner), read)
    }
}

fn in_snapshot<R>(
    connection: &mut Connection,
    read: impl FnOnce(&View<'_>) -> Result<R, StoreError>,
) -> Result<R, StoreError> {
    connection.prepare_cached("BEGIN DEFERRED")?.execute([])?;
    let result = read(&View::new(connection));
    connection.prepare_cached("COMMIT")?.execute([])?;
    result
}

fn connect(rows: &Path) -> Result<Connection, StoreError> {
    let connection =
        Connection::open_with_flags(rows, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(64);
    // Negative: KiB. Small, because there are several.
    connection.pragma_update(None, "cache_size", -1024)?;
    Ok(connection)
}
