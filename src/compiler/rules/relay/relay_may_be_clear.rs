//! RLY-003: Mail to the relay may go in clear text.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::listeners::TlsWord;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "RLY-003",
    name: "relay-may-be-clear",
    severity: Severity::Error,
    summary: "Mail to the relay may go in clear text.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses `tls: none` and `tls: starttls` for a relay, with and without credentials.",
        why: "A relay is one known host that speaks TLS. Where TLS is optional, whoever sits in the path removes it and \
            reads the relay password and all mail.",
        example: "relay:
  default: { host: smtp.relay.net, tls: starttls, user: me, password: { file: /run/secrets/relay } }",
        instead: "relay:
  default: { host: smtp.relay.net, tls: starttls-required, user: me, password: { file: /run/secrets/relay } }",
        ignore: "Never: a relay without TLS gets your password and mail from whoever asks. Its certificate is \
            always verified too; `authority` names a private one.",
    },
    references: &["RFC 8314 §3", "RFC 4954 §14", "foxcpp/maddy, target.smtp: require_tls"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    const SUBMISSIONS_PORT: u16 = 465;
    for relay in &meaning.ways.relays {
        let Some(tls) = relay.settings.tls.as_ref().filter(|t| matches!(t.value, TlsWord::None | TlsWord::Starttls))
        else {
            continue;
        };
        let right = if relay.port == SUBMISSIONS_PORT { TlsWord::Implicit } else { TlsWord::StarttlsRequired };
        let mut finding = Finding::at(RULE.code, &tls.span, "TLS is not required")
            .detail("The connection to the relay must be encrypted before anything is sent over it.")
            .fix("tls: implicit (465) or tls: starttls-required (587)")
            .edit(&tls.span, right.word());
        if let Some(password) = &relay.settings.password {
            finding = finding.related(&password.span, "would be sent in clear");
        }
        out.push(finding);
    }
}
