//! AUTH-001: Users would log in without TLS.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::listeners::TlsWord;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "AUTH-001",
    name: "login-in-clear",
    severity: Severity::Error,
    summary: "Users would log in without TLS.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses `tls: none` on `submission`, `imap`, `pop3` and `managesieve` listeners.",
        why: "The password, and all mail, would be readable to everyone on the path.",
        example: "listeners: { smtp: {}, submissions: {}, imap: { tls: none }, imaps: {} }",
        instead: "listeners: { smtp: {}, submissions: {}, imap: {}, imaps: {} }",
        ignore: "Never, not on a private network either: a password that crosses it once is known to every \
            machine on it. A program on this host can use TLS too.",
    },
    references: &["RFC 8314 §4.1", "RFC 4954 §4", "RFC 9051 §11.7"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for door in &meaning.listeners {
        if door.tls == TlsWord::None && door.service.is_some_and(|s| s.tls() == TlsWord::StarttlsRequired) {
            let finding = Finding::at(RULE.code, door.tls_span(), "passwords in clear")
                .detail(format!(
                    "On `{}` users log in, and without TLS everybody on the path reads their passwords.",
                    door.name
                ))
                .fix("tls: starttls-required");
            out.push(door.mend_tls(finding));
        }
    }
}
