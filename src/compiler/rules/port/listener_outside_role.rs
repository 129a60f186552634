//! PORT-020: A listener serves people that the role of the server excludes.

use std::net::IpAddr;

use crate::compiler::config::finding::{Finding, shortened};
use crate::compiler::config::meaning::{Door, Meaning};
use crate::compiler::config::section::host::Role;
use crate::compiler::config::section::listeners::Service;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::vocabulary::network::Network;

pub const RULE: Rule = Rule {
    code: "PORT-020",
    name: "listener-outside-role",
    severity: Severity::Warning,
    summary: "A listener serves people that the role of the server excludes.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Compares the listeners with `host.role`: one that nobody sends through has no `submission(s)`, \
            one that stores no mail has no `imap(s)` and `pop3(s)`, and one that does not receive has no `smtp` \
            that the Internet reaches.",
        why: "The role says what the server is not there for, and each open port is one more that strangers try. \
            A backup MX with a login, or a sending server that strangers deliver to, is usually a file that was \
            copied and not finished.",
        example: "host: { name: mail.example.org, addresses: [192.0.2.10], role: submission-only }
listeners: { smtp: {}, submissions: {} }",
        instead: "host: { name: mail.example.org, addresses: [192.0.2.10], role: submission-only }
listeners: { submissions: {} }",
        ignore: "While a server changes its role: `allow: [{ code: PORT-020, path: listeners.smtp, reason: ... \
            }]`.",
    },
    references: &["RFC 6409 §3.1", "docs/language.md"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(role) = &meaning.config.host.role else { return };
    let stores = matches!(role.value, Role::Full | Role::ReceiveOnly);
    for door in &meaning.listeners {
        let Some(service) = door.service else { continue };
        let why = match service {
            Service::Smtp if !role.value.receives() && inviting(door) => "receives no mail from other servers",
            s if s.submits() && !role.value.submits() => "sends nobody's mail",
            s if (s.reads() || s == Service::Managesieve) && !stores => "stores no mail",
            _ => continue,
        };
        let finding = Finding::at(RULE.code, door.name_span, "not in this role")
            .related(&role.span, format!("a server that {why}"))
            .detail(format!("`{}` speaks {}, and a server of this role {why}.", shortened(door.name), service.word()))
            .fix(format!("remove `{}` from `listeners`, or correct `role`", shortened(door.name)));
        out.push(finding);
    }
}

/// Whether it is there for more than the host and its own network.
fn inviting(door: &Door<'_>) -> bool {
    let near = |a: &IpAddr| !a.is_unspecified() && (a.is_loopback() || Network::from(*a).is_private());
    !door.addresses.iter().all(near)
}
