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
        what: "Wants an `smtp` listener that the Internet reaches on port 25 (`published` counts where a router \
            or container engine maps it), unless `host.role` says that the server does not receive. `profile: \
            lab` does not need one.",
        why: "Other servers deliver to port 25 of the MX and nowhere else (RFC 5321 §4.5.4.2). Without it, all incoming \
            mail is lost to its senders.",
        example: "listeners: { submissions: {}, imaps: {} }",
        instead: "listeners: { smtp: {}, submissions: {}, imaps: {} }",
        ignore: "Never for a server that receives. One that only sends says so: `host: { role: submission-only, \
            ... }` or `send-only`.",
    },
    references: &["RFC 5321 §4.5.4.2", "RFC 5321 §5.1"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    const SMTP_PORT: u16 = 25;
    let inbound = || meaning.listeners.iter().filter(|d| d.service == Some(Service::Smtp));
    let Some(section) = &meaning.config.listeners else { return };
    if meaning.lab() || !meaning.role().receives() || inbound().any(|d| d.public_port() == SMTP_PORT && d.public()) {
        return;
    }
    let finding = match inbound().next() {
        Some(door) => {
            let published = door.settings.and_then(|s| s.published.as_ref());
            let span = published.map_or_else(|| door.port_span(), |p| &p.span);
            Finding::at(RULE.code, span, "not reachable on port 25")
        }
        None => {
            let start = section.span.start;
            Finding::at(RULE.code, &(start..start), "no `smtp` here")
        }
    };
    let finding = finding
        .detail("Other servers connect to port 25 of the MX host. Mail for the domains of this file could not be delivered.")
        .fix("add the listener `smtp`, with published: 25 where a router maps it; or say host: { role: submission-only, ... }");
    out.push(finding);
}
