//! What is due, and who works on it.

use super::entry::{QueueMessage, QueueRecipient, RecipientId, message, read_recipient};
use crate::ground::clock::Timestamp;
use crate::state::store::{Leases, Store, StoreError};

/// One message with its recipients that are due. They are leased until this is dropped, so drop it only
/// after the outcomes are recorded; whatever was not recorded is due again.
#[derive(Debug)]
pub struct Due {
    pub message: QueueMessage,
    pub recipients: Vec<QueueRecipient>,
    leases: Leases,
    /// Kept apart, so that a worker may take `recipients` to pieces.
    held: Vec<i64>,
}

impl Drop for Due {
    fn drop(&mut self) {
        let mut leased = self.leases.lock();
        for recipient in &self.held {
            leased.remove(recipient);
        }
    }
}

/// Leases what is due at `now`: at most `limit` recipients, grouped by message.
///
/// # Errors
/// [`StoreError::Rows`], [`StoreError::Damaged`].
pub fn due(store: &Store, now: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
    let leases = store.leases();
    // Held while reading: a worker that lets go of a recipient now committed its outcome before, and
    // could otherwise slip between our older snapshot and the look at the set.
    let mut held = leases.lock();
    let mut found = store.read(|view| {
        let mut found: Vec<Due> = Vec::new();
        let mut taken = 0;
        let rows = view.all(
            "SELECT id, message, forward_path, state, attempts, next_attempt, last_reply FROM queue_recipient \
             WHERE state = 0 AND next_attempt <= ?1 ORDER BY next_attempt LIMIT ?2",
            (now.0, limit.saturating_add(held.len())),
            read_recipient,
        )?;
        for row in rows {
            let recipient = row?;
            if taken == limit || held.contains(&recipient.id.0) {
                continue;
            }
            taken += 1;
            match found.iter_mut().find(|due| due.message.id == recipient.message) {
                Some(due) => due.recipients.push(recipient),
                None => {
                    let Some(message) = message(view, recipient.message)? else { continue };
                    found.push(Due { message, recipients: vec![recipient], leases: Leases::default(), held: vec![] });
                }
            }
        }
        Ok(found)
    })?;
    // Only now, when nothing can fail any more, do they become leases.
    for due in &mut found {
        due.held = due.recipients.iter().map(|recipient| recipient.id.0).collect();
        held.extend(&due.held);
        due.leases = leases.clone();
    }
    Ok(found)
}

/// When the earliest recipient that nobody works on is due; `None` if none waits.
///
/// # Errors
/// [`StoreError::Rows`].
pub fn next_due(store: &Store) -> Result<Option<Timestamp>, StoreError> {
    let leases = store.leases();
    let held = leases.lock();
    store.read(|view| {
        let rows = view.all(
            "SELECT id, next_attempt FROM queue_recipient WHERE state = 0 ORDER BY next_attempt LIMIT ?1",
            [held.len().saturating_add(1)],
            |row| Ok((RecipientId(row.get(0)?), Timestamp(row.get(1)?))),
        )?;
        Ok(rows.into_iter().find(|(id, _)| !held.contains(&id.0)).map(|(_, at)| at))
    })
}
