//! A write that changes nothing of anybody's mail: proof that the store takes writes.

use super::{StoreError, Tx};
use crate::ground::clock::Timestamp;

/// Leaves a sign of life.
///
/// # Errors
/// [`StoreError::Rows`].
pub fn beat(tx: &mut Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
    tx.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('heartbeat', ?1)", (now.0,)).map(drop)
}
