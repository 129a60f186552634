//! FW-001: The firewall shuts the port that other servers deliver to.

use std::collections::BTreeMap;

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::listeners::Service;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::{Severity, Span};

pub const RULE: Rule = Rule {
    code: "FW-001",
    name: "inbound-listener-closed",
    severity: Severity::Error,
    summary: "The firewall shuts the port that other servers deliver to.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses `firewall.closed` with every `smtp` listener of port 25 in it while the server receives \
            mail. `profile: lab` may shut everything.",
        why: "Listeners that the firewall drops look healthy from inside: nothing is logged, and senders wait \
            and give up. Mail is lost to them without a trace here.",
        example: "firewall: { closed: [smtp] }",
        instead: "listeners: { smtp: {}, submissions: {}, imaps: {}, imap: {} }
firewall: { closed: [imap] }",
        ignore: "Never for a server that receives. One that does not says so: `host: { role: submission-only, \
            ... }` or `send-only`.",
    },
    references: &["RFC 5321 §4.5.4.2", "mail-in-a-box/mailinabox, management/status_checks.py"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    const SMTP_PORT: u16 = 25;
    let Some(closed) = meaning.config.firewall.as_ref().and_then(|f| f.closed.as_ref()) else { return };
    if meaning.lab() || !meaning.role().receives() {
        return;
    }
    let spans: BTreeMap<&str, &Span> = closed.iter().map(|name| (name.value.as_str(), &name.span)).collect();
    let inbound =
        || meaning.listeners.iter().filter(|d| d.service == Some(Service::Smtp) && d.public_port() == SMTP_PORT);
    if inbound().any(|d| d.public() && !spans.contains_key(d.name)) {
        return;
    }
    for (door, span) in inbound().filter_map(|d| Some((d, spans.get(d.name)?))) {
        let finding = Finding::at(RULE.code, span, "other servers deliver here")
            .detail(format!("`{}` is the way in for all mail from outside, and the firewall would drop it.", door.name))
            .fix("take it out of `closed`, or say that the server does not receive: host: { role: submission-only, ... }");
        let written = meaning.config.listeners.is_some();
        out.push(if written { finding.related(door.port_span(), "listens for them") } else { finding });
    }
}
