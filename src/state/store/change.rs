//! What changed in a mailbox since a mod-sequence: NOOP and IDLE need it now, CONDSTORE and QRESYNC
//! (RFC 7162) can stand on it later.

use super::row::{self, Mailbox};
use super::{MailboxId, StoreError, Tx, View, column};
use crate::ground::limits;
use crate::vocabulary::mail::Flags;

/// Everything after a mod-sequence. At most one row for each message of the mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// The mailbox now; its `modseq` is the one to ask with next time.
    pub mailbox: Mailbox,
    /// Messages that are new or whose flags changed, ascending by UID. New are those at or above the
    /// UIDNEXT that the asker knew.
    pub messages: Vec<(u32, Flags)>,
    /// Ranges of UIDs that were expunged; may name some that the asker never saw.
    pub vanished: Vec<(u32, u32)>,
    /// False when expunges so long ago are forgotten: `vanished` is then not complete, and the asker
    /// must compare with a new [`super::message::snapshot`].
    pub complete: bool,
}

/// What happened after `modseq`.
///
/// # Errors
/// [`StoreError::NoMailbox`] once the mailbox was deleted.
pub fn since(view: &View<'_>, mailbox: MailboxId, modseq: u64) -> Result<Changes, StoreError> {
    let mailbox = row::status(view, mailbox)?;
    if mailbox.modseq <= modseq {
        return Ok(Changes { mailbox, messages: Vec::new(), vanished: Vec::new(), complete: true });
    }
    let mut messages = view.all(
        "SELECT uid, system_flags, keywords FROM message WHERE mailbox = ?1 AND modseq > ?2",
        (mailbox.id.0, modseq),
        |row| Ok((row.get(0)?, column::flags(row, 1)?)),
    )?;
    messages.sort_unstable_by_key(|(uid, _)| *uid);
    let vanished = view.all(
        "SELECT first, last FROM vanished WHERE mailbox = ?1 AND modseq > ?2",
        (mailbox.id.0, modseq),
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let complete = modseq >= mailbox.vanished_floor;
    Ok(Changes { mailbox, messages, vanished, complete })
}

/// Remembers the expunge of `uids` (ascending) under the mailbox's next mod-sequence, which the caller
/// gave it, and forgets those of long ago.
pub(super) fn record_vanished(
    tx: &Tx<'_>,
    before: &Mailbox,
    uids: impl Iterator<Item = u32>,
) -> Result<(), StoreError> {
    // A mailbox being emptied in batches has moved on since `before` was read.
    let modseq = row::status(tx, before.id)?.modseq;
    let insert = |(first, last): (u32, u32)| {
        tx.execute(
            "INSERT INTO vanished (mailbox, modseq, first, last) VALUES (?1, ?2, ?3, ?4)",
            (before.id.0, modseq, first, last),
        )
    };
    let mut range: Option<(u32, u32)> = None;
    for uid in uids {
        range = match range {
            Some((first, last)) if last.checked_add(1) == Some(uid) => Some((first, uid)),
            Some(done) => {
                insert(done)?;
                Some((uid, uid))
            }
            None => Some((uid, uid)),
        };
    }
    if let Some(last) = range {
        insert(last)?;
    }
    let floor = modseq.saturating_sub(limits::VANISHED_MODSEQS_KEPT);
    if floor > before.vanished_floor {
        tx.execute("DELETE FROM vanished WHERE mailbox = ?1 AND modseq <= ?2", (before.id.0, floor))?;
        tx.execute("UPDATE mailbox SET vanished_floor = ?2 WHERE id = ?1", (before.id.0, floor))?;
    }
    Ok(())
}
