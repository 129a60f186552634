//! Mailboxes: names, hierarchy, UIDVALIDITY (RFC 9051 §2.3.1.1, §5.1, §6.3).
//!
//! Names are UTF-8 with `/` between levels. A first level `INBOX` in any case is `INBOX`. Whenever a
//! mailbox is made or renamed it gets a UIDVALIDITY higher than any that the account ever gave, so a
//! name can never show old UIDs with new messages behind them.

pub use super::row::{Mailbox, status};
use super::{AccountId, MailboxId, StoreError, Tx, View, message, retention, row};
use crate::ground::limits;
use crate::vocabulary::mail::SpecialUse;

/// The hierarchy separator.
pub const SEPARATOR: char = '/';

/// The stored form of a name: a first level `inbox` becomes `INBOX`, one trailing separator goes
/// (RFC 3501 §6.3.3 lets clients announce children that way).
///
/// # Errors
/// [`StoreError::Name`]: empty, too long, an empty level, a control character, or a wildcard of LIST.
pub fn normalise(name: &str) -> Result<String, StoreError> {
    let name = name.strip_suffix(SEPARATOR).unwrap_or(name);
    if name.is_empty() {
        return Err(StoreError::Name("it is empty"));
    }
    if name.len() > limits::MAILBOX_NAME_OCTETS_MAX {
        return Err(StoreError::Name("it is too long"));
    }
    if name.split(SEPARATOR).any(str::is_empty) {
        return Err(StoreError::Name("a level is empty"));
    }
    if name.chars().any(|c| c.is_control() || matches!(c, '*' | '%' | '\u{2028}' | '\u{2029}')) {
        return Err(StoreError::Name("it holds a control character or a wildcard"));
    }
    let (first, rest) = name.split_at(name.find(SEPARATOR).unwrap_or(name.len()));
    let first = if first.eq_ignore_ascii_case("INBOX") { "INBOX" } else { first };
    Ok(format!("{first}{rest}"))
}

/// All mailboxes of an account, by name; at most [`limits::MAILBOXES_MAX`].
///
/// # Errors
/// [`StoreError::Rows`].
pub fn list(view: &View<'_>, account: AccountId) -> Result<Vec<Mailbox>, StoreError> {
    row::all(view, account)
}

/// The mailbox of that name; `None` also for a name that none can have.
///
/// # Errors
/// [`StoreError::Rows`].
pub fn find(view: &View<'_>, account: AccountId, name: &str) -> Result<Option<Mailbox>, StoreError> {
    match normalise(name) {
        Ok(name) => row::named(view, account, &name),
        Err(_) => Ok(None),
    }
}

/// CREATE (RFC 9051 §6.3.4), with the parents that are missing.
///
/// # Errors
/// [`StoreError::Exists`], [`StoreError::Name`], [`StoreError::Limit`].
pub fn create(
    tx: &mut Tx<'_>,
    account: AccountId,
    name: &str,
    special_use: Option<SpecialUse>,
) -> Result<Mailbox, StoreError> {
    let name = normalise(name)?;
    if find(tx, account, &name)?.is_some() {
        return Err(StoreError::Exists);
    }
    create_parents(tx, account, &name)?;
    room_for(tx, account, 1)?;
    let id = insert(tx, account, &name, special_use, false)?;
    status(tx, id)
}

/// DELETE (RFC 9051 §6.3.5): the mailbox and its messages. Not one with children: the answer then is
/// `NO [HASCHILDREN]`.
///
/// # Errors
/// [`StoreError::Inbox`], [`StoreError::HasChildren`], [`StoreError::NoMailbox`].
pub fn delete(tx: &mut Tx<'_>, account: AccountId, name: &str) -> Result<(), StoreError> {
    let mailbox = find(tx, account, name)?.ok_or(StoreError::NoMailbox)?;
    if mailbox.name == "INBOX" {
        return Err(StoreError::Inbox);
    }
    if !row::below(tx, account, &mailbox.name)?.is_empty() {
        return Err(StoreError::HasChildren);
    }
    message::remove_all(tx, &mailbox)?;
    tx.execute("DELETE FROM vanished WHERE mailbox = ?1", [mailbox.id.0])?;
    retention::forget(tx, mailbox.id)?;
    tx.execute("DELETE FROM mailbox WHERE id = ?1", [mailbox.id.0])?;
    tx.touch(mailbox.id);
    Ok(())
}

