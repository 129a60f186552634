//! The client's half of SMTP: one connection to another server, one or more messages over it.
//!
//! [`ClientSession`] implements [`crate::protocol::Session`]: whoever owns the socket feeds what the
//! server says and writes what the session leaves. When it is ready for a message it asks
//! [`Ask::Next`]; the answer is a [`Delivery`] or [`Answer::Quit`]. When the server closes the connection
//! the owner calls [`ClientSession::closed`], when [`ClientSession::wait`]'s time is over
//! [`crate::protocol::Session::timed_out`]; both lead to a last `Delivered` or `Failed`.
//!
//! Standards: RFC 5321 §4.1 to §4.3, PIPELINING (RFC 2920), SIZE (RFC 1870), 8BITMIME (RFC 6152),
//! SMTPUTF8 (RFC 6531), STARTTLS (RFC 3207), AUTH (RFC 4954).
//!
//! Invariants: a reply is bounded; credentials are sent only after [`crate::protocol::Session::tls_established`];
//! each recipient of a delivery gets exactly one [`Outcome`], whatever the server does.
//!
//! Not here: choosing hosts, verifying certificates, connecting, time (see [`Wait`]), retrying.

mod capabilities;
mod exchange;
mod reply;
mod session;

use std::time::Duration;

use crate::ground::secret::Secret;
use crate::protocol::{ContentRef, TlsFacts};
use crate::vocabulary::mail::{Address, BodyType, Domain, Reply, ReversePath};

pub use session::ClientSession;

/// What TLS the session asks the server for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsWish {
    /// STARTTLS is not used. Also after a handshake that failed, when the policy allows clear text.
    Never,
    /// STARTTLS if the server offers it.
    Opportunistic,
    /// The connection is TLS already: `tls_established` comes before `open`.
    Implicit,
    /// STARTTLS, or nothing is sent.
    Required,
}

/// What is done for an 8-bit message whose next hop does not offer 8BITMIME (RFC 6152 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EightBit {
    /// It fails with 5.6.3: what the RFC asks of a relay that cannot convert.
    Refuse,
    /// It is sent as it is: what the Internet does, since no server of today breaks it.
    SendAnyway,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    pub user: String,
    pub password: Secret,
    /// For SCRAM, fresh for each connection: 18 random octets as base64, or as good.
    pub nonce: String,
}

/// How to behave on a connection.
#[derive(Debug, Clone)]
pub struct Config {
    /// Our name in EHLO.
    pub helo: Domain,
    pub tls: TlsWish,
    /// For a relay. Never sent without TLS.
    pub credentials: Option<Credentials>,
    pub eight_bit: EightBit,
}

/// One message for one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub reverse_path: ReversePath,
    /// At least one.
    pub recipients: Vec<Address>,
    pub body: BodyType,
    /// The message has the SMTPUTF8 property; addresses that need it are noticed here.
    pub smtputf8: bool,
    /// Whole header fields, CRLF-terminated, sent before the content (DKIM-Signature). No line begins
    /// with a dot.
    pub prefix: Vec<u8>,
    pub content: ContentRef,
    /// The octets of the content to send.
    pub range: std::ops::Range<u64>,
}

/// Where a recipient's reply came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// We decided without asking: the server lacks an extension, or the connection broke.
    Ourselves,
    Peer,
}

/// What became of one recipient: `reply` is positive (the server took responsibility), transient or
/// permanent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub recipient: Address,
    pub reply: Reply,
    pub origin: Origin,
}

/// Why a connection is of no use. The transient ones may be tried elsewhere or later.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionError {
    #[error("the server closed the connection")]
    Closed,
    /// What the server sent is no SMTP reply.
    #[error("the server broke the protocol: {0}")]
    Malformed(&'static str),
    /// The greeting, EHLO, STARTTLS or AUTH was refused.
    #[error("the server refused {command}: {reply}")]
    Refused { command: &'static str, reply: Reply },
    #[error("the server did not answer in time")]
    TimedOut,
    #[error("TLS is required, and the server does not offer STARTTLS")]
    TlsNotOffered,
    /// No mechanism in common, or AUTH is not offered.
    #[error("credentials are required, and the server offers no mechanism that we know")]
    AuthNotOffered,
}

/// What became of a delivery: one outcome a recipient, in the order given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub outcomes: Vec<Outcome>,
    /// How the connection was protected.
    pub tls: Option<TlsFacts>,
    /// Set when the connection can carry no further message.
    pub error: Option<ConnectionError>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// The connection cannot be used. No delivery was under way; the session closes after the answer,
    /// whatever it is.
    Failed(ConnectionError),
    /// A delivery is done. Answered like `Next`; if `error` is set the session closes after any answer.
    Delivered(Report),
    /// Ready for the first message. Answered by [`Answer::Deliver`] or [`Answer::Quit`].
    Next,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Deliver(Box<Delivery>),
    Quit,
}

/// What the session waits for, with RFC 5321 §4.5.3.2's time-out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    Command,
    /// The 354 (RFC 5321 §4.5.3.2.4).
    DataInitiation,
    /// The reply to the final dot (RFC 5321 §4.5.3.2.6). The blocks before it have three minutes each
    /// (RFC 5321 §4.5.3.2.5), counted by whoever writes.
    DataTermination,
    Greeting,
    /// The reply to QUIT, which nobody needs.
    Quit,
}

impl Wait {
    pub fn timeout(self) -> Duration {
        let minutes = match self {
            Self::Command | Self::Greeting => 5,
            Self::DataInitiation => 2,
            Self::DataTermination => 10,
            Self::Quit => return Duration::from_secs(5),
        };
        Duration::from_secs(minutes * 60)
    }
}
