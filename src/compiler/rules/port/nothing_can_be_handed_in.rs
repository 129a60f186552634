//! PORT-021: The server is there to send, and nobody can hand anything in.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::host::Role;
use crate::compiler::config::section::listeners::Service;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "PORT-021",
    name: "nothing-can-be-handed-in",
    severity: Severity::Error,
    summary: "The server is there to send, and nobody can hand anything in.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants a `submission(s)` listener for `role: submission-only`, and for `send-only` that or an \
            `smtp` listener with `relay.accept_from`.",
        why: "Without a way in for its own users and programs such a server does nothing at all.",
        example: "host: { name: mail.example.org, addresses: [192.0.2.10], role: submission-only }
listeners: { inside: { protocol: smtp, addresses: [127.0.0.1] } }",
        instead: "host: { name: mail.example.org, addresses: [192.0.2.10], role: submission-only }
listeners: { submissions: {} }",
        ignore: "Never: add a listener, or correct the role.",
    },
    references: &["RFC 6409 §3.1", "docs/language.md"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(role) = &meaning.config.host.role else { return };
    let speaks = |wanted: fn(Service) -> bool| meaning.listeners.iter().any(|d| d.service.is_some_and(wanted));
    let accepts = meaning.config.relay.as_ref().and_then(|r| r.accept_from.as_ref()).is_some_and(|a| !a.is_empty());
    let without_login = role.value == Role::SendOnly && accepts && speaks(|s| s == Service::Smtp);
    if !matches!(role.value, Role::SendOnly | Role::SubmissionOnly) || speaks(Service::submits) || without_login {
        return;
    }
    let place = meaning.config.listeners.as_ref().map_or(&role.span, |l| &l.span);
    let start = place.start;
    let finding = Finding::at(RULE.code, &(start..start), "no `submissions` here")
        .related(&role.span, "there to send")
        .detail("Users and programs hand in mail at `submissions`; nothing listens for them.")
        .fix("listeners: { submissions: {} }, or for send-only an `smtp` listener on a private address with relay.accept_from");
    out.push(finding);
}
