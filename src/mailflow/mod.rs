//! Mail flow: what becomes of one message, from its last octet to its last recipient.
//!
//! [`routing`] and [`receivers`] say who receives (RFC 5321 §3.6, RFC 5233), [`relaying`] for whom mail is taken,
//! [`recipients`] applies both to a transaction, [`forwarding`] and [`srs`] say under which sender mail goes on to
//! others, [`submission`] who may send as whom and what a
//! submission server mends (RFC 6409), [`signing`] puts DKIM on what leaves (RFC 6376, RFC 8463), [`trace`]
//! writes Return-Path and Received (RFC 5321 §4.4), [`schedule`] says when to try again, [`handover`] gives
//! an accepted message to the store in one transaction, and [`delivery`] takes it from the queue to other
//! servers.
//!
//! Invariants: resolving a recipient is a function of the plan and the address, nothing else; a message
//! is acknowledged only with the store's proof that mailbox rows and queue rows are durable; whatever
//! happens to a recipient of a queued message happens in one transaction.
//!
//! What it does not do: it opens no socket (connections come through a trait that `runtime/net`
//! implements), parses no SMTP, and checks no content: SPF, DMARC and filters are to stand in `check/`.

pub mod delivery;
pub mod forwarding;
pub mod handover;
pub mod header;
pub mod receivers;
pub mod recipients;
pub mod relaying;
pub mod routing;
#[cfg(test)]
mod sample;
pub mod schedule;
pub mod signing;
pub mod srs;
pub mod submission;
pub mod trace;
