//! Messages in a mailbox: append, copy, move, flags, expunge, and the rows that FETCH reads.
//!
//! Every change of a mailbox raises its mod-sequence by one and stamps the rows with it (RFC 7162 §3.1).
//! A function takes as many UIDs as it is given: what need not be atomic (FETCH, STORE, EXPUNGE) is
//! best done [`BATCH_MESSAGES_MAX`] at a time, so that deliveries can go between.

use super::row::{self, Mailbox};
use super::{ContentId, MailboxId, StoreError, Tx, View, change, column, counter};
use crate::ground::clock::Timestamp;
use crate::vocabulary::mail::{Flags, SystemFlag};

pub use crate::ground::limits::STORE_BATCH_MESSAGES_MAX as BATCH_MESSAGES_MAX;

/// A message's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub uid: u32,
    pub content: ContentId,
    pub flags: Flags,
    pub modseq: u64,
    /// RFC 9051 §2.3.3 INTERNALDATE.
    pub internal_date: Timestamp,
    /// RFC822.SIZE: the whole content.
    pub octets: u64,
}

/// What SELECT shows, and what sequence numbers are counted on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    pub mailbox: Mailbox,
    /// Ascending by UID.
    pub messages: Vec<(u32, Flags)>,
}

/// RFC 4315 §3 APPENDUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    pub mailbox: MailboxId,
    pub uidvalidity: u32,
    pub uid: u32,
}

/// RFC 4315 §3 COPYUID: old and new UIDs, both ascending. Empty if none of the UIDs existed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    pub uidvalidity: u32,
    pub uids: Vec<(u32, u32)>,
}

/// A message's flags after STORE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub uid: u32,
    pub flags: Flags,
    pub modseq: u64,
    /// Whether STORE made a difference.
    pub changed: bool,
}

/// Which messages to expunge.
#[derive(Debug, Clone, Copy)]
pub enum Expunge<'a> {
    /// EXPUNGE and CLOSE: all with `\Deleted`.
    Deleted,
    /// UID EXPUNGE (RFC 4315 §2.1): those of these UIDs that have `\Deleted`.
    DeletedAmong(&'a [u32]),
    /// POP3's UPDATE state: these, whatever their flags.
    Uids(&'a [u32]),
}

/// The mailbox and the flags of all its messages, from one snapshot.
///
/// # Errors
/// [`StoreError::NoMailbox`].
pub fn snapshot(view: &View<'_>, mailbox: MailboxId) -> Result<Snapshot, StoreError> {
    let mailbox = row::status(view, mailbox)?;
    let messages = view.all(
        "SELECT uid, system_flags, keywords FROM message WHERE mailbox = ?1 ORDER BY uid",
        [mailbox.id.0],
        |row| Ok((row.get(0)?, column::flags(row, 1)?)),
    )?;
    Ok(Snapshot { mailbox, messages })
}

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT uid, content, system_flags, keywords, modseq, internal_date, octets FROM message ", $rest)
    };
}

/// The rows of those of `uids` that exist, in the order asked for.
///
/// # Errors
/// [`StoreError::Rows`].
pub fn rows(view: &View<'_>, mailbox: MailboxId, uids: &[u32]) -> Result<Vec<Message>, StoreError> {
    let mut found = Vec::with_capacity(uids.len());
    for uid in uids {
        found.extend(view.first(select!("WHERE mailbox = ?1 AND uid = ?2"), (mailbox.0, uid), read)?);
    }
    Ok(found)
}

/// The rows with a UID above `after`, at most `limit`, ascending; ask again with the last UID.
///
/// # Errors
/// [`StoreError::Rows`].
pub fn rows_after(view: &View<'_>, mailbox: MailboxId, after: u32, limit: usize) -> Result<Vec<Message>, StoreError> {
    view.all(select!("WHERE mailbox = ?1 AND uid > ?2 ORDER BY uid LIMIT ?3"), (mailbox.0, after, limit), read)
}

