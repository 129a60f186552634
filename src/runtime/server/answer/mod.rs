//! What sessions hear from the world: one file a protocol, and the login they share.
//!
//! An answerer lives as long as its connection and holds what the connection has open: the message
//! being received, the account that is logged in. It decides nothing that mail flow or the store could
//! decide; it asks them and translates.

pub mod imap;
pub mod login;
pub mod pop3;
pub mod smtp;
