//! PORT-018: A listener for other servers never offers TLS.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::listeners::{Service, TlsWord};
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "PORT-018",
    name: "smtp-without-starttls",
    severity: Severity::Error,
    summary: "A listener for other servers never offers TLS.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses `tls: none` on an `smtp` listener.",
        why: "Nearly all mail between servers is encrypted today, because both sides offer it. A server that does not \
            makes everybody send in clear.",
        example: "listeners: { smtp: { tls: none } }",
        instead: "listeners: { smtp: { tls: starttls } }",
        ignore: "Never: TLS is an offer here, and nobody is shut out by it. A certificate that the server signs \
            itself is better than none.",
    },
    references: &["RFC 3207 §4", "RFC 7435"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for door in meaning.listeners.iter().filter(|d| d.service == Some(Service::Smtp) && d.tls == TlsWord::None) {
        let finding = Finding::at(RULE.code, door.tls_span(), "all mail would arrive in clear")
            .detail(format!("`{}` would not offer STARTTLS, so senders that could encrypt do not.", door.name))
            .fix("tls: starttls");
        out.push(door.mend_tls(finding));
    }
}
