//! A mailbox's row, as the other files read it.

use super::{AccountId, MailboxId, StoreError, View};
use crate::vocabulary::mail::SpecialUse;

/// A mailbox's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    pub id: MailboxId,
    pub account: AccountId,
    pub name: String,
    pub special_use: Option<SpecialUse>,
    pub uidvalidity: u32,
    /// The UID that the next message will get, at least.
    pub uidnext: u32,
    /// RFC 7162 §3.1: the highest mod-sequence of the mailbox.
    pub modseq: u64,
    pub messages: u32,
    pub unseen: u32,
    pub subscribed: bool,
    /// Expunges at or before this mod-sequence are forgotten.
    pub(super) vanished_floor: u64,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, account, name, special_use, uidvalidity, uidnext, modseq, messages, unseen, subscribed, ",
            "vanished_floor FROM mailbox ",
            $rest
        )
    };
}

/// The row as it is now: STATUS, and the head of SELECT.
///
/// # Errors
/// [`StoreError::NoMailbox`] once it was deleted.
pub fn status(view: &View<'_>, mailbox: MailboxId) -> Result<Mailbox, StoreError> {
    view.first(select!("WHERE id = ?1"), [mailbox.0], read)?.ok_or(StoreError::NoMailbox)
}

/// All of an account, by name.
pub(super) fn all(view: &View<'_>, account: AccountId) -> Result<Vec<Mailbox>, StoreError> {
    view.all(select!("WHERE account = ?1 ORDER BY name"), [account.0], read)
}

/// The one of that normalised name.
pub(super) fn named(view: &View<'_>, account: AccountId, name: &str) -> Result<Option<Mailbox>, StoreError> {
    view.first(select!("WHERE account = ?1 AND name = ?2"), (account.0, name), read)
}

/// Mailboxes below `name`. `0` follows `/`, so this is one range of the index.
pub(super) fn below(view: &View<'_>, account: AccountId, name: &str) -> Result<Vec<Mailbox>, StoreError> {
    view.all(
        select!("WHERE account = ?1 AND name > ?2 AND name < ?3 ORDER BY name"),
        (account.0, format!("{name}/"), format!("{name}0")),
        read,
    )
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Mailbox> {
    Ok(Mailbox {
        id: MailboxId(row.get(0)?),
        account: AccountId(row.get(1)?),
        name: row.get(2)?,
        special_use: row.get::<_, Option<i64>>(3)?.and_then(special_use_of),
        uidvalidity: row.get(4)?,
        uidnext: row.get(5)?,
        modseq: row.get(6)?,
        messages: row.get(7)?,
        unseen: row.get(8)?,
        subscribed: row.get(9)?,
        vanished_floor: row.get(10)?,
    })
}

/// The numbers of the column; the order is for ever.
const SPECIAL_USES: [SpecialUse; 7] = [
    SpecialUse::All,
    SpecialUse::Archive,
    SpecialUse::Drafts,
    SpecialUse::Flagged,
    SpecialUse::Junk,
    SpecialUse::Sent,
    SpecialUse::Trash,
];

pub(super) fn special_use_number(special_use: SpecialUse) -> Option<usize> {
    SPECIAL_USES.iter().position(|s| *s == special_use)
}

fn special_use_of(number: i64) -> Option<SpecialUse> {
    SPECIAL_USES.get(usize::try_from(number).ok()?).copied()
}
