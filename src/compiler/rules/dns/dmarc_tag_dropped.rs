//! DNS-017: A DMARC tag is no longer read.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DNS-017",
    name: "dmarc-tag-dropped",
    severity: Severity::Warning,
    summary: "A DMARC tag is no longer read.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns of `dmarc.pct`, which RFC 9989 dropped.",
        why: "New receivers ignore it: a policy for 10 % of the mail becomes one for all of it.",
        example: "domains:
  example.org: { dmarc: { policy: quarantine, pct: 10 } }",
        instead: "domains:
  example.org: { dmarc: { policy: none } }",
        ignore: "While you raise a policy step by step and know that only receivers with the older standard take the \
            steps.",
    },
    references: &["RFC 9989", "RFC 7489 §6.3"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for domain in &meaning.publication.domains {
        let dmarc = domain.settings.and_then(|s| s.dmarc.as_ref());
        let Some(pct) = dmarc.and_then(|d| d.value.pct.as_ref()) else { continue };
        let finding = Finding::at(RULE.code, &pct.span, "ignored by new receivers")
            .detail(format!("Receivers that follow RFC 9989 use the policy for all mail, not for {} %.", pct.value))
            .fix("remove `pct`; begin with `policy: none` and read the reports");
        out.push(finding);
    }
}
