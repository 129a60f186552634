//! FILT-006: Junk would be bounced to an address that did not send it.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::filter::JunkAction;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "FILT-006",
    name: "junk-bounced",
    severity: Severity::Error,
    summary: "Junk would be bounced to an address that did not send it.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses `filter.junk.action: bounce`, which takes a message and then returns it.",
        why: "Senders of junk are forged. A bounce goes to the person whose address was taken; block lists call \
            that backscatter and list who sends it.",
        example: "filter: { junk: { action: bounce } }",
        instead: "filter: { junk: { action: file, reject_at: 15 } }",
        ignore: "Never: what is refused in the session (`reject_at`) is reported by the sender's own server, to \
            whoever really sent it.",
    },
    references: &["RFC 5321 §6.2", "RFC 3834 §2", "docker-mailserver documentation, D_BOUNCE"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let junk = meaning.config.filter.as_ref().and_then(|f| f.junk.as_ref());
    if let Some(action) = junk.and_then(|j| j.action.as_ref()).filter(|a| a.value == JunkAction::Bounce) {
        let finding = Finding::at(RULE.code, &action.span, "makes backscatter")
            .detail("The message would be taken and then returned to its sender, which junk forges.")
            .fix("action: file, with `reject_at` for what is certain");
        out.push(finding);
    }
}
