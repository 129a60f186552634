//! What a reply, or the lack of one, means for a recipient.

use std::io;

use crate::protocol::smtp::client::{ConnectionError, Origin, Outcome};
use crate::vocabulary::mail::{Address, Domain, Enhanced, Reply};

/// What became of a recipient in one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The next hop took responsibility (RFC 5321 §4.2.5).
    Delivered,
    /// Try again later.
    Deferred,
    /// Never: tell the sender.
    Failed,
}

/// A recipient with the reply that decides, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub recipient: Address,
    pub reply: Reply,
    /// The host that said so; `None` when we decided ourselves.
    pub remote: Option<Domain>,
}

impl Finding {
    pub fn verdict(&self) -> Verdict {
        verdict(&self.reply)
    }
}

/// RFC 5321 §4.2.1. A code that no server may end a transaction with counts as transient: mail is not
/// thrown away because somebody else is broken.
pub fn verdict(reply: &Reply) -> Verdict {
    if reply.is_positive() {
        Verdict::Delivered
    } else if reply.is_permanent() {
        Verdict::Failed
    } else {
        Verdict::Deferred
    }
}

/// The session's outcome for a recipient at `host`.
pub fn outcome(outcome: Outcome, host: &Domain) -> Finding {
    let remote = match outcome.origin {
        Origin::Ourselves => None,
        Origin::Peer => Some(host.clone()),
    };
    Finding { recipient: outcome.recipient, reply: outcome.reply, remote }
}

/// A connection that came to nothing. Always transient: whatever is wrong with a host or with our
/// credentials may be mended while the message waits.
pub fn connection_failure(error: &ConnectionError, host: &Domain) -> Reply {
    let enhanced = match error {
        ConnectionError::Closed | ConnectionError::Malformed(_) => Enhanced(4, 4, 2),
        ConnectionError::Refused { .. } => Enhanced(4, 3, 0),
        ConnectionError::TimedOut => Enhanced(4, 4, 1),
        ConnectionError::TlsNotOffered | ConnectionError::AuthNotOffered => Enhanced(4, 7, 10),
    };
    Reply::new(451, enhanced, format!("{host}: {error}"))
}

/// No TCP connection, or a broken one.
pub fn no_connection(error: &io::Error, host: &Domain) -> Reply {
    let enhanced = if error.kind() == io::ErrorKind::TimedOut { Enhanced(4, 4, 1) } else { Enhanced(4, 4, 2) };
    Reply::new(451, enhanced, format!("{host}: {error}"))
}

/// The TLS handshake failed where TLS is a must. RFC 3463's registry: 4.7.5, cryptographic failure.
pub fn no_tls(error: &io::Error, host: &Domain) -> Reply {
    Reply::new(451, Enhanced(4, 7, 5), format!("{host}: TLS failed: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc5321_4_2_1_the_first_digit_decides() {
        let of = |code| verdict(&Reply { code, enhanced: None, text: String::new() });
        assert_eq!(of(250), Verdict::Delivered);
        assert_eq!(of(354), Verdict::Deferred);
        assert_eq!(of(421), Verdict::Deferred);
        assert_eq!(of(554), Verdict::Failed);
        assert_eq!(of(999), Verdict::Deferred);
    }

    #[test]
    fn a_refused_connection_fails_nobody() {
        let refused = ConnectionError::Refused { command: "AUTH", reply: Reply::new(535, Enhanced(5, 7, 8), "no") };
        let host = "relay.example".parse().unwrap();
        for error in [refused, ConnectionError::Closed, ConnectionError::TlsNotOffered, ConnectionError::TimedOut] {
            assert_eq!(verdict(&connection_failure(&error, &host)), Verdict::Deferred);
        }
    }
}
