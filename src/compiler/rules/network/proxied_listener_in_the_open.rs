//! NET-003: A listener behind a load balancer is also reached directly.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::topology;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "NET-003",
    name: "proxied-listener-in-the-open",
    severity: Severity::Warning,
    summary: "A listener behind a load balancer is also reached directly.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns when a listener with `proxy_protocol: true` listens on a public address of this host, or on \
            all, while the host is not behind NAT, in a container network, or shut by `firewall.closed`.",
        why: "A client that comes directly sends no PROXY header and is refused: mail from senders who find this \
            address waits at their side and bounces. Clients from outside need a listener of their own.",
        example: "host: { name: mail.example.org, addresses: [192.0.2.10], proxy_protocol: { trusted: [10.0.0.5] } }
listeners: { smtp: { proxy_protocol: true }, submissions: {}, imaps: {} }",
        instead: "host: { name: mail.example.org, addresses: [192.0.2.10], proxy_protocol: { trusted: [10.0.0.5] } }
listeners:
  smtp: {}
  balanced: { protocol: smtp, port: 10025, published: 25, addresses: [10.0.0.10], proxy_protocol: true }
  submissions: {}
  imaps: {}",
        ignore: "When a filter of your own lets only the load balancer through: `allow: [{ code: NET-003, path: \
            listeners.smtp, reason: ... }]`.",
    },
    references: &[
        "The PROXY protocol, HAProxy Technologies, §2",
        "docker-mailserver documentation, Mail-Server behind a Proxy",
    ],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let host = &meaning.config.host;
    let shielded = host.nat.as_ref().is_some_and(|n| n.value) || topology::bridged(meaning.config).is_some();
    if meaning.lab() || shielded || host.proxy_protocol.is_none() {
        return;
    }
    let ours: BTreeSet<IpAddr> = meaning.host_addresses().collect();
    let closed = meaning.closed();
    for door in meaning.listeners.iter().filter(|d| !closed.contains(d.name)) {
        let Some(proxied) = door.proxied() else { continue };
        if !door.addresses.iter().any(|a| a.is_unspecified() || ours.contains(a)) {
            continue;
        }
        let finding = Finding::at(RULE.code, proxied, "wanted of everybody who connects")
            .related(&host.addresses.span, "these lead here directly")
            .detail(format!(
                "Whoever reaches port {} of this host without the load balancer sends no PROXY header and is refused.",
                door.port
            ))
            .fix(
                "addresses: [10.0.0.10] here, and a listener without `proxy_protocol` for the others; `nat: true` if \
                 the public addresses belong to the load balancer",
            );
        out.push(finding);
    }
}
