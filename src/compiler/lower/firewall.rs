//! Connections from the Internet that the listeners need, and what else the packet filter does.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::firewall::{Backend, Firewall};
use crate::compiler::config::section::host::RuntimeKind;
use crate::compiler::config::spanned::Spanned;
use crate::compiler::config::topology;
use crate::plan::document::{Family, FilterBackend, FirewallRule, Listener, OutgoingFilter, PacketFilter};

/// RFC 4251; `firewall.ssh_port` where it is another.
const SSH_PORT: u16 = 22;
/// The user that the rendered unit runs the server as.
const SERVER_USER: &str = "mailctl";

/// Whether an engine on this machine publishes the ports of the server's own network. A cluster's nodes are filtered
/// by the cluster.
pub fn bridged(meaning: &Meaning<'_>) -> bool {
    topology::bridged(meaning.config).is_some_and(|r| r.kind.value != RuntimeKind::Kubernetes)
}

/// Sorted: one rule a listener and address family. A loopback socket needs no rule; a wildcard gives one without
/// addresses; what is `closed` gets none. Where the server is `bridged` the filter sees published ports, and
/// addresses that are the machine's and not the container's.
pub fn rules(listeners: &BTreeMap<String, Listener>, closed: &BTreeSet<&str>, bridged: bool) -> Vec<FirewallRule> {
    let mut rules = Vec::new();
    for (name, listener) in listeners.iter().filter(|(name, _)| !closed.contains(name.as_str())) {
        for family in [Family::Ipv4, Family::Ipv6] {
            let ours = |a: &IpAddr| a.is_ipv4() == (family == Family::Ipv4) && !a.is_loopback();
            let addresses: BTreeSet<IpAddr> = listener.sockets.iter().map(|s| s.ip()).filter(ours).collect();
            if addresses.is_empty() {
                continue;
            }
            let wildcard = bridged || addresses.iter().any(IpAddr::is_unspecified);
            let addresses = if wildcard { BTreeSet::new() } else { addresses };
            let port = if bridged { listener.public_port() } else { listener.port };
            rules.push(FirewallRule { port, listener: name.clone(), family, addresses });
        }
    }
    rules.sort();
    rules
}

/// What the section `firewall` says besides `closed`.
pub fn packet_filter(meaning: &Meaning<'_>) -> PacketFilter {
    let Some(section) = &meaning.config.firewall else { return PacketFilter::default() };
    let mut admin: Vec<_> = section.admin.iter().flat_map(|a| a.iter()).map(|n| n.value.0).collect();
    admin.sort_unstable();
    admin.dedup();
    let figures = meaning.config.metrics.as_ref().map(|m| m.address.value.0).filter(|a| !a.ip().is_loopback());
    let ssh = section.ssh_port.as_ref().map_or(SSH_PORT, |p| p.value);
    let admin_ports =
        if admin.is_empty() { BTreeSet::new() } else { [ssh].into_iter().chain(figures.map(|a| a.port())).collect() };
    PacketFilter {
        backend: section.backend.as_ref().map_or(FilterBackend::Nftables, |b| backend(b.value)),
        admin,
        admin_ports,
        open: section.open.as_ref().map(|ports| numbers(ports)),
        ipv4_only: section.ipv6.as_ref().is_some_and(|v| !v.value),
        abuse_set: section.abuse_set.as_ref().is_some_and(|v| v.value),
        connections_per_minute_max: section.connections_per_minute_max.as_ref().map(|v| v.value),
        outgoing: outgoing(section, bridged(meaning)),
    }
}

fn outgoing(section: &Firewall, bridged: bool) -> Option<OutgoingFilter> {
    let outgoing = section.outgoing.as_ref()?;
    let server_only = outgoing.server_only.as_ref().is_none_or(|v| v.value);
    let written = outgoing.user.as_ref().map(|u| u.value.clone());
    let user = written.or_else(|| (!bridged).then(|| SERVER_USER.to_owned())).filter(|_| server_only);
    Some(OutgoingFilter { ports: outgoing.ports.as_ref().map(|p| numbers(p)), server_only, user })
}

fn numbers(ports: &[Spanned<u16>]) -> BTreeSet<u16> {
    ports.iter().map(|p| p.value).collect()
}

fn backend(written: Backend) -> FilterBackend {
    match written {
        Backend::Docker => FilterBackend::Docker,
        Backend::Firewalld => FilterBackend::Firewalld,
        Backend::Iptables => FilterBackend::Iptables,
        Backend::Nftables => FilterBackend::Nftables,
        Backend::None => FilterBackend::None,
        Backend::Ufw => FilterBackend::Ufw,
    }
}
