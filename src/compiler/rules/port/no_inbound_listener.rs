//! PORT-009: No listener on port 25 receives mail for the domains.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::listeners::Service;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "PORT-009",
    name: "no-inbound-listener",
    severity: Severity::Error,
    summary: "No listener on port 25 receives mail for the domains.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants an `smtp` listener on port 25 that is reachable from outside. `profile: lab` does not need one.",
        why: "Other servers deliver to port 25 of the MX and nowhere else (RFC 5321 §4.5.4.2). Without it, all incoming \
            mail is lost to its senders.",
        example: "listeners: { submissions: {}, imaps: {} }",
        instead: "listeners: { smtp: {}, submissions: {}, imaps: {} }",
        ignore: "Never: it is an error, and no plan is made with it.",
    },
    references: &["RFC 5321 §4.5.4.2", "RFC 5321 §5.1"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    const SMTP_PORT: u16 = 25;
    let inbound = || meaning.listeners.iter().filter(|d| d.service == Some(Service::Smtp));
    let Some(section) = &meaning.config.listeners else { return };
    if meaning.lab() || inbound().any(|d| d.port == SMTP_PORT && d.public()) {
        return;
    }
    let finding = match inbound().next() {
        Some(door) => Finding::at(RULE.code, door.port_span(), "not reachable on port 25"),
        None => {
            let start = section.span.start;
            Finding::at(RULE.code, &(start..start), "no `smtp` here")
        }
    };
    let finding = finding
        .detail("Other servers connect to port 25 of the MX host. Mail for the domains of this file could not be delivered.")
        .fix("add the listener `smtp`, or write `profile: lab` for a test");
    out.push(finding);
}
