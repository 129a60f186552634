//! DNS-007: The declared reverse name is not the name that the server greets with.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DNS-007",
    name: "reverse-name-differs",
    severity: Severity::Warning,
    summary: "The declared reverse name is not the name that the server greets with.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Compares the names declared in `host.ptr` with `host.name`.",
        why: "Receivers compare the name in EHLO with the reverse name of the address. Where they differ, mail is \
            more often junked.",
        example: "host: { name: mail.example.org, addresses: [192.0.2.10], ptr: { 192.0.2.10: server7.example.net } }",
        instead: "host: { name: mail.example.org, addresses: [192.0.2.10], ptr: { 192.0.2.10: mail.example.org } }",
        ignore: "When the provider sets no other name and a relay takes all outgoing mail, so that nobody sees the \
            address.",
    },
    references: &["RFC 5321 §4.1.4", "RFC 1912 §2.1"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    if meaning.lab() {
        return;
    }
    for (address, name) in meaning.config.host.ptr.iter().flat_map(|p| p.iter()) {
        if name.value.0 == *meaning.host() {
            continue;
        }
        let finding = Finding::at(RULE.code, &name.span, "another name")
            .related(&meaning.config.host.name.span, "EHLO says this")
            .detail(format!(
                "EHLO says `{}`, the reverse name of `{}` says `{}`.",
                meaning.host(),
                address.value,
                name.value.0
            ))
            .fix(format!("{}: {}, and ask the provider to set it", address.value, meaning.host()));
        out.push(finding);
    }
}
