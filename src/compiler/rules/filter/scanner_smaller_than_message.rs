//! FILT-007: The virus scanner does not see the largest messages.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::meaning::limits;
use crate::compiler::config::quantity::size_text;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "FILT-007",
    name: "scanner-smaller-than-message",
    severity: Severity::Warning,
    summary: "The virus scanner does not see the largest messages.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Compares `filter.clamd.size_max` with `limits.message_size_max`.",
        why: "Whoever wants a virus delivered makes the message a little larger than the scanner's limit.",
        example: "filter: { clamd: { address: \"127.0.0.1:3310\", size_max: 10MB } }",
        instead: "filter: { clamd: { address: \"127.0.0.1:3310\", size_max: 50MB } }
limits: { message_size_max: 50MB }",
        ignore: "On a machine that cannot scan more in time: `allow: [{ code: FILT-007, reason: ... }]`. A smaller \
            `limits.message_size_max` closes the gap from the other side.",
    },
    references: &["docker-mailserver documentation, CLAMAV_MESSAGE_SIZE_LIMIT", "RFC 1870 §3"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let clamd = meaning.config.filter.as_ref().and_then(|f| f.clamd.as_ref());
    let Some(size) = clamd.and_then(|c| c.size_max.as_ref()) else { return };
    let largest = limits(meaning.config).message_octets_max;
    if size.value.0 >= largest {
        return;
    }
    let mut finding = Finding::at(RULE.code, &size.span, "less than a message may have").detail(format!(
        "Messages between {} and {} pass unscanned.",
        size_text(size.value.0),
        size_text(largest)
    ));
    if let Some(limit) = meaning.config.limits.as_ref().and_then(|l| l.message_size_max.as_ref()) {
        finding = finding.related(&limit.span, "the largest message");
    }
    out.push(finding.fix(format!("size_max: {}; ClamAV's StreamMaxLength must be as large", size_text(largest))));
}
