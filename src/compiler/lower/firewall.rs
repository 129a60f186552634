//! Connections from the Internet that the listeners need: one rule a listener and address family.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::plan::document::{Family, FirewallRule, Listener};

/// Sorted. A loopback socket needs no rule; a wildcard gives one without addresses; what is `closed` gets none, and a
/// mail port without a rule is refused.
pub fn rules(listeners: &BTreeMap<String, Listener>, closed: &BTreeSet<&str>) -> Vec<FirewallRule> {
    let mut rules = Vec::new();
    for (name, listener) in listeners.iter().filter(|(name, _)| !closed.contains(name.as_str())) {
        for family in [Family::Ipv4, Family::Ipv6] {
            let ours = |a: &IpAddr| a.is_ipv4() == (family == Family::Ipv4) && !a.is_loopback();
            let addresses: BTreeSet<IpAddr> = listener.sockets.iter().map(|s| s.ip()).filter(ours).collect();
            if addresses.is_empty() {
                continue;
            }
            let wildcard = addresses.iter().any(IpAddr::is_unspecified);
            let addresses = if wildcard { BTreeSet::new() } else { addresses };
            rules.push(FirewallRule { port: listener.port, listener: name.clone(), family, addresses });
        }
    }
    rules.sort();
    rules
}
