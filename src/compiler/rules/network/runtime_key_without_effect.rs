//! NET-014: A fact about the container runtime has no meaning for this runtime.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::host::{RuntimeKind, RuntimeNetwork};
use crate::compiler::config::section::leaf::NetworkBlock;
use crate::compiler::config::spanned::Spanned;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::{Severity, Span};

pub const RULE: Rule = Rule {
    code: "NET-014",
    name: "runtime-key-without-effect",
    severity: Severity::Warning,
    summary: "A fact about the container runtime has no meaning for this runtime.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns of `subnets`, `gateways`, `userland_proxy` and `rootless` with `network: host`, of \
            `userland_proxy` without Docker, of `external_traffic_policy` without Kubernetes, and of `rootless` \
            with it.",
        why: "The rules about hidden client addresses decide by these facts. One that cannot be true shows that \
            the file describes another machine, and then the conclusions are about another machine too.",
        example: "host: { name: mail.example.org, addresses: [192.0.2.10], runtime: { kind: docker, network: host, userland_proxy: false } }",
        instead: "host: { name: mail.example.org, addresses: [192.0.2.10], runtime: { kind: docker, network: host } }",
        ignore: "While you switch from one set-up to the other and keep both in the file: `allow: [{ code: \
            NET-014, reason: ... }]`.",
    },
    references: &["docs/language.md"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(runtime) = &meaning.config.host.runtime else { return };
    let kind = runtime.kind.value;
    let host = runtime.network.as_ref().filter(|n| n.value == RuntimeNetwork::Host);
    let first = |list: &Option<Vec<_>>| -> Option<Span> {
        list.iter().flatten().next().map(|b: &Spanned<NetworkBlock>| b.span.clone())
    };
    let gateway = runtime.gateways.iter().flatten().next().map(|g| g.span.clone());
    let written = [
        ("subnets", first(&runtime.subnets), host.is_some()),
        ("gateways", gateway, host.is_some()),
        (
            "userland_proxy",
            runtime.userland_proxy.as_ref().map(|p| p.span.clone()),
            host.is_some() || kind != RuntimeKind::Docker,
        ),
        (
            "rootless",
            runtime.rootless.as_ref().map(|r| r.span.clone()),
            host.is_some() || kind == RuntimeKind::Kubernetes,
        ),
        (
            "external_traffic_policy",
            runtime.external_traffic_policy.as_ref().map(|p| p.span.clone()),
            kind != RuntimeKind::Kubernetes,
        ),
    ];
    for (key, span, idle) in written {
        let Some(span) = span.filter(|_| idle) else { continue };
        let because = host.map_or(&runtime.kind.span, |h| &h.span);
        let finding = Finding::at(RULE.code, &span, "decides nothing here")
            .related(because, "because of this")
            .detail(format!("`{key}` describes something that a runtime of this kind does not have."))
            .fix(format!("remove `{key}`, or correct `kind` and `network`"));
        out.push(finding);
    }
}