/// RENAME (RFC 9051 §6.3.6), children included. Renaming INBOX moves its messages into a new mailbox
/// and leaves INBOX empty, with its children where they were.
///
/// # Errors
/// [`StoreError::NoMailbox`], [`StoreError::Exists`], [`StoreError::Inbox`], [`StoreError::Name`] (also
/// for a mailbox moved below itself), [`StoreError::Limit`].
pub fn rename(tx: &mut Tx<'_>, account: AccountId, from: &str, to: &str) -> Result<(), StoreError> {
    let mailbox = find(tx, account, from)?.ok_or(StoreError::NoMailbox)?;
    let to = normalise(to)?;
    if find(tx, account, &to)?.is_some() {
        return Err(if to == "INBOX" { StoreError::Inbox } else { StoreError::Exists });
    }
    if mailbox.name == "INBOX" {
        let target = create(tx, account, &to, None)?;
        return message::move_all(tx, &mailbox, &target);
    }
    if to.strip_prefix(&mailbox.name).is_some_and(|rest| rest.starts_with(SEPARATOR)) {
        return Err(StoreError::Name("a mailbox cannot be moved below itself"));
    }
    let mut moved = row::below(tx, account, &mailbox.name)?;
    for child in &moved {
        if to.len() + child.name.len() - mailbox.name.len() > limits::MAILBOX_NAME_OCTETS_MAX {
            return Err(StoreError::Name("the name of a child would be too long"));
        }
    }
    create_parents(tx, account, &to)?;
    moved.push(mailbox.clone());
    for each in moved {
        let rest = each.name.strip_prefix(&mailbox.name).unwrap_or_default();
        let uidvalidity = next_uidvalidity(tx, account)?;
        tx.execute(
            "UPDATE mailbox SET name = ?2, uidvalidity = ?3 WHERE id = ?1",
            (each.id.0, format!("{to}{rest}"), uidvalidity),
        )?;
        tx.touch(each.id);
    }
    Ok(())
}

/// SUBSCRIBE and UNSUBSCRIBE (RFC 9051 §6.3.7). Only what exists can be subscribed to.
///
/// # Errors
/// [`StoreError::NoMailbox`].
pub fn subscribe(tx: &mut Tx<'_>, account: AccountId, name: &str, subscribed: bool) -> Result<(), StoreError> {
    let mailbox = find(tx, account, name)?.ok_or(StoreError::NoMailbox)?;
    tx.execute("UPDATE mailbox SET subscribed = ?2 WHERE id = ?1", (mailbox.id.0, subscribed))?;
    Ok(())
}

/// Makes the row. The name is normalised and free.
pub(super) fn insert(
    tx: &mut Tx<'_>,
    account: AccountId,
    name: &str,
    special_use: Option<SpecialUse>,
    subscribed: bool,
) -> Result<MailboxId, StoreError> {
    let uidvalidity = next_uidvalidity(tx, account)?;
    tx.execute(
        "INSERT INTO mailbox (account, name, special_use, uidvalidity, uidnext, modseq, messages, unseen, subscribed) \
         VALUES (?1, ?2, ?3, ?4, 1, 1, 0, 0, ?5)",
        (account.0, name, special_use.and_then(row::special_use_number), uidvalidity, subscribed),
    )?;
    Ok(MailboxId(tx.last_id()))
}

fn create_parents(tx: &mut Tx<'_>, account: AccountId, name: &str) -> Result<(), StoreError> {
    for (at, _) in name.match_indices(SEPARATOR) {
        let (parent, _) = name.split_at(at);
        if find(tx, account, parent)?.is_none() {
            room_for(tx, account, 1)?;
            insert(tx, account, parent, None, false)?;
        }
    }
    Ok(())
}

fn room_for(view: &View<'_>, account: AccountId, more: usize) -> Result<(), StoreError> {
    let count =
        view.first("SELECT COUNT(*) FROM mailbox WHERE account = ?1", [account.0], |row| row.get::<_, usize>(0))?;
    if count.unwrap_or(0) + more > limits::MAILBOXES_MAX {
        return Err(StoreError::Limit { what: "mailboxes in an account", max: limits::MAILBOXES_MAX });
    }
    Ok(())
}

fn next_uidvalidity(tx: &Tx<'_>, account: AccountId) -> Result<u32, StoreError> {
    tx.first(
        "UPDATE account SET uidvalidity_next = uidvalidity_next + 1 WHERE id = ?1 RETURNING uidvalidity_next - 1",
        [account.0],
        |row| row.get(0),
    )?
    .ok_or(StoreError::NoAccount)
}
