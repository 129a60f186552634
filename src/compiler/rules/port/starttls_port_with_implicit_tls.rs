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
        what: "Refuses `tls: implicit` of `submission` (587), `imap` (143), `pop3` (110) and `managesieve` \
            (4190), whatever port they are moved to.",
        why: "Programs that connect there wait for a greeting in clear and then upgrade. Both sides would wait for the \
            other.",
        example: "listeners: { smtp: {}, submissions: {}, submission: { tls: implicit } }",
        instead: "listeners: { smtp: {}, submissions: {} }",
        ignore: "Never: both sides would wait for the other. For implicit TLS use `submissions`, `imaps` or \
            `pop3s`.",
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
        let fix = match service.twin() {
            Some(twin) => {
                let (word, port) = (twin.word(), twin.port());
                format!("use the listener `{word}` ({port}) for implicit TLS, or write `tls: starttls-required`")
            }
            None => "tls: starttls-required".to_owned(),
        };
        let finding = Finding::at(RULE.code, door.tls_span(), "clients wait for a greeting in clear")
            .detail(format!("`{}` speaks {}, which begins in clear and upgrades.", door.name, service.word()))
            .fix(fix);
        out.push(door.mend_tls(finding));
    }
}
