//! AUTH-002: Users would log in where other servers deliver.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::listeners::Service;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "AUTH-002",
    name: "login-on-port-25",
    severity: Severity::Error,
    summary: "Users would log in where other servers deliver.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses `auth: true` on an `smtp` listener, and listeners for users on port 25, directly or by \
            `published`.",
        why: "Port 25 must talk to everyone, with or without TLS. A login offered there is guessed at day and night, \
            and programs set to use it break wherever the provider blocks the port.",
        example: "listeners: { smtp: { auth: true } }",
        instead: "listeners: { smtp: {}, submissions: {} }",
        ignore: "Never: `submissions` (465) is there for it. Where a provider blocks 465 and 587, give \
            `submissions` another port with `published`.",
    },
    references: &["RFC 6409 §3.1", "RFC 8314 §3.3", "docker-mailserver#2895", "docker-mailserver#3006"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    const SMTP_PORT: u16 = 25;
    for door in &meaning.listeners {
        let server = door.service == Some(Service::Smtp);
        let asked = door.settings.and_then(|s| s.auth.as_ref()).filter(|a| a.value && server);
        let span = match asked {
            Some(auth) => &auth.span,
            None if door.service.is_none() || server => continue,
            None if door.port == SMTP_PORT => door.port_span(),
            None => match door.settings.and_then(|s| s.published.as_ref()).filter(|p| p.value == SMTP_PORT) {
                Some(published) => &published.span,
                None => continue,
            },
        };
        let finding = Finding::at(RULE.code, span, "only servers come here")
            .detail(format!(
                "`{}` is reached by other servers on port 25; people submit their mail on 465 or 587.",
                door.name
            ))
            .fix("remove it, and add the listener `submissions`");
        out.push(finding);
    }
}
