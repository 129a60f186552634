//! The server's half of SMTP: relaying on port 25 and submission on 465 and 587.
//!
//! [`ServerSession`] is fed bytes and asks ([`Ask`]) whatever needs the world; [`Answer`]s bring the
//! reply or the permission. The order of one message's questions is always
//! `MailFrom`, `RcptTo`+, `Begin`, then exactly one of `Accept` and `Discard`.
//!
//! Standards: RFC 5321, RFC 6409 and the extensions named in [`super`].
//!
//! Invariants:
//! - `250` after the message is written only on [`Answer::Stored`], which needs a proof `P` that only
//!   durable storage can make.
//! - Only CRLF `.` CRLF ends DATA. A message with a bare CR or LF anywhere is refused whole (SMTP
//!   smuggling, CVE-2023-51764): our idea of where a message ends is then everybody's.
//! - On port 25 AUTH is never offered and never works; TLS is offered, never required (RFC 3207 §4).
//!   On a submission listener nothing goes before TLS but EHLO, STARTTLS, NOOP and QUIT, and no mail
//!   before AUTH (RFC 3207 §4, RFC 8314 §3.3, RFC 6409 §4.3).
//! - After STARTTLS the session knows nothing of what was said before (RFC 3207 §4.2).
//!
//! The driver's part: bytes in `Outputs::body` are appended to the message that `Begin` opened *before*
//! the request of the same call is served. When the connection ends (or the session closes) between
//! `Begin` and `Accept`, no `Discard` comes: the end itself discards.
//!
//! Not here: who may send what to whom, trace fields, loop detection (the count of Received fields is
//! handed to `Accept`), rate limits, time-outs.

mod authentication;
mod command;
mod content;
mod path;
mod reply;
mod session;
mod state;
mod transaction;
mod transfer;

use std::sync::Arc;

use crate::protocol::TlsFacts;
use crate::protocol::sasl::{self, Mechanism};
use crate::vocabulary::mail::{Address, Domain, Envelope, Recipient, Reply, ReversePath};

pub use state::ServerSession;

/// What a listener is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// From anybody, for our domains. Never AUTH.
    Smtp,
    /// From our users, for anybody (RFC 6409). Nothing without AUTH.
    Submission,
}

/// When TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsMode {
    /// Before the first octet (RFC 8314 §3).
    Implicit,
    None,
    /// Offered, never required.
    Starttls,
    StarttlsRequired,
}

/// What a listener's sessions have in common.
#[derive(Debug, Clone)]
pub struct Config {
    pub kind: Kind,
    pub tls: TlsMode,
    /// Our name in the greeting, and the domain of a `<Postmaster>` that comes without one.
    pub host: Domain,
    /// RFC 1870.
    pub message_octets_max: u64,
    /// RFC 5321 §4.5.3.1.8 asks for at least 100.
    pub recipients_max: u32,
    /// Announced under TLS on a submission listener; `SCRAM-SHA-256-PLUS` only with an exporter.
    pub mechanisms: Vec<Mechanism>,
}

/// Everything known of a message when its content begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    pub envelope: Envelope,
    /// Who logged in; `None` on port 25.
    pub account: Option<Address>,
    /// The argument of EHLO or HELO, as given: letters and digits of any script and `-._:[]`.
    pub helo: String,
    pub tls: Option<TlsFacts>,
    /// The Received field's `with` (RFC 3848, RFC 6531 §4.3): `SMTP`, `ESMTP`, `ESMTPS`, `ESMTPSA`,
    /// `UTF8SMTP`, `UTF8SMTPS`, `UTF8SMTPSA`.
    pub with: &'static str,
}

/// What the session needs to know or to have done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// The last octet is in. Answered by [`Answer::Stored`] or [`Answer::Refuse`]; after a refusal the
    /// message is gone. `octets` counts the message without its trace prefix; `received_fields` counts
    /// the Received fields in its header (RFC 5321 §6.3).
    Accept { transaction: Arc<Transaction>, octets: u64, received_fields: usize },
    /// Content follows in `Outputs::body`. Answered by [`Answer::Proceed`] or [`Answer::Refuse`].
    Begin { transaction: Arc<Transaction> },
    /// The message that `Begin` opened will not be accepted: drop it. Answered by [`Answer::Ok`].
    Discard,
    /// Answered by [`Answer::Ok`] or [`Answer::Refuse`]. `declared_octets` is SIZE= (RFC 1870 §6.1),
    /// already compared with the maximum.
    MailFrom { reverse_path: ReversePath, declared_octets: Option<u64>, account: Option<Address> },
    /// Answered by [`Answer::Ok`] or [`Answer::Refuse`]. `count` recipients were accepted before.
    RcptTo { recipient: Recipient, account: Option<Address>, count: u32 },
    /// Answered by [`Answer::Sasl`].
    Sasl(sasl::Question),
}

/// The answer to an [`Ask`]. `P` is the proof of durability.
#[derive(Debug)]
pub enum Answer<P> {
    Ok,
    /// `trace` is written to `Outputs::body` before the message: whole header fields, each with CRLF.
    Proceed {
        trace: Vec<u8>,
    },
    /// A 4yz or 5yz reply, sent as it is. Code 421 also closes the connection (RFC 5321 §3.8).
    Refuse(Reply),
    Sasl(sasl::Answer),
    /// The message is on stable storage. `id` is shown to the peer.
    Stored {
        proof: P,
        id: String,
    },
}
