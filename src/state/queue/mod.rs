//! The queue: what is still to be sent to other servers (RFC 5321 §4.5.4.1).
//!
//! Its rows live in the store's database and change in the store's transactions, so a message is queued
//! by the same commit that lets the server say `250`. One row for the message, one for each recipient.
//!
//! Invariants:
//! - A content stays as long as a queue row refers to it, whatever happens to mailboxes.
//! - A recipient is leased to at most one worker at a time ([`Due`]). A lease lives in memory only:
//!   there is one server process, so a crash voids all leases by itself.
//! - An outcome is recorded once: for a recipient that is gone or settled, recording says so and
//!   changes nothing.
//!
//! It does not know servers, DNS or when to try again: the worker computes the next attempt.

mod entry;
mod lease;

pub use entry::{
    NewMessage, Outcome, QueueId, QueueMessage, QueueRecipient, RecipientId, RecipientState, count, enqueue, finish,
    is_delay_noticed, list, message, note_delay, recipients, record, remove, retry,
};
pub use lease::{Due, due, next_due};
