//! PORT-001: Two listeners bind the same address and port.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Door;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "PORT-001",
    name: "listeners-overlap",
    severity: Severity::Error,
    summary: "Two listeners bind the same address and port.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Compares the sockets of all listeners. A wildcard address (`0.0.0.0`, `::`) overlaps every address of its \
            family.",
        why: "The second of them could not start, and which one is second would depend on chance. IPv4 and IPv6 \
            are apart: `::` is IPv6 alone here.",
        example: "listeners: { smtp: {}, submissions: {}, inbound: { protocol: smtp } }",
        instead: "listeners: { smtp: {}, submissions: {} }",
        ignore: "Never: the system gives a socket to one of them. Give them different `addresses`, or one \
            another `port` with `published`.",
    },
    references: &["POSIX bind(2), EADDRINUSE"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for (i, door) in meaning.listeners.iter().enumerate() {
        let clash = meaning.listeners.iter().take(i).find(|other| other.port == door.port && overlap(other, door));
        let Some(other) = clash.filter(|_| door.service.is_some()) else { continue };
        let finding = Finding::at(RULE.code, door.port_span(), format!("port {} again", door.port))
            .related(other.port_span(), format!("`{}` binds it here", other.name))
            .detail(format!("`{}` and `{}` both bind port {} on the same address.", other.name, door.name, door.port))
            .fix("change one port, or give the two listeners different `addresses`");
        out.push(finding);
    }
}

fn overlap(a: &Door<'_>, b: &Door<'_>) -> bool {
    a.addresses.iter().any(|x| {
        b.addresses.iter().any(|y| x == y || (x.is_ipv4() == y.is_ipv4() && (x.is_unspecified() || y.is_unspecified())))
    })
}
