//! Local delivery: one content into the mailboxes of several accounts, in one transaction.

use super::message::{self, Appended};
use super::{AccountId, ContentId, MailboxId, StoreError, Tx, account, counter, mailbox};
use crate::ground::clock::Timestamp;
use crate::vocabulary::mail::{Address, Flags};

/// Puts `content` into `mailbox` of each account, INBOX where an account has no such mailbox. Accounts
/// are made on first use. Quota was asked at RCPT TO; a message that was let in is not lost to a race.
///
/// # Errors
/// [`StoreError::NoContent`], [`StoreError::Rows`]; then none of the accounts got it.
pub fn deliver(
    tx: &mut Tx<'_>,
    content: ContentId,
    accounts: &[Address],
    mailbox: &str,
    date: Timestamp,
) -> Result<Vec<Appended>, StoreError> {
    let octets = tx.content_octets(content)?;
    let mut delivered = Vec::with_capacity(accounts.len());
    for address in accounts {
        let (account, inbox) = count_in(tx, address, octets, date)?;
        let target = match mailbox {
            "INBOX" => inbox,
            other => mailbox::find(tx, account, other)?.map_or(inbox, |mailbox| mailbox.id),
        };
        let (appended, _) = message::insert(tx, target, content, &Flags::default(), date, octets)?;
        delivered.push(appended);
    }
    Ok(delivered)
}

/// Counts the message in, which finds the account by the way: one statement on the common path.
fn count_in(
    tx: &mut Tx<'_>,
    address: &Address,
    octets: u64,
    date: Timestamp,
) -> Result<(AccountId, MailboxId), StoreError> {
    let found = tx.first(
        "UPDATE account SET octets = octets + ?2, messages = messages + 1 WHERE address = ?1 RETURNING id, inbox",
        (address.canonical().to_string(), octets),
        |row| Ok((AccountId(row.get(0)?), MailboxId(row.get(1)?))),
    )?;
    if let Some(found) = found {
        return Ok(found);
    }
    let account = account::ensure(tx, address, date)?;
    counter::add(tx, account.id, message::signed(octets), 1)?;
    Ok((account.id, account.inbox))
}
