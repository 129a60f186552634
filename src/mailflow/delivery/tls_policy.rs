//! How a connection to a next hop is to be protected.
//!
//! Direct delivery is opportunistic unless the plan says otherwise (RFC 7435, RFC 3207): TLS when the server
//! offers STARTTLS, whoever it is, and clear text only when it does not offer it or the handshake itself
//! fails. Where the plan requires TLS, nothing is sent without it, and the certificate must be valid for the
//! MX host's name. That name comes from DNS: who can forge answers can name a host of his own; DANE and
//! MTA-STS, which are still to come, close that.
//!
//! A relay is named in the plan and is held to it: TLS or nothing, the certificate verified for the relay's
//! name, and credentials only after that (RFC 8314 §3.3).

use std::collections::BTreeMap;

use super::connection::Trust;
use crate::plan::document::{Outbound, OutboundTls, RelayTls, TlsPolicy as Wanted};
use crate::protocol::smtp::client::TlsWish;
use crate::vocabulary::mail::{Domain, DomainPattern};

/// What protects the connection to a next hop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsPolicy<'a> {
    /// Clear text, because the plan says that the host's TLS is broken.
    None,
    Opportunistic,
    /// The relay of this name.
    Relay {
        name: &'a str,
        tls: RelayTls,
    },
    /// STARTTLS with a certificate for the host's name.
    Required,
}

impl<'a> TlsPolicy<'a> {
    /// What the session is to ask for. `failed_before` says that a handshake with this host failed a moment
    /// ago, on another connection.
    pub fn wish(self, failed_before: bool) -> TlsWish {
        match self {
            Self::None => TlsWish::Never,
            Self::Opportunistic if failed_before => TlsWish::Never,
            Self::Opportunistic => TlsWish::Opportunistic,
            Self::Relay { tls: RelayTls::Implicit, .. } => TlsWish::Implicit,
            Self::Relay { tls: RelayTls::StarttlsRequired, .. } | Self::Required => TlsWish::Required,
        }
    }

    pub fn trust(self) -> Trust<'a> {
        match self {
            Self::None | Self::Opportunistic => Trust::Anybody,
            Self::Relay { name, .. } => Trust::Relay(name),
            Self::Required => Trust::Mx,
        }
    }

    /// Whether a failed handshake may be followed by an attempt in clear.
    pub fn may_fall_back(self) -> bool {
        self == Self::Opportunistic
    }

    /// Whether credentials may be given to a session under this policy.
    pub fn may_authenticate(self) -> bool {
        matches!(self, Self::Relay { .. })
    }
}

/// The plan's wishes about direct delivery, by recipient domain.
#[derive(Debug)]
pub(super) struct TlsPolicies {
    listed: BTreeMap<DomainPattern, Wanted>,
    others: OutboundTls,
}

impl TlsPolicies {
    pub fn new(outbound: &Outbound) -> Self {
        Self { listed: outbound.tls_policies.clone(), others: outbound.tls }
    }

    /// The closest pattern decides: the domain itself, else the longest name that it is below.
    pub fn for_domain(&self, domain: &Domain) -> TlsPolicy<'static> {
        let closest =
            self.listed.iter().filter(|(pattern, _)| pattern.matches(domain)).max_by_key(|(p, _)| p.precision());
        match (closest, self.others) {
            (Some((_, Wanted::None)), _) => TlsPolicy::None,
            (Some((_, Wanted::Required)), _) | (None, OutboundTls::Required) => TlsPolicy::Required,
            (Some((_, Wanted::Opportunistic)), _) | (None, OutboundTls::Opportunistic) => TlsPolicy::Opportunistic,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc8314_3_3_a_relay_never_sees_clear_text() {
        for tls in [RelayTls::Implicit, RelayTls::StarttlsRequired] {
            let policy = TlsPolicy::Relay { name: "smart", tls };
            for failed_before in [false, true] {
                assert!(matches!(policy.wish(failed_before), TlsWish::Implicit | TlsWish::Required));
            }
            assert!(!policy.may_fall_back());
            assert_eq!(policy.trust(), Trust::Relay("smart"));
        }
    }

    #[test]
    fn credentials_are_for_relays() {
        assert!([TlsPolicy::None, TlsPolicy::Opportunistic, TlsPolicy::Required].iter().all(|p| !p.may_authenticate()));
    }

    #[test]
    fn what_is_required_never_falls_back() {
        assert_eq!(
            (TlsPolicy::Required.wish(false), TlsPolicy::Required.wish(true)),
            (TlsWish::Required, TlsWish::Required)
        );
        assert!(!TlsPolicy::Required.may_fall_back() && !TlsPolicy::None.may_fall_back());
        assert_eq!(TlsPolicy::Required.trust(), Trust::Mx);
    }

    #[test]
    fn the_closest_pattern_decides() {
        let listed = [
            (".example.org", Wanted::Required),
            ("a.example.org", Wanted::None),
            (".a.example.org", Wanted::Opportunistic),
        ];
        let listed = listed.into_iter().map(|(pattern, wanted)| (pattern.parse().unwrap(), wanted)).collect();
        let policies = TlsPolicies { listed, others: OutboundTls::Opportunistic };
        let of = |domain: &str| policies.for_domain(&domain.parse().unwrap());
        assert_eq!(of("b.example.org"), TlsPolicy::Required);
        assert_eq!(of("a.example.org"), TlsPolicy::None);
        assert_eq!(of("x.y.a.example.org"), TlsPolicy::Opportunistic);
        assert_eq!(of("example.org"), TlsPolicy::Opportunistic, "not below itself");
        let strict = TlsPolicies { listed: policies.listed, others: OutboundTls::Required };
        assert_eq!(strict.for_domain(&"example.net".parse().unwrap()), TlsPolicy::Required);
    }
}
