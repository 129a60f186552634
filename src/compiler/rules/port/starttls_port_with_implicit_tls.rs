//! PORT-006: A listener that upgrades with STARTTLS begins with TLS.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::listeners::TlsWord;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "PORT-006",
    name: "starttls-port-with-implicit-tls",
    severity: Severity::Error,
    summary: "A listener that upgrades with STARTTLS begins with TLS.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses `tls: implicit` of `submission` (587), `imap` (143) and `pop3` (110), whatever port they are \
            moved to.",
        why: "Programs that connect there wait for a greeting in clear and then upgrade. Both sides would wait for the \
            other.",
        example: "listeners: { smtp: {}, submissions: {}, submission: { tls: implicit } }",
        instead: "listeners: { smtp: {}, submissions: {} }",
        ignore: "Never: it is an error, and no plan is made with it.",
    },
    references: &["RFC 8314 §3", "docker-mailserver#1316"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for door in &meaning.listeners {
        let Some(service) =
            door.service.filter(|s| s.tls() == TlsWord::StarttlsRequired && door.tls == TlsWord::Implicit)
        else {
            continue;
        };
        let twin = service.twin().unwrap_or(service);
        let finding = Finding::at(RULE.code, door.tls_span(), "clients wait for a greeting in clear")
            .detail(format!("`{}` speaks {}, which begins in clear and upgrades.", door.name, service.word()))
            .fix(format!(
                "use the listener `{}` ({}) for implicit TLS, or write `tls: starttls-required`",
                twin.word(),
                twin.port()
            ));
        out.push(door.mend_tls(finding));
    }
}
