//! STO-002: The largest message is much smaller or larger than elsewhere.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::quantity::size_text;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "STO-002",
    name: "message-size-unusual",
    severity: Severity::Warning,
    summary: "The largest message is much smaller or larger than elsewhere.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Compares `limits.message_size_max` with 20 MB and 150 MB; 50 MB is the default.",
        why: "Attachments grow by a third on their way. Below 20 MB people find that what every other provider \
            takes is refused here. Beyond 150 MB most servers refuse to take it from us, and one message keeps a \
            connection busy for minutes.",
        example: "limits: { message_size_max: 10MB }",
        instead: "limits: { message_size_max: 50MB }",
        ignore: "Where machines send small reports, or a closed group sends large files among its own: `allow: [{ \
            code: STO-002, reason: ... }]`.",
    },
    references: &["RFC 1870 §3", "RFC 2045 §6.8", "docker-mailserver documentation, POSTFIX_MESSAGE_SIZE_LIMIT"],
};

/// Octets. Gmail and Exchange Online take 25 to 35 MB, before base64.
const LOW: u64 = 20_000_000;
/// Octets. The largest of well-known providers (Exchange Online, where it was raised).
const HIGH: u64 = 150_000_000;

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(size) = meaning.config.limits.as_ref().and_then(|l| l.message_size_max.as_ref()) else { return };
    let shown = size_text(size.value.0);
    let finding = if size.value.0 < LOW {
        let people = size_text(size.value.0 / 4 * 3);
        Finding::at(RULE.code, &size.span, "small").detail(format!(
            "{shown} hold attachments of {people}: base64 adds a third. Others take {} and more.",
            size_text(LOW)
        ))
    } else if size.value.0 > HIGH {
        Finding::at(RULE.code, &size.span, "large")
            .detail(format!("Few servers take {shown}; hardly any takes more than {}.", size_text(HIGH)))
    } else {
        return;
    };
    out.push(finding.fix("message_size_max: 50MB"));
}
