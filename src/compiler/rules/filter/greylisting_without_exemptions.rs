//! FILT-008: Every first contact waits, with no exemption.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "FILT-008",
    name: "greylisting-without-exemptions",
    severity: Severity::Warning,
    summary: "Every first contact waits, with no exemption.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants `exempt` where `filter.greylisting` is on.",
        why: "Large senders come again from another address each time, and wait again each time. Codes to log in \
            with, valid for ten minutes, arrive when they are no longer of use. Mail of our own backup MX or relay \
            waits too.",
        example: "filter: { greylisting: { delay: 5m } }",
        instead: "filter: { greylisting: { delay: 5m, exempt: [198.51.100.0/24] } }",
        ignore: "For a domain that hardly anybody writes to, and whose people know it: `allow: [{ code: FILT-008, \
            reason: ... }]`. Mail of logged-in users never waits.",
    },
    references: &["RFC 6647 §5", "docker-mailserver documentation, Postgrey"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(greylisting) = meaning.config.filter.as_ref().and_then(|f| f.greylisting.as_ref()) else { return };
    let on = greylisting.enabled.as_ref().is_none_or(|e| e.value);
    if on && greylisting.exempt.as_ref().is_none_or(|e| e.is_empty()) {
        let finding = Finding::at(RULE.code, &greylisting.span, "for everybody")
            .detail("No peer is exempt: mail of large providers is delayed at every new address of theirs.")
            .fix("exempt: [198.51.100.0/24], the networks of those who must not wait; or leave `greylisting` out");
        out.push(finding);
    }
}
