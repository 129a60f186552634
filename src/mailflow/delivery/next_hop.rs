//! Whom a message is handed to next: a relay, a host of the destination's domain, or the primary server of a
//! domain that we are backup MX of.
//!
//! Routes are asked in their order and the first that matches decides; a backup domain's own next hop comes
//! before them all. A fallback takes over for a recipient after so many failed attempts. The decision is
//! made anew at each attempt, by the plan of then.

use std::collections::BTreeMap;

use crate::ground::secret::Secret;
use crate::plan::Plan;
use crate::plan::document::{BackupHop, BackupMx, Fallback, NextHop as Via, RelayTls, Route};
use crate::vocabulary::mail::{Address, Domain, ReversePath};

/// Where a group of recipients goes together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum NextHop {
    /// The MX of this domain.
    Domain(Domain),
    /// The host that the plan names for this backup domain.
    Primary(Domain),
    /// By name.
    Relay(String),
}

/// Who we are to a relay.
#[derive(Debug, Clone)]
pub struct RelayLogin {
    pub user: String,
    pub password: Secret,
}

/// A smart host of a plan, with its secret.
#[derive(Debug, Clone)]
pub struct RelayHop {
    pub host: Domain,
    pub port: u16,
    pub tls: RelayTls,
    pub credentials: Option<RelayLogin>,
    /// Whether our DKIM signatures go along.
    pub sign: bool,
}

/// A plan's routing of mail for others.
#[derive(Debug)]
pub(super) struct Routes {
    routes: Vec<Route>,
    default: Via,
    default_fallback: Option<Fallback>,
    backup: BTreeMap<Domain, BackupMx>,
}

impl Routes {
    pub fn new(plan: &Plan) -> Self {
        Self {
            routes: plan.outbound.routes.clone(),
            default: plan.outbound.default.clone(),
            default_fallback: plan.outbound.default_fallback.clone(),
            backup: plan.relaying.backup.clone(),
        }
    }

    /// Where mail of `sender` for `recipient` goes after `attempts` that failed.
    pub fn next_hop(&self, sender: &ReversePath, recipient: &Address, attempts: u32) -> NextHop {
        let direct = || NextHop::Domain(recipient.domain.clone());
        match self.backup.get(&recipient.domain).map(|backup| &backup.next_hop) {
            Some(BackupHop::Host { .. }) => return NextHop::Primary(recipient.domain.clone()),
            Some(BackupHop::Mx) => return direct(),
            None => {}
        }
        let (via, fallback) = match self.routes.iter().find(|route| takes(route, sender, recipient)) {
            Some(route) => (&route.via, route.fallback.as_ref()),
            None => (&self.default, self.default_fallback.as_ref()),
        };
        let via = match fallback {
            Some(fallback) if attempts >= fallback.after_attempts.max(1) => &fallback.via,
            _ => via,
        };
        match via {
            Via::Direct => direct(),
            Via::Relay(name) => NextHop::Relay(name.clone()),
        }
    }

    /// The host of [`NextHop::Primary`].
    pub fn primary(&self, domain: &Domain) -> Option<(&Domain, u16)> {
        match &self.backup.get(domain)?.next_hop {
            BackupHop::Host { host, port } => Some((host, *port)),
            BackupHop::Mx => None,
        }
    }
}

fn takes(route: &Route, sender: &ReversePath, recipient: &Address) -> bool {
    let from = route.senders.is_empty()
        || sender.address().is_some_and(|sender| route.senders.iter().any(|pattern| pattern.matches(sender)));
    from && (route.recipients.is_empty() || route.recipients.iter().any(|pattern| pattern.matches(recipient)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::mailflow::sample;

    fn routes() -> Routes {
        let mut value = serde_json::to_value(sample::plan(&[])).unwrap();
        value["outbound"]["routes"] = json!([
            { "senders": ["list@example.org"], "via": { "relay": "bulk" }, "fallback": { "via": "direct", "after_attempts": 2 } },
            { "senders": ["example.com"], "recipients": ["partner.test", ".partner.test"], "via": { "relay": "vpn" } },
            { "recipients": [".partner.test"], "via": "direct" }
        ]);
        value["outbound"]["default"] = json!({ "relay": "smart" });
        value["outbound"]["default_fallback"] = json!({ "via": { "relay": "spare" }, "after_attempts": 1 });
        value["relaying"] = json!({ "backup": {
            "mx.test": { "next_hop": "mx", "recipients": "any" },
            "host.test": { "next_hop": { "host": { "host": "primary.test", "port": 26 } }, "recipients": "any" }
        } });
        Routes::new(&serde_json::from_value(value).unwrap())
    }

    fn hop(sender: &str, recipient: &str, attempts: u32) -> String {
        let sender = match sender {
            "" => ReversePath::Null,
            address => ReversePath::Address(address.parse().unwrap()),
        };
        match routes().next_hop(&sender, &recipient.parse().unwrap(), attempts) {
            NextHop::Domain(domain) => format!("mx of {domain}"),
            NextHop::Primary(domain) => format!("primary of {domain}"),
            NextHop::Relay(name) => name,
        }
    }

    #[test]
    fn the_first_route_that_matches_decides() {
        assert_eq!(hop("List@example.org", "x@a.partner.test", 0), "bulk");
        assert_eq!(hop("a@example.com", "x@a.partner.test", 0), "vpn");
        assert_eq!(hop("a@example.com", "x@partner.test", 0), "vpn");
        assert_eq!(hop("a@example.org", "x@a.partner.test", 0), "mx of a.partner.test");
        assert_eq!(hop("a@example.org", "x@partner.test", 0), "smart");
        assert_eq!(hop("", "x@a.partner.test", 0), "mx of a.partner.test", "nobody is no listed sender");
        assert_eq!(hop("", "x@example.net", 0), "smart");
    }

    #[test]
    fn a_fallback_waits_for_its_attempts() {
        let bulk = |attempts| hop("list@example.org", "x@example.net", attempts);
        assert_eq!([bulk(0), bulk(1), bulk(2), bulk(9)], ["bulk", "bulk", "mx of example.net", "mx of example.net"]);
        assert_eq!(hop("a@example.org", "x@example.net", 1), "spare");
        assert_eq!(hop("a@example.com", "x@partner.test", 9), "vpn", "a route without a fallback has none");
    }

    #[test]
    fn a_backup_domain_goes_to_its_primary_whatever_the_routes_say() {
        assert_eq!(hop("list@example.org", "x@mx.test", 5), "mx of mx.test");
        assert_eq!(hop("x@example.net", "x@host.test", 5), "primary of host.test");
        let routes = routes();
        assert_eq!(
            routes.primary(&"host.test".parse().unwrap()).map(|(h, p)| (h.as_str(), p)),
            Some(("primary.test", 26))
        );
        assert_eq!(routes.primary(&"mx.test".parse().unwrap()), None);
    }
}
