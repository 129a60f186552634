//! NET-007: IPv6 clients would reach the container through its IPv4 gateway.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::host::RuntimeKind;
use crate::compiler::config::topology;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "NET-007",
    name: "container-without-ipv6",
    severity: Severity::Error,
    summary: "IPv6 clients would reach the container through its IPv4 gateway.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants an IPv6 subnet in `host.runtime.subnets` when `host.addresses` has an IPv6 address and \
            Docker or Podman publishes the ports of a container network.",
        why: "Without IPv6 inside, the engine takes IPv6 connections on the host and passes them on over IPv4 \
            from the gateway. Every client over IPv6 then has the same, trusted-looking address: SPF fails for \
            honest senders, bans hit all, and networks that trust the container range become an open relay.",
        example: r#"host:
  name: mail.example.org
  addresses: [192.0.2.10, "2001:db8::10"]
  runtime: { kind: docker, userland_proxy: false, subnets: [172.20.0.0/24] }"#,
        instead: r#"host:
  name: mail.example.org
  addresses: [192.0.2.10, "2001:db8::10"]
  runtime: { kind: docker, userland_proxy: false, subnets: [172.20.0.0/24, "fd00:20::/64"] }"#,
        ignore: "Never: give the network an IPv6 subnet, use `network: host`, or take the IPv6 address out of \
            `host.addresses` and so out of DNS.",
    },
    references: &["docker-mailserver documentation, IPv6", "docker-mailserver#1405", "docker-mailserver#1438"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(runtime) = topology::bridged(meaning.config).filter(|_| !meaning.lab()) else { return };
    let publishes = matches!(runtime.kind.value, RuntimeKind::Docker | RuntimeKind::Podman);
    let inside = runtime.subnets.iter().flatten().any(|s| s.value.0.address().is_ipv6());
    let Some(address) = meaning.config.host.addresses.iter().find(|a| a.value.0.is_ipv6()) else { return };
    if !publishes || inside {
        return;
    }
    let (span, text) = match runtime.subnets.iter().flatten().next() {
        Some(subnet) => (&subnet.span, "no IPv6 inside"),
        None => (&runtime.span, "names no IPv6 subnet"),
    };
    let finding = Finding::at(RULE.code, &address.span, "published as AAAA")
        .related(span, text)
        .detail(format!(
            "Senders try `{}` first, and the engine would pass them on from its IPv4 gateway.",
            address.value.0
        ))
        .fix("subnets: [172.20.0.0/24, \"fd00:20::/64\"], as the engine's network has them");
    out.push(finding);
}
