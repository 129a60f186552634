//! The format of a store's rows and segments.

use rusqlite::{Connection, OptionalExtension};

use super::StoreError;

/// What this program reads and writes.
pub(super) const FORMAT: i64 = 2;

/// What makes format `n + 1` of format `n`, from 1 on. A store is brought up when it is opened for writing; each
/// step is one transaction, so a crash leaves one format or the next.
const STEPS: [&str; 1] = ["ALTER TABLE queue_message ADD COLUMN delay_noticed INTEGER NOT NULL DEFAULT 0"];

/// Refuses a database of a newer program.
pub(super) fn check(connection: &Connection) -> Result<(), StoreError> {
    found(connection).map(drop)
}

/// Brings an older database up to [`FORMAT`].
pub(super) fn bring_up(connection: &Connection) -> Result<(), StoreError> {
    let mut format = found(connection)?;
    while format < FORMAT {
        let step = usize::try_from(format - 1).ok().and_then(|at| STEPS.get(at));
        let step = step.ok_or_else(|| StoreError::Damaged(format!("it has format {format}, which never was")))?;
        format += 1;
        connection.execute_batch(&format!(
            "BEGIN IMMEDIATE;\n{step};\nUPDATE meta SET value = {format} WHERE key = 'format';\nCOMMIT;"
        ))?;
    }
    Ok(())
}

fn found(connection: &Connection) -> Result<i64, StoreError> {
    let found = connection
        .query_row("SELECT value FROM meta WHERE key = 'format'", [], |row| row.get(0))
        .optional()?
        .ok_or_else(|| StoreError::Damaged("its format is not recorded".into()))?;
    if found > FORMAT { Err(StoreError::Newer { found, known: FORMAT }) } else { Ok(found) }
}
