//! ID-005: The host name does not lead to the addresses of the file.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::compiler::config::finding::{Finding, listed};
use crate::compiler::rules::{Check, Explanation, Rule, Sight};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "ID-005",
    name: "host-name-resolves-elsewhere",
    severity: Severity::Warning,
    summary: "The host name does not lead to the addresses of the file.",
    check: Check::Online(check),
    explanation: Explanation {
        what: "Compares the A and AAAA records of `host.name` with `host.addresses`, when DNS is asked (`mailctl \
            plan --online`). `profile: lab` is not in public DNS.",
        why: "Other servers look up the name that this one greets with, and clients connect to it. An address \
            too few makes the reverse look-up fail and mail go to junk; one too many sends part of the mail to a \
            stranger.",
        example: "host: { name: mail.example.org, addresses: [192.0.2.10] }",
        instead: "host: { name: mail.example.org, addresses: [192.0.2.10] }",
        ignore: "While records are on their way, for as long as their TTL; or when the name leads to a load \
            balancer whose addresses are not yours to publish: `allow: [{ code: ID-005, reason: ... }]`.",
    },
    references: &[
        "RFC 5321 §4.1.4",
        "RFC 1912 §2.1",
        "mjl-/mox, IPRev check",
        "mail-in-a-box/mailinabox, management/status_checks.py",
    ],
};

fn check(sight: &Sight<'_>, out: &mut Vec<Finding>) {
    let host = &sight.plan.host;
    let Some(seen) = sight.observed.addresses(host.name.as_str()) else { return };
    // Leading to this machine itself is another mistake (ID-006).
    if sight.meaning.lab() || seen.iter().any(IpAddr::is_loopback) {
        return;
    }
    let wanted: BTreeSet<IpAddr> = host.addresses.iter().copied().collect();
    if seen == wanted {
        return;
    }
    let missing: Vec<&IpAddr> = wanted.difference(&seen).collect();
    let foreign: Vec<&IpAddr> = seen.difference(&wanted).collect();
    let mut what = Vec::new();
    if !missing.is_empty() {
        what.push(format!("has no record for {}", addresses(&missing)));
    }
    if !foreign.is_empty() {
        what.push(format!("leads to {}, which the file does not name", addresses(&foreign)));
    }
    let written = &sight.meaning.config.host;
    let finding = Finding::at(RULE.code, &written.name.span, "leads elsewhere")
        .related(&written.addresses.span, "should be what DNS says")
        .detail(format!("`{}` {}.", host.name, what.join(" and ")))
        .fix("correct the A and AAAA records (`mailctl dns records` prints them), or `host.addresses`");
    out.push(finding);
}

fn addresses(list: &[&IpAddr]) -> String {
    const SHOWN_MAX: usize = 8;
    let words: Vec<String> = list.iter().take(SHOWN_MAX).map(ToString::to_string).collect();
    listed(words.iter().map(String::as_str), "and")
}
