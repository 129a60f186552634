//! How a connection to a next hop is to be protected.
//!
//! Direct delivery is opportunistic (RFC 7435, RFC 3207): TLS when the server offers STARTTLS, whoever it
//! is, and clear text only when it does not offer it or the handshake itself fails. A relay is named in the
//! plan and is held to it: TLS or nothing, the certificate verified for the relay's name, and credentials
//! only after that (RFC 8314 §3.3). DANE and MTA-STS will stand between the two; until then a sender that
//! can strip STARTTLS can read mail on its way to an MX, as it can with most servers.

use super::connection::Trust;
use crate::plan::document::RelayTls;
use crate::protocol::smtp::client::TlsWish;

/// What protects the connection to a next hop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsPolicy {
    Opportunistic,
    Relay(RelayTls),
}

impl TlsPolicy {
    /// What the session is to ask for. `failed_before` says that a handshake with this host failed a moment
    /// ago, on another connection.
    pub fn wish(self, failed_before: bool) -> TlsWish {
        match self {
            Self::Opportunistic if failed_before => TlsWish::Never,
            Self::Opportunistic => TlsWish::Opportunistic,
            Self::Relay(RelayTls::Implicit) => TlsWish::Implicit,
            Self::Relay(RelayTls::StarttlsRequired) => TlsWish::Required,
        }
    }

    pub fn trust(self) -> Trust {
        match self {
            Self::Opportunistic => Trust::Anybody,
            Self::Relay(_) => Trust::Relay,
        }
    }

    /// Whether a failed handshake may be followed by an attempt in clear.
    pub fn may_fall_back(self) -> bool {
        self == Self::Opportunistic
    }

    /// Whether credentials may be given to a session under this policy.
    pub fn may_authenticate(self) -> bool {
        matches!(self, Self::Relay(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc8314_3_3_a_relay_never_sees_clear_text() {
        for tls in [RelayTls::Implicit, RelayTls::StarttlsRequired] {
            let policy = TlsPolicy::Relay(tls);
            for failed_before in [false, true] {
                assert!(matches!(policy.wish(failed_before), TlsWish::Implicit | TlsWish::Required));
            }
            assert!(!policy.may_fall_back());
            assert_eq!(policy.trust(), Trust::Relay);
        }
        assert!(!TlsPolicy::Opportunistic.may_authenticate());
    }
}