/// Adds a message. Quota is the caller's question ([`super::quota::check`]), asked in the same job.
///
/// # Errors
/// [`StoreError::NoMailbox`], [`StoreError::NoContent`], [`StoreError::Limit`] (keywords, or UIDs used up).
pub fn append(
    tx: &mut Tx<'_>,
    mailbox: MailboxId,
    content: ContentId,
    flags: &Flags,
    internal_date: Timestamp,
) -> Result<Appended, StoreError> {
    let octets = tx.content_octets(content)?;
    let (appended, account) = insert(tx, mailbox, content, flags, internal_date, octets)?;
    counter::add(tx, account, signed(octets), 1)?;
    Ok(appended)
}

/// The insertion alone, without the account's counters.
pub(super) fn insert(
    tx: &mut Tx<'_>,
    mailbox: MailboxId,
    content: ContentId,
    flags: &Flags,
    internal_date: Timestamp,
    octets: u64,
) -> Result<(Appended, super::AccountId), StoreError> {
    column::check(flags)?;
    let unseen = i64::from(!flags.contains(SystemFlag::Seen));
    let (uid, modseq, uidvalidity, account) = tx
        .first(
            "UPDATE mailbox SET uidnext = uidnext + 1, modseq = modseq + 1, messages = messages + 1, \
             unseen = unseen + ?2 WHERE id = ?1 RETURNING uidnext - 1, modseq, uidvalidity, account",
            (mailbox.0, unseen),
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, u64>(1)?, row.get(2)?, row.get(3)?)),
        )?
        .ok_or(StoreError::NoMailbox)?;
    let uid = uid_of(uid)?;
    insert_row(tx, mailbox, &Message { uid, content, flags: flags.clone(), modseq, internal_date, octets })?;
    tx.touch(mailbox);
    Ok((Appended { mailbox, uidvalidity, uid }, super::AccountId(account)))
}

/// COPY (RFC 9051 §6.4.7): all or none. Flags and INTERNALDATE go along; the bytes are shared.
///
/// # Errors
/// [`StoreError::NoMailbox`] for either.
pub fn copy(tx: &mut Tx<'_>, from: MailboxId, uids: &[u32], to: MailboxId) -> Result<Copied, StoreError> {
    let messages = rows(tx, from, &ascending(uids))?;
    let target = row::status(tx, to)?;
    let modseq = target.modseq + 1;
    let (mut octets, mut unseen, mut pairs) = (0, 0, Vec::with_capacity(messages.len()));
    for (uid, message) in (i64::from(target.uidnext)..).zip(&messages) {
        let uid = uid_of(uid)?;
        insert_row(tx, to, &Message { uid, modseq, ..message.clone() })?;
        octets += signed(message.octets);
        unseen += i64::from(!message.flags.contains(SystemFlag::Seen));
        pairs.push((message.uid, uid));
    }
    if !pairs.is_empty() {
        tx.execute(
            "UPDATE mailbox SET uidnext = uidnext + ?2, modseq = ?3, messages = messages + ?2, unseen = unseen + ?4 \
             WHERE id = ?1",
            (to.0, pairs.len(), modseq, unseen),
        )?;
        counter::add(tx, target.account, octets, count(pairs.len()))?;
        tx.touch(to);
    }
    Ok(Copied { uidvalidity: target.uidvalidity, uids: pairs })
}

/// MOVE (RFC 6851): a copy and an expunge in one.
///
/// # Errors
/// [`StoreError::NoMailbox`] for either.
pub fn move_to(tx: &mut Tx<'_>, from: MailboxId, uids: &[u32], to: MailboxId) -> Result<Copied, StoreError> {
    let copied = copy(tx, from, uids, to)?;
    let old: Vec<u32> = copied.uids.iter().map(|(old, _)| *old).collect();
    expunge(tx, from, Expunge::Uids(&old), old.len())?;
    Ok(copied)
}

/// EXPUNGE: removes at most `limit` messages and says which, ascending. As many as `limit` came back:
/// call again, there may be more.
///
/// # Errors
/// [`StoreError::NoMailbox`].
pub fn expunge(tx: &mut Tx<'_>, mailbox: MailboxId, which: Expunge<'_>, limit: usize) -> Result<Vec<u32>, StoreError> {
    let mailbox = row::status(tx, mailbox)?;
    let mut doomed = match which {
        Expunge::Deleted => tx.all(
            select!("WHERE mailbox = ?1 AND system_flags & 2 ORDER BY uid LIMIT ?2"),
            (mailbox.id.0, limit),
            read,
        )?,
        Expunge::DeletedAmong(uids) | Expunge::Uids(uids) => rows(tx, mailbox.id, &ascending(uids))?,
    };
    if matches!(which, Expunge::DeletedAmong(_)) {
        doomed.retain(|message| message.flags.contains(SystemFlag::Deleted));
    }
    doomed.truncate(limit);
    remove(tx, &mailbox, &doomed)?;
    Ok(doomed.iter().map(|message| message.uid).collect())
}

