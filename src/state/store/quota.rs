//! Quota: the account's counters, kept in the same transaction as the rows they count (RFC 9208 STORAGE
//! and MESSAGE). The limit itself belongs to the plan, so callers bring it.

use super::{AccountId, MailboxId, StoreError, View, message};

/// What an account holds, all mailboxes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    pub octets: u64,
    pub messages: u64,
}

/// # Errors
/// [`StoreError::NoAccount`].
pub fn usage(view: &View<'_>, account: AccountId) -> Result<Usage, StoreError> {
    view.first("SELECT octets, messages FROM account WHERE id = ?1", [account.0], |row| {
        Ok(Usage { octets: row.get(0)?, messages: row.get(1)? })
    })?
    .ok_or(StoreError::NoAccount)
}

/// Whether `more` octets fit under `limit` (`None`: everything fits).
///
/// # Errors
/// [`StoreError::OverQuota`], [`StoreError::NoAccount`].
pub fn check(view: &View<'_>, account: AccountId, limit: Option<u64>, more: u64) -> Result<(), StoreError> {
    let Some(limit) = limit else { return Ok(()) };
    if usage(view, account)?.octets.saturating_add(more) > limit { Err(StoreError::OverQuota) } else { Ok(()) }
}

/// What those of `uids` that exist weigh: the `more` of a COPY.
///
/// # Errors
/// [`StoreError::Rows`].
pub fn octets_of(view: &View<'_>, mailbox: MailboxId, uids: &[u32]) -> Result<u64, StoreError> {
    Ok(message::rows(view, mailbox, uids)?.iter().map(|message| message.octets).sum())
}
