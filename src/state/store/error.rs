//! Why the store could not do what was asked.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Every way to fail. `Clone`, because one failed commit fails every job of its batch.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    #[error("the store has too much work waiting")]
    Busy,
    #[error("the store is closed")]
    Closed,
    #[error("the store is damaged: {0}")]
    Damaged(String),
    #[error("cannot {doing}: {error}")]
    Disk { doing: &'static str, error: Arc<io::Error> },
    #[error("a mailbox of that name exists already")]
    Exists,
    #[error("the mailbox has children")]
    HasChildren,
    #[error("another server uses the store in {}", .0.display())]
    InUse(PathBuf),
    #[error("INBOX cannot be deleted, nor can a mailbox take its name")]
    Inbox,
    #[error("more than {max} {what}")]
    Limit { what: &'static str, max: usize },
    #[error("the mailbox name is not valid: {0}")]
    Name(&'static str),
    #[error("the store has format {found}, this program knows {known}: use a newer program")]
    Newer { found: i64, known: i64 },
    #[error("no such account")]
    NoAccount,
    #[error("content {0} does not exist")]
    NoContent(i64),
    #[error("no such mailbox")]
    NoMailbox,
    #[error("over quota")]
    OverQuota,
    #[error("a job of the store panicked; nothing of it was kept")]
    Panicked,
    #[error("the database failed: {0}")]
    Rows(Arc<rusqlite::Error>),
}

impl StoreError {
    /// Names what was being done when the disk failed; for `map_err`.
    pub(in crate::state) fn disk(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Disk { doing, error: Arc::new(error) }
    }

    /// Whether the same request may succeed later without anybody changing it: the environment failed,
    /// not the request. RFC 5321 §4.2.1: such failures are answered with 4yz.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Busy | Self::Closed | Self::Disk { .. } | Self::OverQuota | Self::Panicked | Self::Rows(_))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Rows(Arc::new(error))
    }
}
