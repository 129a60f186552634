//! DANE-010: TLSA records are wanted for names that mail does not use.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::records::tlsa;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DANE-010",
    name: "tlsa-for-other-names",
    severity: Severity::Warning,
    summary: "TLSA records are wanted for names that mail does not use.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns of every entry of `dane.names` but the host itself.",
        why: "Senders look at `_25._tcp` of the MX host and nowhere else. Every further record is one more to keep \
            right.",
        example: "domains: { example.org: { dnssec: signed, dane: { names: [www.example.org] }, tls_rpt: {} } }",
        instead: "domains: { example.org: { dnssec: signed, tls_rpt: {} } }",
        ignore: "When the name is an MX host of another domain that leads here under that name.",
    },
    references: &["RFC 7672 §2.2.3", "stalwartlabs/stalwart#2066"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for domain in &meaning.publication.domains {
        let names = domain.settings.and_then(|s| s.dane.as_ref()).and_then(|d| d.value.names.as_ref());
        for name in names.into_iter().flatten().filter(|n| n.value.0 != *meaning.host()) {
            let finding = Finding::at(RULE.code, &name.span, "not the MX host")
                .related(&meaning.config.host.name.span, "the MX host")
                .detail(format!("No sender asks for `{}`.", tlsa::owner(name.value.0.as_str())))
                .fix("remove it");
            out.push(finding);
        }
    }
}
