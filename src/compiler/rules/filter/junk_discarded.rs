//! FILT-005: Junk vanishes, and its sender never learns.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::filter::JunkAction;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "FILT-005",
    name: "junk-discarded",
    severity: Severity::Warning,
    summary: "Junk vanishes, and its sender never learns.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Looks for `filter.junk.action: discard`, which takes a message and throws it away.",
        why: "Every filter errs. A sender whose message was refused comes by telephone; one whose message vanished \
            waits, and so does the recipient.",
        example: "filter: { junk: { action: discard } }",
        instead: "filter: { junk: { action: file } }",
        ignore: "Where a law or a customer forbids keeping junk: `allow: [{ code: FILT-005, reason: ... }]`. A \
            lower `reject_at` does the same and tells the sender.",
    },
    references: &["RFC 5321 §6.2", "docker-mailserver documentation, SPAMASSASSIN_SPAM_TO_INBOX"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let junk = meaning.config.filter.as_ref().and_then(|f| f.junk.as_ref());
    if let Some(action) = junk.and_then(|j| j.action.as_ref()).filter(|a| a.value == JunkAction::Discard) {
        let finding = Finding::at(RULE.code, &action.span, "silent loss")
            .detail("A message that only looks like junk is lost, and nobody is told.")
            .fix("action: file");
        out.push(finding);
    }
}
