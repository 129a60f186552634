//! The server's half of POP3: a maildrop that is read, and emptied when the client says good-bye.
//!
//! [`ServerSession`] is fed lines and asks ([`Ask`]) whatever needs the world. The order is always
//! `Sasl`+, `Open`, then any number of `Fetch`, then at most one `Update`, after which it closes.
//!
//! Standards: RFC 1939 (with TOP and UIDL), RFC 2449 (CAPA, RESP-CODES, PIPELINING), RFC 2595 (STLS),
//! RFC 3206 (SYS/TEMP, AUTH), RFC 5034 (SASL), RFC 8314 (no password in clear).
//!
//! Invariants:
//! - USER, PASS and AUTH are refused, and not announced, until TLS stands, whatever the listener's mode.
//! - The maildrop is what [`Answer::Maildrop`] said at login; numbers and sizes do not change. A message that
//!   somebody removed meanwhile is answered with `-ERR`.
//! - Messages are removed by QUIT alone, all marked ones in one transaction, and `+OK` comes after it. A
//!   connection that ends otherwise removes nothing (RFC 1939 §6).
//! - After STLS the session knows nothing of what was said before (RFC 2595 §4).
//! - What is held of a maildrop is bounded by `limits::POP3_MESSAGES_MAX`.
//!
//! Not here: APOP (it needs the password in clear on the server), UTF8 and LANG (RFC 6856), and the
//! exclusive lock: // DEVIATION RFC 1939 §4: other sessions, IMAP's among them, may change the mailbox
//! meanwhile; numbers stand for UIDs here, so nothing wrong can be removed.

mod authentication;
mod command;
mod session;
mod top;

use crate::protocol::ContentRef;
use crate::protocol::sasl::{self, Mechanism};
use crate::vocabulary::mail::{Address, Domain};

pub use session::ServerSession;
pub use top::Top;

/// When TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsMode {
    /// Before the first octet (RFC 8314 §3).
    Implicit,
    /// Never, so that nobody can log in.
    None,
    /// By STLS.
    Starttls,
}

/// What a listener's sessions have in common.
#[derive(Debug, Clone)]
pub struct Config {
    pub tls: TlsMode,
    /// Our name in the greeting.
    pub host: Domain,
    /// Announced under TLS; `SCRAM-SHA-256-PLUS` only with an exporter.
    pub mechanisms: Vec<Mechanism>,
}

/// A message of the maildrop, as it was at login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    pub uid: u32,
    pub octets: u64,
}

/// All of a maildrop that a session needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maildrop {
    pub uidvalidity: u32,
    /// Ascending by UID; at most `limits::POP3_MESSAGES_MAX`, the newest.
    pub messages: Vec<Message>,
}

/// What the session needs to know or to have done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Make a message's bytes ready to be sent. `lines`: only the header and so many lines of the body
    /// (TOP). Answered by [`Answer::Content`], [`Answer::Gone`] or [`Answer::Unavailable`].
    Fetch { uid: u32, lines: Option<u64> },
    /// Somebody has logged in. Answered by [`Answer::Maildrop`] or [`Answer::Unavailable`].
    Open { account: Address },
    /// Answered by [`Answer::Sasl`].
    Sasl(sasl::Question),
    /// Remove these messages, all or none. Answered by [`Answer::Updated`] or [`Answer::Unavailable`].
    Update { uids: Vec<u32> },
}

/// The answer to an [`Ask`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The message's content, and how many octets of it are to be sent.
    Content {
        content: ContentRef,
        octets: u64,
    },
    /// Somebody else removed the message.
    Gone,
    Maildrop(Maildrop),
    Sasl(sasl::Answer),
    /// The environment failed; later it may work.
    Unavailable,
    /// The removal is on stable storage.
    Updated,
}
