//! NET-006: Docker's userland proxy may hide the clients' addresses.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::host::RuntimeKind;
use crate::compiler::config::topology;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "NET-006",
    name: "userland-proxy-hides-clients",
    severity: Severity::Warning,
    summary: "Docker's userland proxy may hide the clients' addresses.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns of `runtime.kind: docker` with published ports unless `userland_proxy: false` says that the \
            daemon runs without it, every listener wants a PROXY header, or the engine is rootless (NET-011).",
        why: "The userland proxy accepts connections itself and opens new ones from the gateway. SPF, block \
            lists and bans then judge one address for all the world: either nobody is refused, or everybody.",
        example: "host: { name: mail.example.org, addresses: [192.0.2.10], runtime: { kind: docker } }",
        instead: "host: { name: mail.example.org, addresses: [192.0.2.10], runtime: { kind: docker, userland_proxy: false } }",
        ignore: "When you have seen clients' own addresses in the log, over IPv4 and IPv6: write \
            `userland_proxy: false` if the daemon has it (`/etc/docker/daemon.json`), or `allow: [{ code: \
            NET-006, reason: ... }]`.",
    },
    references: &[
        "Docker documentation, userland-proxy",
        "docker-mailserver documentation, IPv6",
        "mailcow/mailcow-dockerized#5242",
        "docker-mailserver#523",
    ],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(runtime) = topology::bridged(meaning.config) else { return };
    let docker = runtime.kind.value == RuntimeKind::Docker && runtime.rootless.is_none();
    if !docker || meaning.lab() || meaning.listeners.iter().all(|d| d.proxied().is_some()) {
        return;
    }
    let Some(span) = topology::hidden_clients(meaning.config) else { return };
    let finding = Finding::at(RULE.code, span, "clients may seem to come from the gateway")
        .detail(
            "Docker's proxy replaces the client's address wherever its packet rules do not apply: for local clients, \
             and for all of IPv6 without an IPv6 subnet.",
        )
        .fix("userland_proxy: false here and in /etc/docker/daemon.json, or network: host");
    out.push(finding);
}
