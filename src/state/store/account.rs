//! Accounts: one row per canonical address, made on first use with INBOX and the default mailboxes.

use super::{AccountId, MailboxId, StoreError, Tx, View};
use crate::ground::clock::Timestamp;
use crate::vocabulary::mail::{Address, SpecialUse};

/// An account's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    /// Canonical address.
    pub address: String,
    pub inbox: MailboxId,
    /// What all its messages weigh together; a copy in a second mailbox counts again.
    pub octets: u64,
    pub messages: u64,
}

/// The account of `address`, if it has been used before.
///
/// # Errors
/// [`StoreError::Rows`].
pub fn find(view: &View<'_>, address: &Address) -> Result<Option<Account>, StoreError> {
    view.first(
        "SELECT id, address, inbox, octets, messages FROM account WHERE address = ?1",
        [address.canonical().to_string()],
        read,
    )
}

/// The account of `address`; makes it, with INBOX and [`SpecialUse::DEFAULT_MAILBOXES`], if need be.
/// `now` seeds the account's UIDVALIDITY, so that a store made anew never repeats an old one
/// (RFC 9051 §2.3.1.1).
///
/// # Errors
/// [`StoreError::Rows`].
pub fn ensure(tx: &mut Tx<'_>, address: &Address, now: Timestamp) -> Result<Account, StoreError> {
    if let Some(account) = find(tx, address)? {
        return Ok(account);
    }
    // RFC 9051 §2.3.1.1: a nonzero 32-bit number.
    let uidvalidity = now.seconds().clamp(1, i64::from(u32::MAX / 2));
    tx.execute(
        "INSERT INTO account (address, inbox, uidvalidity_next, octets, messages) VALUES (?1, 0, ?2, 0, 0)",
        (address.canonical().to_string(), uidvalidity),
    )?;
    let id = AccountId(tx.last_id());
    let inbox = super::mailbox::insert(tx, id, "INBOX", None, true)?;
    for (name, special_use) in SpecialUse::DEFAULT_MAILBOXES {
        super::mailbox::insert(tx, id, name, Some(special_use), true)?;
    }
    tx.execute("UPDATE account SET inbox = ?2 WHERE id = ?1", (id.0, inbox.0))?;
    find(tx, address)?.ok_or(StoreError::NoAccount)
}

/// Accounts whose address sorts after `after`, at most `limit`; ask again with the last one's address.
///
/// # Errors
/// [`StoreError::Rows`].
pub fn list(view: &View<'_>, after: &str, limit: usize) -> Result<Vec<Account>, StoreError> {
    view.all(
        "SELECT id, address, inbox, octets, messages FROM account WHERE address > ?1 ORDER BY address LIMIT ?2",
        (after, limit),
        read,
    )
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        id: AccountId(row.get(0)?),
        address: row.get(1)?,
        inbox: MailboxId(row.get(2)?),
        octets: row.get(3)?,
        messages: row.get(4)?,
    })
}
