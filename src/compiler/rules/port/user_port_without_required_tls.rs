//! PORT-005: A listener for users offers TLS without requiring it.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::listeners::TlsWord;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "PORT-005",
    name: "user-port-without-required-tls",
    severity: Severity::Error,
    summary: "A listener for users offers TLS without requiring it.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants `tls: starttls-required` of `submission` (587), `imap` (143), `pop3` (110) and \
            `managesieve` (4190), whatever port they are moved to.",
        why: "Where STARTTLS is only offered, an attacker in the path removes the offer and the password crosses the \
            network in clear. The server must refuse to go on.",
        example: "listeners: { smtp: {}, submissions: {}, submission: { tls: starttls } }",
        instead: "listeners: { smtp: {}, submissions: {}, submission: { tls: starttls-required } }",
        ignore: "Never: the listener would still be there, and a program that cannot do TLS must not send a \
            password. There is no key for it.",
    },
    references: &["RFC 8314 §4.1", "RFC 3207 §6", "RFC 2595 §2.3", "RFC 5804 §5"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for door in &meaning.listeners {
        let upgrades = door.service.is_some_and(|s| s.tls() == TlsWord::StarttlsRequired);
        if upgrades && door.tls == TlsWord::Starttls {
            let finding = Finding::at(RULE.code, door.tls_span(), "offered, not required")
                .detail(format!(
                    "`{}` is for users, who log in. It must refuse everything that matters until TLS stands.",
                    door.name
                ))
                .fix("tls: starttls-required");
            out.push(door.mend_tls(finding));
        }
    }
}
