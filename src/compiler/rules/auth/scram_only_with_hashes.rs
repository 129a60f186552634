//! AUTH-005: Accounts with a password hash cannot log in where only SCRAM is offered.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::{Mailbox, Meaning};
use crate::compiler::config::section::accounts::Password;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "AUTH-005",
    name: "scram-only-with-hashes",
    severity: Severity::Warning,
    summary: "Accounts with a password hash cannot log in where only SCRAM is offered.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns when the `mechanisms` of a listener have SCRAM and neither PLAIN nor LOGIN, while an \
            account of the file has a `hash` or an app password with one.",
        why: "SCRAM needs keys made from the password itself; from an argon2 or SHA-crypt hash they cannot be \
            made. These accounts are refused although the password is right.",
        example: r#"listeners: { smtp: {}, submissions: {}, imaps: { mechanisms: [scram-sha-256] } }
accounts:
  hello@example.org: { password: { hash: "$6$salt$IxDD3jeSOb5eB1CX5LBsqZFVkJdido3OUILO5Ifz5iwMuTS4XMS130MTSuDDl3aCI6WouIL9AjRbLCelDCy.g." } }"#,
        instead: r#"listeners: { smtp: {}, submissions: {}, imaps: { mechanisms: [scram-sha-256, plain] } }
accounts:
  hello@example.org: { password: { hash: "$6$salt$IxDD3jeSOb5eB1CX5LBsqZFVkJdido3OUILO5Ifz5iwMuTS4XMS130MTSuDDl3aCI6WouIL9AjRbLCelDCy.g." } }"#,
        ignore: "When these accounts use another listener: `allow: [{ code: AUTH-005, path: listeners.imaps, \
            reason: ... }]`.",
    },
    references: &["RFC 5802 §3", "RFC 7677 §3"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let hashed = |m: &&Mailbox<'_>| {
        m.settings.is_some_and(|s| s.password.as_ref().is_some_and(|p| matches!(p.value, Password::Hash(_))))
    };
    let mut accounts = meaning.mailboxes.iter().filter(hashed);
    let Some(first) = accounts.next() else { return };
    let others = accounts.count();
    let more = if others == 0 { String::new() } else { format!(" and {others} more") };
    for door in &meaning.listeners {
        let Some(list) = door.settings.and_then(|s| s.mechanisms.as_ref()) else { continue };
        let offers = |wanted: fn(&str) -> bool| list.iter().any(|m| wanted(&m.value.to_ascii_lowercase()));
        if !offers(|m| m.starts_with("scram-")) || offers(|m| m == "plain" || m == "login") {
            continue;
        }
        let finding = Finding::at(RULE.code, &list.span, "SCRAM alone")
            .related(first.span, "has a hash")
            .detail(format!("`{}`{more} cannot log in at `{}`: a hash has no SCRAM keys.", first.address, door.name))
            .fix("add `plain`, which is safe behind TLS, or name the password by `file`, `env` or `credential`");
        out.push(finding);
    }
}
