//! NET-002: The networks that may announce client addresses are too wide.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "NET-002",
    name: "proxy-trust-too-wide",
    severity: Severity::Error,
    summary: "The networks that may announce client addresses are too wide.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses `0.0.0.0/0`, `::/0`, and public networks wider than /16 (IPv4) or /48 (IPv6) in \
            `host.proxy_protocol.trusted`.",
        why: "Whoever is in a trusted network can claim to be any client: a neighbour at the provider then \
            relays from an address that you trust, and no ban ever meets the right one.",
        example: "host: { name: mail.example.org, addresses: [192.0.2.10], nat: true, proxy_protocol: { trusted: [0.0.0.0/0] } }
listeners: { smtp: { proxy_protocol: true }, submissions: {}, imaps: {} }",
        instead: "host: { name: mail.example.org, addresses: [192.0.2.10], nat: true, proxy_protocol: { trusted: [10.0.0.5, 10.0.0.6] } }
listeners: { smtp: { proxy_protocol: true }, submissions: {}, imaps: {} }",
        ignore: "Never: name the addresses of the load balancers. Where they change, name the private subnet \
            that they live in.",
    },
    references: &["The PROXY protocol, HAProxy Technologies, §2", "Mailu documentation, REAL_IP_FROM"],
};

/// A provider hands out blocks of this size; a wider one has other people in it.
const PREFIX_MIN: [u8; 2] = [16, 48];

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(section) = &meaning.config.host.proxy_protocol else { return };
    for block in section.trusted.iter() {
        let network = block.value.0;
        let own = network.is_private() || network.is_loopback();
        let [v4, v6] = PREFIX_MIN;
        let least = if network.address().is_ipv4() { v4 } else { v6 };
        if own || network.prefix() >= least {
            continue;
        }
        let text = if network.is_everything() { "the whole Internet" } else { "other people are in it" };
        let finding = Finding::at(RULE.code, &block.span, text)
            .detail(format!("Everybody in `{network}` could pretend to be any client of this server."))
            .fix("trusted: [10.0.0.5], the load balancer's own address");
        out.push(finding);
    }
}
