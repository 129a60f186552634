//! PORT-002: A listener for other servers begins with TLS.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::listeners::{Service, TlsWord};
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "PORT-002",
    name: "smtp-with-implicit-tls",
    severity: Severity::Error,
    summary: "A listener for other servers begins with TLS.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses `tls: implicit` on an `smtp` listener.",
        why: "A server that delivers on port 25 waits for a greeting in clear text. There is no implicit form of it, so \
            every delivery would hang until it times out.",
        example: "listeners: { smtp: { tls: implicit } }",
        instead: "listeners: { smtp: { tls: starttls } }",
        ignore: "Never: port 25 has no implicit form. What other servers shall insist on is said by MTA-STS and \
            DANE (`domains.*.mta_sts`, `dnssec: signed`).",
    },
    references: &["RFC 5321 §3.1", "RFC 3207 §4"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for door in meaning.listeners.iter().filter(|d| d.service == Some(Service::Smtp) && d.tls == TlsWord::Implicit) {
        let finding = Finding::at(RULE.code, door.tls_span(), "clients wait for a greeting in clear")
            .detail(format!(
                "`{}` takes mail from other servers, which never begin with TLS on this protocol.",
                door.name
            ))
            .fix("tls: starttls. For your users' programs use the listener `submissions` (465)");
        out.push(door.mend_tls(finding));
    }
}
