//! Rows that somebody works on, by number. In memory only: one process serves a store, so a crash voids
//! every lease by itself.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The numbers that are held. Clones share one set.
#[derive(Debug, Clone, Default)]
pub(in crate::state) struct Leases(Arc<Mutex<HashSet<i64>>>);

impl Leases {
    /// The set, for as long as nobody else may take or give back.
    pub(in crate::state) fn lock(&self) -> MutexGuard<'_, HashSet<i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
