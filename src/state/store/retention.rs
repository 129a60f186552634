//! Retention: messages that have been in a mailbox for too long go, whatever their INTERNALDATE.
//!
//! INTERNALDATE stays with a message that is moved (RFC 9051 §6.4.8), so it does not say how long Trash has had
//! it. UIDs do: they are given in the order of arrival. Each sweep writes down a mark, the mailbox's UIDNEXT
//! and the time; what is below the UIDNEXT of a mark older than the period has been there for longer.
//! A message therefore stays at least for its period, and at most a hundredth of it and one sweep longer.
//!
//! Nothing is ever removed on the strength of a clock alone that jumped ahead once: a mark is believed only
//! if a later sweep comes when its period is over. A clock that stays wrong for the period is not noticed.

use std::time::Duration;

use super::message::{self, Expunge};
use super::{MailboxId, StoreError, Tx, View, row};
use crate::ground::clock::Timestamp;
use crate::vocabulary::mail::SpecialUse;

/// A mailbox has a mark for each such part of the period, so never more than that many and two.
const MARKS_PER_PERIOD: u32 = 100;

/// Mailboxes of that special use with a number above `after`, at most `limit`; ask again with the last.
///
/// # Errors
/// [`StoreError::Rows`].
pub fn mailboxes(
    view: &View<'_>,
    special_use: SpecialUse,
    after: MailboxId,
    limit: usize,
) -> Result<Vec<MailboxId>, StoreError> {
    view.all(
        "SELECT id FROM mailbox WHERE special_use = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
        (row::special_use_number(special_use), after.0, limit),
        |row| Ok(MailboxId(row.get(0)?)),
    )
}

/// Writes a mark and removes at most `limit` messages that have been in `mailbox` for longer than `period`.
/// How many: as many as `limit` means that there may be more.
///
/// # Errors
/// [`StoreError::NoMailbox`] once it was deleted.
pub fn sweep(
    tx: &mut Tx<'_>,
    mailbox: MailboxId,
    period: Duration,
    now: Timestamp,
    limit: usize,
) -> Result<usize, StoreError> {
    let uidnext = row::status(tx, mailbox)?.uidnext;
    mark(tx, mailbox, uidnext, period, now)?;
    let before = Timestamp(now.0.saturating_sub(i64::try_from(period.as_millis()).unwrap_or(i64::MAX)));
    let ripe = tx.first(
        "SELECT at, uidnext FROM retention_mark WHERE mailbox = ?1 AND at <= ?2 ORDER BY at DESC LIMIT 1",
        (mailbox.0, before.0),
        |row| Ok((row.get::<_, i64>(0)?, row.get::<_, u32>(1)?)),
    )?;
    let Some((at, below)) = ripe else { return Ok(0) };
    let doomed: Vec<u32> = tx.all(
        "SELECT uid FROM message WHERE mailbox = ?1 AND uid < ?2 ORDER BY uid LIMIT ?3",
        (mailbox.0, below, limit),
        |row| row.get(0),
    )?;
    let removed = message::expunge(tx, mailbox, Expunge::Uids(&doomed), limit)?.len();
    if removed < limit {
        // All that it speaks of is gone, and so is what older ones speak of.
        tx.execute("DELETE FROM retention_mark WHERE mailbox = ?1 AND at <= ?2", (mailbox.0, at))?;
    }
    Ok(removed)
}

/// Forgets a mailbox that goes.
pub(super) fn forget(tx: &Tx<'_>, mailbox: MailboxId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM retention_mark WHERE mailbox = ?1", [mailbox.0]).map(drop)
}

/// One if something came since the last, and that is old enough.
fn mark(tx: &Tx<'_>, mailbox: MailboxId, uidnext: u32, period: Duration, now: Timestamp) -> Result<(), StoreError> {
    // The clock was set back: what is written for later is worth nothing.
    tx.execute("DELETE FROM retention_mark WHERE mailbox = ?1 AND at > ?2", (mailbox.0, now.0))?;
    let last = tx.first(
        "SELECT at, uidnext FROM retention_mark WHERE mailbox = ?1 ORDER BY at DESC LIMIT 1",
        [mailbox.0],
        |row| Ok((Timestamp(row.get(0)?), row.get::<_, u32>(1)?)),
    )?;
    let due = match last {
        None => uidnext > 1,
        Some((at, known)) => known != uidnext && now.since(at) >= period / MARKS_PER_PERIOD,
    };
    if due {
        tx.execute(
            "INSERT OR REPLACE INTO retention_mark (mailbox, at, uidnext) VALUES (?1, ?2, ?3)",
            (mailbox.0, now.0, uidnext),
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::store::{Options, Store, account, mailbox, rows_path};
    use crate::vocabulary::mail::Address;

    #[test]
    fn a_store_from_before_retention_gets_its_table_and_a_mailbox_takes_its_marks_along() {
        let folder = tempfile::tempdir().unwrap();
        drop(Store::open(folder.path(), Options::default()).unwrap());
        let rows = rusqlite::Connection::open(rows_path(folder.path())).unwrap();
        rows.execute_batch("DROP TABLE retention_mark").unwrap();
        let store = Store::open(folder.path(), Options::default()).unwrap();
        let mut staged = store.stage();
        staged.append(b"Subject: x\r\n\r\n").unwrap();
        let address: Address = "a@example.org".parse().unwrap();
        let made = store.write_blocking(vec![staged], move |tx, contents| {
            let account = account::ensure(tx, &address, Timestamp(1))?.id;
            let old = mailbox::create(tx, account, "Old", Some(SpecialUse::Trash))?.id;
            message::append(tx, old, contents[0], &Default::default(), Timestamp(0))?;
            sweep(tx, old, Duration::from_secs(60), Timestamp(1), 10)?;
            Ok((account, old))
        });
        let ((account, old), _durable) = made.unwrap();
        let trashes = store.read(|view| mailboxes(view, SpecialUse::Trash, MailboxId(0), 10)).unwrap();
        assert_eq!(trashes.len(), 2, "the one that every account has, and the new one");
        assert_eq!(store.read(|view| mailboxes(view, SpecialUse::Trash, trashes[0], 10)).unwrap(), [old]);
        let marks = || rows.query_row("SELECT COUNT(*) FROM retention_mark", [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(marks(), 1);
        let deleted = store.write_blocking(Vec::new(), move |tx, _| mailbox::delete(tx, account, "Old"));
        let ((), _durable) = deleted.unwrap();
        assert_eq!(marks(), 0);
    }
}
