//! The format of a store's rows and segments.

use rusqlite::{Connection, OptionalExtension};

use super::StoreError;

/// What this program reads and writes.
pub(super) const FORMAT: i64 = 1;

/// Refuses a database of a newer program.
pub(super) fn check(connection: &Connection) -> Result<(), StoreError> {
    let found = connection
        .query_row("SELECT value FROM meta WHERE key = 'format'", [], |row| row.get(0))
        .optional()?
        .ok_or_else(|| StoreError::Damaged("its format is not recorded".into()))?;
    if found > FORMAT { Err(StoreError::Newer { found, known: FORMAT }) } else { Ok(()) }
}
