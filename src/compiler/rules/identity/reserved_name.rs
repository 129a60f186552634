//! ID-003: A name is reserved and cannot receive mail from the Internet.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::ground::diagnostic::Span;
use crate::vocabulary::mail::Domain;

pub const RULE: Rule = Rule {
    code: "ID-003",
    name: "reserved-name",
    severity: Severity::Error,
    summary: "A name is reserved and cannot receive mail from the Internet.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses host and domain names under `.test`, `.example`, `.invalid`, `.localhost` and `.local`, and warns \
            of `example.com`, `example.net` and `example.org`. `profile: lab` allows all of them.",
        why: "These names never exist in public DNS. One of them in a production file is a placeholder that was \
            forgotten.",
        example: "domains: { example.org: {}, bar.test: {} }",
        instead: "profile: lab
domains: { example.org: {}, bar.test: {} }",
        ignore: "The error never outside a lab. The warning, in a file that documents something: `allow: [{ \
            code: ID-003, reason: ... }]`.",
    },
    references: &["RFC 2606", "RFC 6761", "RFC 6762 §3", "docker-mailserver#3438"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    if meaning.lab() {
        return;
    }
    let host = (meaning.host(), &meaning.config.host.name.span);
    let domains = meaning.domains.iter().map(|d| (d.name, d.span));
    for (name, span) in std::iter::once(host).chain(domains) {
        out.extend(reserved(name, span));
    }
}

fn reserved(name: &Domain, span: &Span) -> Option<Finding> {
    let text = name.as_str();
    let top = text.rsplit('.').next().unwrap_or_default();
    let within = |zone: &str| text == zone || text.strip_suffix(zone).is_some_and(|head| head.ends_with('.'));
    if let Some(zone) = ["example.com", "example.net", "example.org"].into_iter().find(|zone| within(zone)) {
        let finding = Finding::at(RULE.code, span, "a placeholder")
            .severity(Severity::Warning)
            .detail(format!(
                "`{name}` lies in `{zone}`, which is kept for documentation (RFC 2606 §3). No mail will arrive."
            ))
            .fix("write your own domain, or `profile: lab` for a test");
        return Some(finding);
    }
    if !["example", "invalid", "local", "localhost", "test"].contains(&top) {
        return None;
    }
    let finding = Finding::at(RULE.code, span, "a reserved name")
        .detail(format!("`.{top}` is reserved: no public DNS answers for `{name}`, so nobody can deliver to it."))
        .fix("write your own domain, or `profile: lab` for a test");
    Some(finding)
}
