//! PORT-008: A listener is only for programs that cannot do implicit TLS.

use crate::compiler::config::finding::{Finding, shortened};
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::listeners::Service;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "PORT-008",
    name: "old-clients-only",
    severity: Severity::Note,
    summary: "A listener is only for programs that cannot do implicit TLS.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Notes `imap` (143) and `pop3` (110) that are reachable from outside and have an implicit-TLS \
            twin.",
        why: "Every program of the last fifteen years speaks 993 and 995. The older port is one more to watch \
            and to be guessed at, and RFC 8314 wants programs to move to implicit TLS over time.",
        example: "listeners: { smtp: {}, submissions: {}, imaps: {}, imap: {} }",
        instead: "listeners: { smtp: {}, submissions: {}, imaps: {} }",
        ignore: "While somebody still uses a program that needs it: `allow: [{ code: PORT-008, path: \
            listeners.imap, reason: ... }]`.",
    },
    references: &["RFC 8314 §3.3", "simple-nixos-mailserver, enableImap"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    if meaning.lab() {
        return;
    }
    let there = |s: &Service| meaning.listeners.iter().any(|d| d.service == Some(*s));
    let services: Vec<Service> = Service::ALL.into_iter().filter(there).collect();
    let closed = meaning.closed();
    for door in meaning.listeners.iter().filter(|d| d.public() && !closed.contains(d.name)) {
        let Some(service) = door.service.filter(|s| matches!(s, Service::Imap | Service::Pop3)) else { continue };
        let Some(twin) = service.twin().filter(|twin| services.contains(twin)) else { continue };
        let finding = Finding::at(RULE.code, door.name_span, "for old programs")
            .detail(format!(
                "Whoever can use `{}` ({}) should; nothing but an old program needs port {}.",
                twin.word(),
                twin.port(),
                service.port()
            ))
            .fix(format!("remove `{}` when nobody uses it any more", shortened(door.name)));
        out.push(finding);
    }
}
