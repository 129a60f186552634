//! DNS-009: An SPF record needs more look-ups than receivers make.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::finding::listed;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use std::collections::BTreeSet;

pub const RULE: Rule = Rule {
    code: "DNS-009",
    name: "spf-too-many-look-ups",
    severity: Severity::Error,
    summary: "An SPF record needs more look-ups than receivers make.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Counts the terms that need DNS (`include`, `a`, `mx`, `ptr`, `exists`, `redirect`): an error beyond \
            10, a warning from 8 on. Terms inside an include count too; they are not known offline, so each include \
            counts as one here and may be more. An `mx` with more than 10 hosts is an error as well.",
        why: "A receiver stops after 10 and treats the record as a permanent error. Mail then fails SPF for every \
            sender of the domain.",
        example: "domains:
  example.org:
    spf:
      include: [s1.example.net, s2.example.net, s3.example.net, s4.example.net, s5.example.net, s6.example.net]
      mechanisms: [a:a1.example.net, a:a2.example.net, a:a3.example.net, a:a4.example.net, a:a5.example.net]",
        instead: r#"domains:
  example.org:
    spf: { include: [s1.example.net, s2.example.net], mechanisms: ["ip4:198.51.100.0/24"] }"#,
        ignore: "The error never. The warning when you have counted what the includes need and it stays within 10.",
    },
    references: &["RFC 7208 §4.6.4", "stalwartlabs/mail-auth#35", "Internet.nl#1336"],
};

/// RFC 7208 §4.6.4.
const LOOK_UPS_MAX: usize = 10;
/// An include rarely comes alone.
const LOOK_UPS_MANY: usize = 8;

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    for domain in &meaning.publication.domains {
        let terms: Vec<_> = domain.spf.look_ups().collect();
        let hosts = domain.mx.iter().filter(|e| e.host().is_some()).count();
        let span = terms.iter().take(LOOK_UPS_MAX + 1).rev().find_map(|t| t.span).unwrap_or(domain.span);
        // Many domains may share the terms of one relay.
        if !seen.insert(span.start) {
            continue;
        }
        if hosts > LOOK_UPS_MAX {
            let finding = Finding::at(RULE.code, domain.span, format!("{hosts} MX hosts"))
                .detail(format!("The term `mx` is in the record, and receivers look at {LOOK_UPS_MAX} hosts of it."))
                .fix("name fewer MX hosts");
            out.push(finding);
        }
        if terms.len() < LOOK_UPS_MANY {
            continue;
        }
        let severity = if terms.len() > LOOK_UPS_MAX { Severity::Error } else { Severity::Warning };
        let finding = Finding::at(RULE.code, span, format!("{} of {LOOK_UPS_MAX} look-ups", terms.len()))
            .related(domain.span, "the domain")
            .severity(severity)
            .detail(format!(
                "SPF of `{}` needs at least {} look-ups: {}.",
                domain.name,
                terms.len(),
                listed(terms.iter().take(SHOWN_MAX).map(|t| t.text.as_str()), "and")
            ))
            .fix("write addresses in place of names (`ip4:198.51.100.0/24`), or drop services that no longer send");
        out.push(finding);
    }
}

const SHOWN_MAX: usize = 15;
