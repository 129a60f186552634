//! State: what must survive a crash.
//!
//! [`store`] keeps accounts, mailboxes and message bytes; [`queue`] keeps what is still to be sent, in
//! the same transactions. Both are blocking code: callers bring their own threads, and hear of a commit
//! through a callback. Nothing here knows SMTP, IMAP or POP3, and nothing here reads a clock.

pub mod queue;
pub mod store;
