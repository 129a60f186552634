//! IMAP4rev1 (RFC 3501), server side, without I/O.
//!
//! [`ServerSession`] is the state machine: bytes in, bytes and questions out ([`Ask`], [`Answer`]).
//! Below it stand, in the order in which they may import each other: [`sequence`] sets, [`utf7`] mailbox
//! names, [`encode`] for what goes out, [`message`] (MIME as IMAP sees it, over bytes), [`search`] (criteria and
//! their evaluation), [`command`] (what a client can say, as data), [`question`], [`token`] (the lexer), [`ext`]
//! (one file an extension), [`parse`] (framing and grammar).
//!
//! Standards: RFC 3501 with its errata; RFC 2177 IDLE, 2342 NAMESPACE, 2971 ID, 3348 CHILDREN, 3691 UNSELECT, 4315
//! UIDPLUS, 4959 SASL-IR, 5161 ENABLE, 5258 LIST-EXTENDED, 5530 response codes, 5819 LIST-STATUS, 6154
//! SPECIAL-USE, 6851 MOVE, 7888 LITERAL+, 9208 QUOTA.
//!
//! Invariants:
//! - No login before TLS. LOGINDISABLED says so, and LOGIN and AUTHENTICATE refuse (RFC 3501 §6.2, RFC 8314 §4.1).
//! - What a session holds is bounded: one command ([`crate::ground::limits`]), four octets for each message
//!   of the selected mailbox, one batch of an answer. Message bytes leave through `Outputs::body` and enter the wire
//!   as splices of stored content.
//! - EXPUNGE is never sent during FETCH, STORE or SEARCH (RFC 3501 §7.4.1).
//! - Nothing is `OK` before the store has it: APPEND, COPY, MOVE, STORE and EXPUNGE answer after the `Answer`.
//!
//! Choices: no message is ever `\Recent` (RFC 3501 allows it for a server with several concurrent sessions,
//! IMAP4rev2 abolished the flag); INTERNALDATE is shown in UTC; deleting a mailbox ends its subscription.
//!
//! What it does not do: IMAP4rev2, CONDSTORE, ESEARCH, BINARY, MULTIAPPEND, ACL, a client.

pub mod command;
pub mod encode;
pub mod ext;
pub mod message;
pub mod parse;
pub mod question;
pub mod search;
pub mod sequence;
pub mod session;
pub mod token;
pub mod utf7;

pub use question::{Answer, Ask};
pub use session::{Config, ServerSession, TlsOffer};
