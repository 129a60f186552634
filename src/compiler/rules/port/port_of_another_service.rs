//! PORT-011: A listener sits on the port that belongs to another service.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::listeners::Service;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "PORT-011",
    name: "port-of-another-service",
    severity: Severity::Error,
    summary: "A listener sits on the port that belongs to another service.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Compares each listener with the service that its port, its `published` port, or its name is \
            registered for.",
        why: "Clients choose protocol and TLS mode by the port. 465 in particular is `submissions`; its old meaning \
            `smtps` has been revoked.",
        example: "listeners: { smtp: {}, imaps: { port: 143 } }",
        instead: "listeners: { smtp: {}, imaps: {} }",
        ignore: "Never: clients choose protocol and TLS mode by the port. Take a port that belongs to nobody, or \
            the listener that belongs to this one.",
    },
    references: &["RFC 8314 §7.3", "IANA Service Name and Port Number Registry"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for door in &meaning.listeners {
        let Some(service) = door.service else { continue };
        let owner = |port| Service::from_port(port).filter(|o| *o != service && *o != Service::Smtp);
        let published = door.settings.and_then(|s| s.published.as_ref()).map(|p| (p.value, &p.span));
        let wrong = std::iter::once((door.port, door.port_span()))
            .chain(published)
            .find_map(|(port, span)| Some((port, span, owner(port)?)));
        let namesake = Service::from_word(door.name).filter(|named| *named != service);
        let finding = if let Some((port, span, owner)) = wrong {
            Finding::at(RULE.code, span, format!("the port of `{}`", owner.word()))
                .detail(format!("Port {port} is registered for {}, not for {}.", owner.word(), service.word()))
                .fix(format!("port: {}, or use the listener `{}`", service.port(), owner.word()))
        } else if let Some(named) = namesake {
            Finding::at(RULE.code, door.name_span, format!("speaks `{}`", service.word()))
                .detail(format!(
                    "A listener called `{}` that speaks {} misleads whoever reads the file.",
                    named.word(),
                    service.word()
                ))
                .fix(format!("call it `{}`, or correct `protocol`", service.word()))
        } else {
            continue;
        };
        out.push(finding);
    }
}
