//! DNS-010: An SPF record names domains that have no answer.

use crate::compiler::config::finding::Finding;
use crate::compiler::observed::{Kind, spf_question};
use crate::compiler::rules::Sight;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use std::collections::BTreeSet;

pub const RULE: Rule = Rule {
    code: "DNS-010",
    name: "spf-names-nothing",
    severity: Severity::Warning,
    summary: "An SPF record names domains that have no answer.",
    check: Check::Online(check),
    explanation: Explanation {
        what: "Asks DNS for the domains behind `include`, `redirect`, `a` and `mx` in our SPF records, and reports an \
            include without an SPF record, and more than two names without an answer.",
        why: "An include without an SPF record is a permanent error, and so are more than two look-ups without an \
            answer. Both make every message of the domain fail SPF.",
        example: "domains:
  example.org: { spf: { include: [_spf.gone.example] } }",
        instead: "domains:
  example.org: { spf: { include: [_spf.example.net] } }",
        ignore: "Only for the moment in which the other domain is being set up.",
    },
    references: &["RFC 7208 §5.2", "RFC 7208 §4.6.4"],
};

/// RFC 7208 §4.6.4.
const VOID_MAX: usize = 2;

fn check(sight: &Sight<'_>, out: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    for domain in &sight.meaning.publication.domains {
        let mut void = Vec::new();
        for term in domain.spf.look_ups() {
            let Some((name, kinds)) = spf_question(&term.text) else { continue };
            let answers: Vec<_> = kinds.iter().filter_map(|kind| sight.observed.records(name, *kind)).collect();
            if answers.len() < kinds.len() {
                continue;
            }
            let span = term.span.unwrap_or(domain.span);
            let policy = |text: &String| text.to_ascii_lowercase().starts_with("v=spf1");
            if kinds == [Kind::Txt] && !answers.iter().any(|a| a.iter().any(policy)) {
                // A relay's include stands in the records of many domains.
                if seen.insert(span.start) {
                    let finding = Finding::at(RULE.code, span, "without an SPF record")
                        .related(domain.span, "the domain that includes it")
                        .detail(format!("`{name}` has no SPF record, so that `{}` is a permanent error.", term.text))
                        .fix("ask the service for the name that it wants included, or remove it");
                    out.push(finding);
                }
            } else if answers.iter().all(|a| a.is_empty()) {
                void.push((name, span));
            }
        }
        if let Some((name, span)) = void.get(VOID_MAX) {
            let finding = Finding::at(RULE.code, span, "no answer either")
                .related(domain.span, "the domain")
                .detail(format!("`{name}` is the third name in SPF of `{}` without an answer.", domain.name))
                .fix("remove the terms whose names are gone");
            out.push(finding);
        }
    }
}
