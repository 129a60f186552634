//! PORT-004: A listener for implicit TLS does not begin with TLS.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::listeners::TlsWord;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "PORT-004",
    name: "implicit-port-without-implicit-tls",
    severity: Severity::Error,
    summary: "A listener for implicit TLS does not begin with TLS.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants `tls: implicit` of `submissions` (465), `imaps` (993), `pop3s` (995) and `https` (443), \
            whatever port they are moved to.",
        why: "Programs that connect there begin the TLS handshake at once. A greeting in clear makes them hang or fail.",
        example: "listeners: { smtp: {}, imaps: { tls: starttls-required } }",
        instead: "listeners: { smtp: {}, imaps: { tls: implicit } }",
        ignore: "Never: the other side begins with the handshake. For STARTTLS use `submission`, `imap` or \
            `pop3`.",
    },
    references: &["RFC 8314 §3", "RFC 9110 §4.2.2"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for door in &meaning.listeners {
        let Some(service) = door.service.filter(|s| s.tls() == TlsWord::Implicit && door.tls != TlsWord::Implicit)
        else {
            continue;
        };
        let fix = match service.twin() {
            Some(twin) => format!("tls: implicit, or use the listener `{}` for STARTTLS", twin.word()),
            None => "tls: implicit".to_owned(),
        };
        let finding = Finding::at(RULE.code, door.tls_span(), format!("this is `{}`", door.tls.word()))
            .detail(format!(
                "`{}` speaks {}, which begins with TLS; its clients send no command before the handshake.",
                door.name,
                service.word()
            ))
            .fix(fix);
        out.push(door.mend_tls(finding));
    }
}