/// Removes rows, keeps the counters true and remembers what vanished.
fn remove(tx: &mut Tx<'_>, mailbox: &Mailbox, doomed: &[Message]) -> Result<(), StoreError> {
    if doomed.is_empty() {
        return Ok(());
    }
    let (mut octets, mut unseen) = (0, 0);
    for message in doomed {
        tx.execute("DELETE FROM message WHERE mailbox = ?1 AND uid = ?2", (mailbox.id.0, message.uid))?;
        tx.release(message.content);
        octets += signed(message.octets);
        unseen += i64::from(!message.flags.contains(SystemFlag::Seen));
    }
    tx.execute(
        "UPDATE mailbox SET modseq = modseq + 1, messages = messages - ?2, unseen = unseen - ?3 WHERE id = ?1",
        (mailbox.id.0, doomed.len(), unseen),
    )?;
    counter::add(tx, mailbox.account, -octets, -count(doomed.len()))?;
    change::record_vanished(tx, mailbox, doomed.iter().map(|message| message.uid))?;
    tx.touch(mailbox.id);
    Ok(())
}

/// Removes every message of a mailbox that is itself about to go.
pub(super) fn remove_all(tx: &mut Tx<'_>, mailbox: &Mailbox) -> Result<(), StoreError> {
    loop {
        let doomed = rows_after(tx, mailbox.id, 0, BATCH_MESSAGES_MAX)?;
        if doomed.is_empty() {
            return Ok(());
        }
        remove(tx, mailbox, &doomed)?;
    }
}

/// Moves every message; the one that renames INBOX.
pub(super) fn move_all(tx: &mut Tx<'_>, from: &Mailbox, to: &Mailbox) -> Result<(), StoreError> {
    loop {
        let uids: Vec<u32> =
            rows_after(tx, from.id, 0, BATCH_MESSAGES_MAX)?.iter().map(|message| message.uid).collect();
        if uids.is_empty() {
            return Ok(());
        }
        move_to(tx, from.id, &uids, to.id)?;
    }
}

/// Writes the row of a message whose UID was just given to it.
fn insert_row(tx: &mut Tx<'_>, mailbox: MailboxId, message: &Message) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO message (mailbox, uid, content, system_flags, keywords, modseq, internal_date, octets) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        (
            mailbox.0,
            message.uid,
            message.content.0,
            message.flags.system,
            column::keywords(&message.flags),
            message.modseq,
            message.internal_date.0,
            message.octets,
        ),
    )?;
    tx.refer(message.content);
    Ok(())
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Message> {
    Ok(Message {
        uid: row.get(0)?,
        content: ContentId(row.get(1)?),
        flags: column::flags(row, 2)?,
        modseq: row.get(4)?,
        internal_date: Timestamp(row.get(5)?),
        octets: row.get(6)?,
    })
}

/// UIDs each once and ascending, as COPYUID wants them.
pub(super) fn ascending(uids: &[u32]) -> Vec<u32> {
    let mut uids = uids.to_vec();
    uids.sort_unstable();
    uids.dedup();
    uids
}

/// RFC 9051 §2.3.1.1: UIDs are 32 bits. A mailbox that used them up takes no more mail; a new one does.
fn uid_of(number: i64) -> Result<u32, StoreError> {
    u32::try_from(number)
        .ok()
        .filter(|uid| *uid < u32::MAX)
        .ok_or(StoreError::Limit { what: "UIDs in a mailbox", max: u32::MAX as usize })
}

/// Octets as SQLite keeps them. A message is far smaller than 2^63 octets.
pub(super) fn signed(octets: u64) -> i64 {
    i64::try_from(octets).unwrap_or(i64::MAX)
}

fn count(messages: usize) -> i64 {
    i64::try_from(messages).unwrap_or(i64::MAX)
}
