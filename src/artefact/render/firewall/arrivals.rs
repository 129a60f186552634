//! Whose connections are accepted: the plan's rules as every form of the filter needs them.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::plan::Plan;
use crate::plan::document::{Family, Listener, PacketFilter};
use crate::vocabulary::network::Network;

/// The ports of mail in the registry of service names: smtp, pop3, imap, submissions, submission, imaps,
/// pop3s, sieve.
pub const MAIL_PORTS: [u16; 8] = [25, 110, 143, 465, 587, 993, 995, 4190];

/// Connections of strangers to a listener.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Door {
    pub port: u16,
    pub family: Family,
    /// Ours. Empty: every one of the family.
    pub addresses: Vec<IpAddr>,
    /// Graphic ASCII without quotes and backslashes, for comments.
    pub listener: String,
}

/// All of it.
#[derive(Debug)]
pub struct Arrivals<'p> {
    pub filter: &'p PacketFilter,
    /// Sorted.
    pub doors: Vec<Door>,
    /// The ports of `doors`: what a bound on connections and the abuse set are about.
    pub served: BTreeSet<u16>,
    /// What is refused unless a rule accepts it. With `filter.open` this is every port.
    pub watched: BTreeSet<u16>,
}

impl<'p> Arrivals<'p> {
    pub fn of(plan: &'p Plan) -> Self {
        let filter = &plan.packet_filter;
        let filtered = plan.firewall.iter().filter(|r| !filter.ipv4_only || r.family == Family::Ipv4);
        let doors: Vec<Door> = filtered
            .map(|rule| Door {
                port: rule.port,
                family: rule.family,
                addresses: rule.addresses.iter().copied().collect(),
                listener: quotable(&rule.listener),
            })
            .collect();
        let inside = |l: &&Listener| l.sockets.iter().all(|s| s.ip().is_loopback());
        let ours = plan.listeners.values().filter(|l| !inside(l)).map(|l| plan.machine_port(l));
        let served: BTreeSet<u16> = doors.iter().map(|d| d.port).collect();
        let watched = ours.chain(MAIL_PORTS).chain(served.iter().copied()).chain(filter.admin_ports.iter().copied());
        Self { filter, watched: watched.collect(), served, doors }
    }

    /// The networks of operators of one family.
    pub fn admin(&self, family: Family) -> Vec<Network> {
        let is_v4 = family == Family::Ipv4;
        self.filter.admin.iter().copied().filter(|n| n.address().is_ipv4() == is_v4).collect()
    }

    /// Mail ports that nobody reaches, for people.
    pub fn refused(&self) -> Vec<u16> {
        let open =
            |port: &u16| self.served.contains(port) || self.filter.open.as_ref().is_some_and(|o| o.contains(port));
        MAIL_PORTS.into_iter().filter(|port| !open(port)).collect()
    }
}

/// A listener's name stands in comments, and none of the forms has an escape for a quote there.
pub(super) fn quotable(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_graphic() && c != '"' && c != '\\' { c } else { '_' }).take(64).collect()
}

/// A user's name or number, in a form that no other word of a rule can be hidden in.
pub(super) fn user(name: &str) -> String {
    let harmless = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    name.chars().map(|c| if harmless(c) { c } else { '_' }).take(32).collect()
}

/// `a, b, c`.
pub(super) fn listed<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    items.join(", ")
}
