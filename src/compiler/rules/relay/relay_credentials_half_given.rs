//! RLY-008: A relay has a user without a password, or the reverse.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::relay::RelayAuth;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::{Severity, Span};

pub const RULE: Rule = Rule {
    code: "RLY-008",
    name: "relay-credentials-half-given",
    severity: Severity::Error,
    summary: "A relay has a user without a password, or the reverse.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants `user` and `password` of a relay together, both with `auth: password`, and neither with \
            `auth: address`.",
        why: "Half of a login is a login that fails at run time, for every message.",
        example: "relay:
  default: { host: smtp.relay.net, user: me }",
        instead: "relay:
  default: { host: smtp.relay.net, user: me, password: { file: /run/secrets/relay } }",
        ignore: "Never: give both, or say `auth: address` and give neither.",
    },
    references: &["docker-mailserver#3842"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for relay in &meaning.ways.relays {
        let auth = relay.settings.auth.as_ref().map(|a| (a.value, &a.span));
        let finding = match (&relay.settings.user, &relay.settings.password, auth) {
            (Some(user), None, _) => half(&user.span, "password"),
            (None, Some(password), _) => half(&password.span, "user"),
            (Some(user), Some(_), Some((RelayAuth::Address, span))) => Finding::at(RULE.code, span, "no login")
                .related(&user.span, "a login")
                .detail("With `auth: address` the relay knows us by our address, and the login is never used.")
                .fix("remove `auth`, or `user` and `password`"),
            (None, None, Some((RelayAuth::Password, span))) => Finding::at(RULE.code, span, "without a login")
                .detail("To log in at the relay `user` and `password` are needed; both are missing.")
                .fix("user: me, password: { file: /run/secrets/relay }"),
            _ => continue,
        };
        out.push(finding);
    }
}

fn half(span: &Span, missing: &str) -> Finding {
    Finding::at(RULE.code, span, format!("without `{missing}`"))
        .detail(format!("To log in at the relay both are needed; `{missing}` is missing."))
        .fix(format!("add `{missing}`, or remove both"))
}
