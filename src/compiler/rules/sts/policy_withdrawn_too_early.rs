//! STS-009: An MTA-STS policy would vanish while senders remember it.

use crate::compiler::config::finding::Finding;
use crate::compiler::rules::Transition;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::plan::document::MtaStsMode;

pub const RULE: Rule = Rule {
    code: "STS-009",
    name: "policy-withdrawn-too-early",
    severity: Severity::Error,
    summary: "An MTA-STS policy would vanish while senders remember it.",
    check: Check::Transition(check),
    explanation: Explanation {
        what: "Wants `mode: none` between a policy that is enforced and no policy at all. Where the active plan only \
            tests, it is a warning; where this server serves the policy, it puts `mode: none` in between by itself, \
            and it is a note.",
        why: "Senders keep the old policy until its `max_age` ends and go on refusing what it does not allow, while \
            nobody can fetch a new one.",
        example: "domains:
  example.org: {}",
        instead: "domains:
  example.org: { mta_sts: { mode: none, max_age: 1d, served_by: external } }",
        ignore: "Never for an enforced policy: publish `mode: none` first, wait for the old `max_age`, then remove the \
            section.",
    },
    references: &["RFC 8461 §8.3"],
};

fn check(transition: &Transition<'_>, out: &mut Vec<Finding>) {
    for domain in &transition.meaning.publication.domains {
        let before = transition.previous.domains.get(domain.name).and_then(|d| d.mta_sts.as_ref());
        let Some(before) = before.filter(|p| p.mode() != MtaStsMode::None) else { continue };
        if transition.next.domains.get(domain.name).is_none_or(|d| d.mta_sts.is_some()) {
            continue;
        }
        let enforced = before.mode() == MtaStsMode::Enforce;
        let finding = Finding::at(RULE.code, domain.span, "its policy is gone")
            .severity(match (before.served_here, enforced) {
                (true, _) => Severity::Note,
                (false, true) => Severity::Error,
                (false, false) => Severity::Warning,
            })
            .detail(format!(
                "Senders remember the policy of `{}` (mode {}) for {} seconds.",
                domain.name,
                before.mode().word(),
                before.max_age_seconds()
            ))
            .fix("mta_sts: { mode: none, max_age: 1d }, and remove it when that time has passed");
        out.push(finding);
    }
}
