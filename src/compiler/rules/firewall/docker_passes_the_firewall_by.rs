//! FW-004: Docker publishes ports past the declared firewall.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::firewall::Backend;
use crate::compiler::config::section::host::RuntimeKind;
use crate::compiler::config::spanned::Spanned;
use crate::compiler::config::topology;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "FW-004",
    name: "docker-passes-the-firewall-by",
    severity: Severity::Warning,
    summary: "Docker publishes ports past the declared firewall.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns of `firewall.backend: ufw`, `firewalld` or `iptables` while Docker publishes the ports of a \
            container network. The rules for `nftables` filter before Docker rewrites anything.",
        why: "Docker rewrites the destination before the INPUT rules are asked, so published ports are open \
            whatever these say: `closed` closes nothing there.",
        example:
            "host: { name: mail.example.org, addresses: [192.0.2.10], runtime: { kind: docker, userland_proxy: false } }
firewall: { backend: ufw }",
        instead:
            "host: { name: mail.example.org, addresses: [192.0.2.10], runtime: { kind: docker, userland_proxy: false } }
firewall: { backend: docker }",
        ignore: "When the ports are published on a loopback or private address only, or the filter stands on \
            another machine: `allow: [{ code: FW-004, reason: ... }]`.",
    },
    references: &[
        "Docker documentation, Packet filtering and firewalls",
        "docker-mailserver#3151",
        "moby/moby#22054",
        "OWASP/CheatSheetSeries#2018",
    ],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(runtime) = topology::bridged(meaning.config).filter(|r| r.kind.value == RuntimeKind::Docker) else {
        return;
    };
    let backend = meaning.config.firewall.as_ref().and_then(|f| f.backend.as_ref());
    let passed = |b: &&Spanned<Backend>| matches!(b.value, Backend::Firewalld | Backend::Iptables | Backend::Ufw);
    let Some(backend) = backend.filter(passed).filter(|_| !meaning.lab()) else { return };
    let finding = Finding::at(RULE.code, &backend.span, "not asked for published ports")
        .related(&runtime.kind.span, "publishes them before the INPUT rules")
        .detail("Packets to a published port are forwarded into the container and never meet the host's INPUT rules.")
        .fix("backend: docker, or nftables, whose rules come first; or network: host");
    out.push(finding);
}
