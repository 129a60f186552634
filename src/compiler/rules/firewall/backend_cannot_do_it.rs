//! FW-011: What keeps the rules cannot do what is asked.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::firewall::Backend;
use crate::compiler::config::topology;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::{Severity, Span};

pub const RULE: Rule = Rule {
    code: "FW-011",
    name: "backend-cannot-do-it",
    severity: Severity::Warning,
    summary: "What keeps the firewall's rules cannot do what is asked.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Compares `firewall.backend` with the other keys. `abuse_set` needs nftables, and a server that is not in a \
            container's network of its own; `connections_per_minute_max` and `outgoing` need nftables or iptables; \
            `ipv6: false` is nothing for firewalld. With `none` nobody does anything.",
        why: "ufw and firewalld have no words for these things, so the rendered rules leave them out. What the file says \
            would not be so.",
        example: "firewall: { backend: ufw, connections_per_minute_max: 120 }",
        instead: "firewall: { backend: nftables, connections_per_minute_max: 120 }",
        ignore: "When the rules are made by hand for what is missing: `allow: [{ code: FW-011, reason: ... }]`.",
    },
    references: &["docs/firewall.md", "ufw(8)", "firewalld.zone(5)"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(firewall) = &meaning.config.firewall else { return };
    let backend = firewall.backend.as_ref().map_or(Backend::Nftables, |b| b.value);
    let word = word(backend);
    let programmable = matches!(backend, Backend::Docker | Backend::Iptables | Backend::Nftables);
    let mut missing: Vec<(&Span, &'static str, &'static str)> = Vec::new();
    if let Some(set) = firewall.abuse_set.as_ref().filter(|set| set.value) {
        if backend != Backend::Nftables {
            missing.push((
                &set.span,
                "abuse_set",
                "backend: nftables, or leave it to the server, which refuses them too",
            ));
        } else if topology::bridged(meaning.config).is_some() {
            let fix = "remove it, or `network: host`: a container's own network has a packet filter of its own, and the \
                server reaches no other";
            missing.push((&set.span, "abuse_set", fix));
        }
    }
    if let Some(rate) = firewall.connections_per_minute_max.as_ref().filter(|_| !programmable) {
        let fix = "backend: nftables, or `limits.connections_per_source_max`, which the server keeps by itself";
        missing.push((&rate.span, "connections_per_minute_max", fix));
    }
    if let Some(outgoing) = firewall.outgoing.as_ref().filter(|_| !programmable) {
        missing.push((&outgoing.span, "outgoing", "backend: nftables or iptables"));
    }
    if let Some(off) = firewall.ipv6.as_ref().filter(|v| !v.value && backend == Backend::Firewalld) {
        missing.push((&off.span, "ipv6", "remove it: a zone of firewalld is for both families"));
    }
    for (span, key, fix) in missing {
        let mut finding = Finding::at(RULE.code, span, format!("not with `{word}`"))
            .detail(format!("The rules for `{word}` do not have `{key}`: what is written here would not be so."))
            .fix(fix);
        if let Some(written) = &firewall.backend {
            finding = finding.related(&written.span, "keeps the rules");
        }
        out.push(finding);
    }
}

fn word(backend: Backend) -> &'static str {
    match backend {
        Backend::Docker => "docker",
        Backend::Firewalld => "firewalld",
        Backend::Iptables => "iptables",
        Backend::Nftables => "nftables",
        Backend::None => "none",
        Backend::Ufw => "ufw",
    }
}
