//! PORT-007: A STARTTLS listener for users has no implicit-TLS twin.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::listeners::{Service, TlsWord};
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "PORT-007",
    name: "starttls-without-implicit-twin",
    severity: Severity::Warning,
    summary: "A STARTTLS listener for users has no implicit-TLS twin.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns when a public `submission` is there without `submissions`, `imap` without `imaps`, or \
            `pop3` without `pop3s`.",
        why: "STARTTLS has been stripped by middleboxes and botched by clients; RFC 8314 prefers implicit TLS for \
            everything that people use.",
        example: "listeners: { smtp: {}, submission: {}, imaps: {} }",
        instead: "listeners: { smtp: {}, submission: {}, submissions: {}, imaps: {} }",
        ignore: "When a firewall in front lets only the older port through, or only one program that you know \
            connects: `allow: [{ code: PORT-007, path: listeners.submission, reason: ... }]`.",
    },
    references: &["RFC 8314 §3", "RFC 8314 §4.1"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let public = || meaning.listeners.iter().filter(|d| d.public() || meaning.lab());
    let there = |s: &Service| public().any(|d| d.service == Some(*s));
    let services: Vec<Service> = Service::ALL.into_iter().filter(there).collect();
    for door in public() {
        let Some(service) = door.service.filter(|s| s.tls() == TlsWord::StarttlsRequired) else { continue };
        let Some(twin) = service.twin() else { continue };
        if !services.contains(&twin) {
            let finding = Finding::at(RULE.code, door.name_span, format!("without `{}`", twin.word()))
                .detail(format!(
                    "Users who can should connect to {} with implicit TLS, where nothing can be stripped.",
                    twin.port()
                ))
                .fix(format!("add the listener `{}`", twin.word()));
            out.push(finding);
        }
    }
}
