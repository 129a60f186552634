//! PORT-003: A listener for other servers refuses mail without TLS.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::listeners::{Service, TlsWord};
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "PORT-003",
    name: "smtp-requires-tls",
    severity: Severity::Error,
    summary: "A listener for other servers refuses mail without TLS.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses `tls: starttls-required` on an `smtp` listener.",
        why: "RFC 3207 forbids it on a publicly referenced server: part of the world still delivers in clear, and that \
            mail would bounce. MTA-STS and DANE make capable senders insist on TLS without shutting out the others.",
        example: "listeners: { smtp: { tls: starttls-required } }",
        instead: "listeners: { smtp: { tls: starttls } }",
        ignore: "Never: mail would be lost to senders without TLS. Ask capable senders to insist with `mta_sts: \
            { mode: enforce }` and DANE instead.",
    },
    references: &["RFC 3207 §4", "RFC 8461 §1", "RFC 7672 §1.3"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for door in
        meaning.listeners.iter().filter(|d| d.service == Some(Service::Smtp) && d.tls == TlsWord::StarttlsRequired)
    {
        let finding = Finding::at(RULE.code, door.tls_span(), "would refuse legitimate mail")
            .detail(format!("`{}` takes mail from other servers. A public server must not require STARTTLS to deliver mail locally.", door.name))
            .fix("tls: starttls");
        out.push(door.mend_tls(finding));
    }
}
