//! The embedded store: accounts, mailboxes, messages.
//!
//! Rows are in SQLite (WAL, `synchronous=FULL`), message bytes in append-only segment files beside it.
//! One thread writes: it takes all jobs that wait, appends all their bodies with one write and one
//! sync, runs every job in a savepoint of one transaction, commits, and only then answers all of them.
//! Many jobs thus share the two syncs that make each of them durable.
//!
//! The folder (mode 0700): `lock` held by the one server, `rows.sqlite` with its WAL, and
//! `segments/NNNNNNNNNN.seg`.
//!
//! Standards: the mailbox model of RFC 9051 §2.3 (UID, UIDVALIDITY, flags) and §5.1 (names), mod-sequences
//! of RFC 7162, UIDPLUS (RFC 4315), counters for RFC 9208 quotas.
//!
//! Invariants:
//! - [`Durable`] exists only after the commit that it vouches for. Whoever says `250` holds one.
//! - A row never points at bytes that are not on stable storage: bodies are synced before the commit.
//! - An octet of a segment is written once. After a failed write or sync the segment is left alone and a
//!   new one begun, because nobody knows what the disk then holds.
//! - Counters (account, mailbox, segment, references) change in the transaction of the rows they count.
//! - A job is all or nothing: an error or a panic in it undoes its savepoint and touches no other job.
//! - Start-up repairs by itself what a crash left, and [`Store::repairs`] says what that was.
//!
//! What it deliberately does not do: it never reads the clock, knows no password and no protocol. It
//! does not compact: the space of removed messages returns when the whole segment is dead (a message
//! above `limits::STAGING_MEMORY_OCTETS` is a segment of its own, so large ones return at once). It
//! keeps no checksum of bodies; the file system below is trusted with what it acknowledged.

pub mod account;
mod audit;
pub mod change;
mod column;
mod content;
mod counter;
pub mod delivery;
mod disk;
mod error;
pub mod flag;
mod format;
pub mod heartbeat;
mod lease;
pub mod mailbox;
pub mod message;
mod open;
pub mod quota;
mod reader;
pub mod retention;
mod row;
mod segment;
mod staged;
mod tx;
mod watch;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use audit::audit;
pub use content::Content;
pub use delivery::deliver;
pub use disk::{Disk, LocalDisk};
pub use error::StoreError;
pub(in crate::state) use lease::Leases;
pub use open::{Options, Repairs};
pub use reader::Inspector;
pub use staged::Staged;
pub use tx::{Tx, View};
pub use watch::{Hub, Subscription};
pub use writer::Durable;

/// An account's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub i64);

/// A mailbox's number; never given twice in one store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailboxId(pub i64);

/// A content's number; never given twice while the store is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentId(pub i64);

/// Where the bytes of a content are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    segment: i64,
    start: u64,
    length: u64,
}

/// An open store. Share it as `Arc<Store>`; dropping the last one finishes what was submitted.
pub struct Store {
    /// Declared first: the writer stops before anything it needs goes away.
    writer: writer::Writer,
    segments: Arc<segment::Segments>,
    readers: reader::Readers,
    hub: Hub,
    leases: Leases,
    repairs: Repairs,
    /// Holds the lock on the folder.
    _lock: std::fs::File,
}

impl Store {
    /// Opens the store in `folder`, makes it if there is none, and repairs what a crash left.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::Newer`], [`StoreError::Disk`], [`StoreError::Rows`].
    pub fn open(folder: &Path, options: Options) -> Result<Self, StoreError> {
        open::open(folder, options)
    }

    /// A reader of the rows in `folder`, beside a server that may be running. It takes no lock and
    /// writes nothing.
    ///
    /// # Errors
    /// [`StoreError::Rows`] if there is no store, [`StoreError::Newer`].
    pub fn inspect(folder: &Path) -> Result<Inspector, StoreError> {
        Inspector::open(folder)
    }

    /// What start-up had to repair.
    pub fn repairs(&self) -> &Repairs {
        &self.repairs
    }

    /// An empty message to collect bytes in.
    pub fn stage(&self) -> Staged {
        Staged::new(self.segments.clone())
    }

    /// Hands a job to the writer. `run` gets the numbers of the staged contents in their order; a
    /// content that it gives no row to is forgotten. `done` is called on the writer's thread after the
    /// commit, so it must be quick: send on a channel, nothing more.
    ///
    /// Blocks for nothing. With too many jobs waiting `done` hears [`StoreError::Busy`] at once.
    pub fn submit<R, F, D>(&self, staged: Vec<Staged>, run: F, done: D)
    where
        R: Send + 'static,
        F: FnOnce(&mut Tx<'_>, &[ContentId]) -> Result<R, StoreError> + Send + 'static,
        D: FnOnce(Result<(R, Durable), StoreError>) + Send + 'static,
    {
        self.writer.submit(staged, run, done);
    }

    /// [`Store::submit`], and waits. Not for async code.
    ///
    /// # Errors
    /// Those of `run`, and those of the commit.
    pub fn write_blocking<R, F>(&self, staged: Vec<Staged>, run: F) -> Result<(R, Durable), StoreError>
    where
        R: Send + 'static,
        F: FnOnce(&mut Tx<'_>, &[ContentId]) -> Result<R, StoreError> + Send + 'static,
    {
        let (send, receive) = std::sync::mpsc::sync_channel(1);
        self.submit(staged, run, move |result| {
            // The receiver below waits for exactly this.
            let _ = send.send(result);
        });
        receive.recv().unwrap_or(Err(StoreError::Closed))
    }

    /// Reads from one snapshot. Blocks on disk, and while `limits::STORE_READERS_MAX` others read.
    ///
    /// # Errors
    /// Those of `read`, and [`StoreError::Rows`].
    pub fn read<R>(&self, read: impl FnOnce(&View<'_>) -> Result<R, StoreError>) -> Result<R, StoreError> {
        self.readers.read(read)
    }

    /// The bytes of a content. They stay readable while the value lives, even if the last row goes.
    ///
    /// # Errors
    /// [`StoreError::NoContent`], [`StoreError::Disk`].
    pub fn content(&self, id: ContentId) -> Result<Content, StoreError> {
        let place = self.read(|view| view.place(id))?.ok_or(StoreError::NoContent(id.0))?;
        content::open(&self.segments, id, place)
    }

    /// Where to subscribe to changes of mailboxes and to new work in the queue.
    pub fn changes(&self) -> &Hub {
        &self.hub
    }

    /// The rows of the queue that are worked on.
    pub(in crate::state) fn leases(&self) -> &Leases {
        &self.leases
    }
}

/// The database's file in a store's folder.
fn rows_path(folder: &Path) -> PathBuf {
    folder.join("rows.sqlite")
}
