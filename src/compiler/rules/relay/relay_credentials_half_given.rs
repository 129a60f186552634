//! RLY-008: A relay has a user without a password, or the reverse.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "RLY-008",
    name: "relay-credentials-half-given",
    severity: Severity::Error,
    summary: "A relay has a user without a password, or the reverse.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants `user` and `password` of a relay together.",
        why: "Half of a login is a login that fails at run time, for every message.",
        example: "relay:
  default: { host: smtp.relay.net, user: me }",
        instead: "relay:
  default: { host: smtp.relay.net, user: me, password: { file: /run/secrets/relay } }",
        ignore: "Never: it is an error, and no plan is made with it.",
    },
    references: &["docker-mailserver#3842"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for relay in &meaning.ways.relays {
        let (span, missing) = match (&relay.settings.user, &relay.settings.password) {
            (Some(user), None) => (&user.span, "password"),
            (None, Some(password)) => (&password.span, "user"),
            _ => continue,
        };
        let finding = Finding::at(RULE.code, span, format!("without `{missing}`"))
            .detail(format!("To log in at the relay both are needed; `{missing}` is missing."))
            .fix(format!("add `{missing}`, or remove both"));
        out.push(finding);
    }
}
