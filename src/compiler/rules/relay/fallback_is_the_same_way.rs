//! RLY-021: A fallback is the way that has just failed.

use crate::compiler::config::finding::{Finding, shortened};
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "RLY-021",
    name: "fallback-is-the-same-way",
    severity: Severity::Warning,
    summary: "A fallback is the way that has just failed.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns of a `fallback` that names the same relay, or `direct`, as the way it stands in for.",
        why: "After the failures that should lead elsewhere, mail is tried where it failed.",
        example: "relay: { fallback: direct }",
        instead: "relay:
  default: { host: smtp.relay.net, spf: [relay.net] }
  fallback: direct",
        ignore: "There is no need to: remove the fallback, and nothing changes.",
    },
    references: &["docs/language.md"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for way in meaning.ways.all() {
        let Some((fallback, span)) = way.fallback.and_then(|f| Some((f, f.span?))) else { continue };
        if fallback.name != way.via.name {
            continue;
        }
        let mut finding = Finding::at(RULE.code, span, "the same way again")
            .detail(format!("Mail already goes via `{}`, so that this changes nothing.", shortened(fallback.name)))
            .fix("name another relay, or remove `fallback`");
        if let Some(first) = way.via.span {
            finding = finding.related(first, "tried first");
        }
        out.push(finding);
    }
}
