//! STO-001: A quota is smaller than one message may be.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::meaning::limits;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "STO-001",
    name: "quota-below-message-size",
    severity: Severity::Error,
    summary: "A quota is smaller than one message may be.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Compares the quota of every account with `limits.message_size_max`.",
        why: "A message that the server announces to accept would never fit, not even into an empty mailbox.",
        example: "accounts:
  hello@example.org: { quota: 10MB }",
        instead: "accounts:
  hello@example.org: { quota: 5GB }",
        ignore: "Never: raise the quota, or say with `limits.message_size_max` that no such message is taken.",
    },
    references: &["RFC 1870 §4", "docker-mailserver documentation, quotas"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let limits = limits(meaning.config);
    for mailbox in &meaning.mailboxes {
        let Some(quota) = mailbox.settings.and_then(|s| s.quota.as_ref()) else { continue };
        if quota.value.0 < limits.message_octets_max {
            let mut finding = Finding::at(RULE.code, &quota.span, "less than one message")
                .detail(format!(
                    "Messages may have {} octets; `{}` may keep {}.",
                    limits.message_octets_max, mailbox.address, quota.value.0
                ))
                .fix("raise the quota, or lower `limits.message_size_max`");
            let size = meaning.config.limits.as_ref().and_then(|l| l.message_size_max.as_ref());
            if let Some(size) = size {
                finding = finding.related(&size.span, "the largest message");
            }
            out.push(finding);
        }
    }
}
