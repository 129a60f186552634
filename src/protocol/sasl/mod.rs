//! SASL (RFC 4422): proving who one is, independent of the protocol that carries the exchange.
//!
//! Mechanisms: PLAIN (RFC 4616), LOGIN (draft-murchison-sasl-login), SCRAM-SHA-256 and
//! SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677) with the `tls-exporter` channel binding of RFC 9266.
//! User names and passwords are prepared by SASLprep (RFC 4013) before they are compared or hashed.
//!
//! The server's half is [`Exchange`]: SMTP, IMAP and POP3 take the base64 off, feed the client's
//! response and act on the [`Step`] that comes back. Where an account must be looked up the step is a
//! [`Question`]; whoever knows accounts gives an [`Answer`], and the exchange goes on. The client's
//! half, for relays, is [`client`].
//!
//! Invariants: a password is held as a [`Secret`] from the moment it is decoded; proofs are compared
//! in constant time; an unknown user, a user without a password and a wrong password take the same
//! steps and end in the same [`Failure::Rejected`].
//!
//! Not here: which mechanisms are offered (a protocol's session decides: only under TLS), counting
//! failures, OAUTHBEARER, EXTERNAL, and acting for somebody else: an authorization identity must be
//! empty or the user's own.

pub mod client;
mod exchange;
mod prep;
pub mod scram;

use std::fmt;

use crate::ground::secret::Secret;
use crate::vocabulary::mail::Address;

pub use exchange::Exchange;
pub use prep::prepare;

/// A mechanism's name in the registry of RFC 4422 §7.1. The order is the order of announcement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mechanism {
    Plain,
    Login,
    ScramSha256,
    ScramSha256Plus,
}

impl Mechanism {
    pub const ALL: [Self; 4] = [Self::Plain, Self::Login, Self::ScramSha256, Self::ScramSha256Plus];

    /// As it is announced and asked for, e.g. `SCRAM-SHA-256-PLUS`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha256Plus => "SCRAM-SHA-256-PLUS",
        }
    }

    /// The mechanism of that name; case does not matter (RFC 4422 §3.1 writes upper case, clients do not).
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|mechanism| mechanism.name().as_bytes().eq_ignore_ascii_case(name))
    }
}

/// What an exchange wants to know from whoever knows accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Is this the password of this user? Both are prepared by SASLprep. Answered by
    /// [`Answer::Accepted`], [`Answer::Rejected`] or [`Answer::Unavailable`].
    Password { user: String, password: Secret },
    /// The user's SCRAM keys. Answered by [`Answer::ScramKeys`], for an unknown user too (made-up keys
    /// that stay the same for the same name, so that nothing can be told apart), or `Unavailable`.
    ScramKeys { user: String },
    /// A SCRAM exchange has ended; `proved` says how. So that failures are counted and logged, and that
    /// the answerer has the last word. `proved` with `account` is answered by `Accepted` or `Rejected`;
    /// otherwise the answer changes nothing and the login fails.
    ScramOutcome { user: String, account: Option<Address>, proved: bool },
}

/// The answer to a [`Question`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The account that is now logged in, in canonical form.
    Accepted(Address),
    Rejected,
    ScramKeys(ScramKeys),
    /// The answer cannot be had now: a temporary failure, not the user's fault.
    Unavailable,
}

/// What RFC 5802 §5.1 has the server store, and a fresh nonce. Made by [`scram::derive`].
#[derive(Clone, PartialEq, Eq)]
pub struct ScramKeys {
    /// `None`: the keys are made up, and no proof will be accepted.
    pub account: Option<Address>,
    pub salt: Vec<u8>,
    /// RFC 7677 §4: at least 4096.
    pub iterations: u32,
    pub stored_key: [u8; 32],
    pub server_key: [u8; 32],
    /// The server's part of the nonce: at least 18 random octets as base64; printable, no comma.
    pub nonce: String,
}

impl fmt::Debug for ScramKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramKeys").field("account", &self.account).finish_non_exhaustive()
    }
}

/// What the carrying protocol does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Have this question answered; [`Exchange::answer`] follows.
    Ask(Question),
    /// Send this, base64-encoded; [`Exchange::respond`] with the decoded response follows.
    Challenge(Vec<u8>),
    Failure(Failure),
    Success {
        account: Address,
    },
}

/// Why an exchange failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The peer broke the mechanism's grammar or bound the wrong channel.
    #[error("the response does not follow the mechanism")]
    Malformed,
    #[error("authentication failed")]
    Rejected,
    #[error("authentication is temporarily not possible")]
    Unavailable,
}

/// What an exchange must know of the connection for channel binding (RFC 5802 §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Channel {
    /// RFC 9266 §2, from [`crate::protocol::TlsFacts`].
    pub exporter: Option<[u8; 32]>,
    /// Whether a `-PLUS` mechanism was announced: then a client that "would have, had the server" (`y`)
    /// is the victim of a downgrade.
    pub plus_offered: bool,
}
