//! RLY-024: Hosts may relay and no listener takes their mail.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::listeners::Service;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "RLY-024",
    name: "relaying-without-smtp",
    severity: Severity::Warning,
    summary: "Hosts may relay and no listener takes their mail.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns of `relay.accept_from` or `relay.backup_for` without an `smtp` listener.",
        why: "Both are for mail that comes without a login, and only `smtp` takes such mail; submission asks \
            everybody for a password.",
        example: "host: { name: mail.example.org, addresses: [192.0.2.10], role: submission-only }
listeners: { submissions: {} }
relay: { accept_from: [10.0.0.7] }",
        instead: "host: { name: mail.example.org, addresses: [192.0.2.10], role: submission-only }
listeners: { submissions: {}, inside: { protocol: smtp, addresses: [10.0.0.1] } }
relay: { accept_from: [10.0.0.7] }",
        ignore: "While the listener is not there yet: `allow: [{ code: RLY-024, reason: ... }]`.",
    },
    references: &["RFC 6409 §4.3"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    if meaning.listeners.iter().any(|d| d.service == Some(Service::Smtp)) {
        return;
    }
    let Some(relay) = &meaning.config.relay else { return };
    let accept = relay.accept_from.as_ref().map(|a| (&a.span, "accept_from"));
    let backup = relay.backup_for.as_ref().map(|b| (&b.span, "backup_for"));
    for (span, key) in accept.into_iter().chain(backup) {
        let finding = Finding::at(RULE.code, span, "reached by no listener")
            .detail(format!("`{key}` is about mail that arrives at an `smtp` listener, and there is none."))
            .fix("listeners: { inside: { protocol: smtp, addresses: [10.0.0.1] }, ... } for hosts of your own network");
        out.push(finding);
    }
}
