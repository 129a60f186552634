//! NET-012: The cluster's nodes hide the clients' addresses.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::host::RuntimeKind;
use crate::compiler::config::topology;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "NET-012",
    name: "node-hides-clients",
    severity: Severity::Warning,
    summary: "The cluster's nodes hide the clients' addresses.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns of `host.runtime.kind: kubernetes` without `external_traffic_policy: local`, unless every \
            listener wants a PROXY header.",
        why: "With the default policy the node that takes a connection rewrites its source to its own address \
            before it passes it on. SPF, block lists and bans then see nodes, not senders.",
        example: "host: { name: mail.example.org, addresses: [192.0.2.10], runtime: { kind: kubernetes } }",
        instead: "host: { name: mail.example.org, addresses: [192.0.2.10], runtime: { kind: kubernetes, external_traffic_policy: local } }",
        ignore: "When the load balancer in front keeps clients' addresses in another way that you have seen \
            work: `allow: [{ code: NET-012, reason: ... }]`.",
    },
    references: &[
        "Kubernetes documentation, Preserving the client source IP",
        "docker-mailserver/docker-mailserver-helm#176",
    ],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(runtime) = topology::bridged(meaning.config) else { return };
    if runtime.kind.value != RuntimeKind::Kubernetes
        || meaning.lab()
        || meaning.listeners.iter().all(|d| d.proxied().is_some())
    {
        return;
    }
    let Some(span) = topology::hidden_clients(meaning.config) else { return };
    let finding = Finding::at(RULE.code, span, "nodes rewrite client addresses")
        .detail("Kubernetes' `externalTrafficPolicy: Cluster` replaces the client's address by that of a node.")
        .fix("external_traffic_policy: local here and in the service, or proxy_protocol on the listeners");
    out.push(finding);
}
