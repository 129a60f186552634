//! PORT-019: Two listeners are published on the same port.

use std::collections::BTreeMap;

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::{Door, Meaning};
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::{Severity, Span};

pub const RULE: Rule = Rule {
    code: "PORT-019",
    name: "published-port-twice",
    severity: Severity::Warning,
    summary: "Two listeners are published on the same port.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns when `published` gives a listener the public port of another, unless one of them takes \
            connections from a load balancer alone.",
        why: "A router or container engine leads one port of an address to one place. Which of the two listeners \
            gets the connections is then decided elsewhere, and the other one is never reached.",
        example: "listeners: { smtp: {}, submissions: {}, imaps: {}, office: { protocol: submissions, port: 8465, published: 465 } }",
        instead: "listeners: { smtp: {}, imaps: {}, submissions: { port: 8465, published: 465 } }",
        ignore: "When they are published on different public addresses: `allow: [{ code: PORT-019, reason: ... \
            }]`.",
    },
    references: &["Docker documentation, Port publishing and mapping"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let mut first: BTreeMap<(u16, bool), &Door<'_>> = BTreeMap::new();
    for door in meaning.listeners.iter().filter(|d| d.public() && d.service.is_some()) {
        let key = (door.public_port(), door.proxied().is_some());
        let Some(other) = first.get(&key) else {
            first.insert(key, door);
            continue;
        };
        let published = |d: &Door<'_>| d.settings.and_then(|s| s.published.as_ref()).is_some();
        if !published(door) && !published(other) {
            continue;
        }
        let finding = Finding::at(RULE.code, public_span(door), format!("port {} again", key.0))
            .related(public_span(other), format!("`{}` has it", other.name))
            .detail(format!(
                "The Internet would reach `{}` and `{}` on the same port {}.",
                other.name, door.name, key.0
            ))
            .fix("give one of them another `published` port");
        out.push(finding);
    }
}

fn public_span<'d>(door: &'d Door<'_>) -> &'d Span {
    door.settings.and_then(|s| s.published.as_ref()).map_or_else(|| door.port_span(), |p| &p.span)
}
