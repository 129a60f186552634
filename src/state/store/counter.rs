//! The account's counters, changed in the transaction of the rows that they count.

use super::{AccountId, StoreError, Tx};

/// Adds to (or takes from) what the account holds.
pub(super) fn add(tx: &Tx<'_>, account: AccountId, octets: i64, messages: i64) -> Result<(), StoreError> {
    let changed = tx.execute(
        "UPDATE account SET octets = octets + ?2, messages = messages + ?3 WHERE id = ?1",
        (account.0, octets, messages),
    )?;
    if changed == 1 { Ok(()) } else { Err(StoreError::NoAccount) }
}
