//! AUTH-009: Passwords may be guessed without end.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "AUTH-009",
    name: "login-failures-unbounded",
    severity: Severity::Warning,
    summary: "Passwords may be guessed without end.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns of `limits.login_failures_max: 0`, which lifts the bound, while a listener for users is \
            reachable from outside.",
        why: "Guessing begins within hours after a server appears, from thousands of addresses, and does not \
            stop. Without a bound one weak password is only a matter of time.",
        example: "limits: { login_failures_max: 0 }",
        instead: "limits: { login_failures_max: 10, login_window: 15m }",
        ignore: "When something in front counts failures itself: `allow: [{ code: AUTH-009, reason: ... }]`.",
    },
    references: &["docker-mailserver#1317", "RFC 4954 §9"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(limit) = meaning.config.limits.as_ref().and_then(|l| l.login_failures_max.as_ref()) else { return };
    let door = meaning.listeners.iter().find(|d| d.public() && d.service.is_some_and(|s| s.submits() || s.reads()));
    let Some(door) = door.filter(|_| limit.value == 0 && !meaning.lab()) else { return };
    let finding = Finding::at(RULE.code, &limit.span, "no bound")
        .detail(format!("On `{}` the same address may try passwords for as long as it likes.", door.name))
        .fix("remove it (the default is 10 in 15m); for your own office: login_exempt: [192.0.2.0/28]");
    let written = meaning.config.listeners.is_some();
    out.push(if written { finding.related(door.port_span(), "open to everybody's guesses") } else { finding });
}
