//! PORT-022: The listener for connections in clear would begin with TLS.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::listeners::{Service, TlsWord};
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "PORT-022",
    name: "http-under-tls",
    severity: Severity::Error,
    summary: "The listener for connections in clear would begin with TLS.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses every `tls` but `none` on an `http` listener.",
        why: "Certificate authorities connect to port 80 in clear, and so do browsers that were given no scheme. What \
            needs TLS is served by `https`; `http` answers the challenge and sends everybody else there.",
        example: "listeners: { smtp: {}, submissions: {}, imaps: {}, https: {}, http: { tls: implicit } }",
        instead: "listeners: { smtp: {}, submissions: {}, imaps: {}, https: {}, http: {} }",
        ignore: "Never: what needs TLS belongs to the listener `https`.",
    },
    references: &["RFC 8555 §8.3"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for door in meaning.listeners.iter().filter(|d| d.service == Some(Service::Http) && d.tls != TlsWord::None) {
        let finding = Finding::at(RULE.code, door.tls_span(), "nobody could connect")
            .detail(format!("`{}` is spoken to in clear, and `{}` begins otherwise.", door.name, door.tls.word()))
            .fix("tls: none, or the listener `https`");
        out.push(door.mend_tls(finding));
    }
}
