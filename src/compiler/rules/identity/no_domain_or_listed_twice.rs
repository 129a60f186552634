//! ID-007: There is no mail domain, or one is listed twice.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::ground::diagnostic::Span;
use crate::vocabulary::mail::Domain;
use std::collections::BTreeMap;

pub const RULE: Rule = Rule {
    code: "ID-007",
    name: "no-domain-or-listed-twice",
    severity: Severity::Error,
    summary: "There is no mail domain, or one is listed twice.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants at least one entry in `domains`, and each domain once whatever its spelling: case and the Unicode \
            and ASCII forms of an international name are the same domain.",
        why: "Two entries for one domain would each claim to be its settings.",
        example: "domains: { Example.org: {}, example.org: {} }",
        instead: "domains: { example.org: {} }",
        ignore: "Never: which of the two entries is meant cannot be guessed. A server that only sends still \
            names the domain that it sends for.",
    },
    references: &["RFC 4343", "RFC 5890 §2.3.2.1"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    if meaning.domains.is_empty() {
        let finding = Finding::at(RULE.code, &meaning.config.domains.span, "no domain")
            .detail("A mail server without a domain has nobody to receive mail for.")
            .fix("domains: { example.org: {} }");
        out.push(finding);
    }
    let mut seen: BTreeMap<&Domain, &Span> = BTreeMap::new();
    for domain in &meaning.domains {
        if let Some(first) = seen.insert(domain.name, domain.span) {
            let finding = Finding::at(RULE.code, domain.span, "the same domain again")
                .related(first, "first listed here")
                .detail(format!(
                    "`{}` is listed twice; names are compared without case and in their ASCII form.",
                    domain.name
                ))
                .fix("merge the two entries");
            out.push(finding);
        }
    }
}
