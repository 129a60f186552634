//! AUTH-006: A submission listener does not offer LOGIN.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::listeners::Service;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "AUTH-006",
    name: "login-mechanism-missing",
    severity: Severity::Warning,
    summary: "A submission listener does not offer LOGIN.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns when the `mechanisms` of a `submission(s)` listener have no `login`.",
        why: "Outlook, printers and scanners know LOGIN and nothing else. Behind TLS it tells no more than PLAIN \
            does.",
        example: "listeners: { smtp: {}, submissions: { mechanisms: [plain, scram-sha-256] }, imaps: {} }",
        instead: "listeners: { smtp: {}, submissions: { mechanisms: [plain, login, scram-sha-256] }, imaps: {} }",
        ignore: "When you know every program that sends here: `allow: [{ code: AUTH-006, path: \
            listeners.submissions, reason: ... }]`.",
    },
    references: &["stalwartlabs/stalwart#400", "foxcpp/maddy, sasl_login"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for door in meaning.listeners.iter().filter(|d| d.service.is_some_and(Service::submits)) {
        let Some(list) = door.settings.and_then(|s| s.mechanisms.as_ref()).filter(|l| !l.is_empty()) else { continue };
        if list.iter().any(|m| m.value.eq_ignore_ascii_case("login")) {
            continue;
        }
        let finding = Finding::at(RULE.code, &list.span, "without `login`")
            .detail(format!("Outlook and many devices cannot send through `{}`: they speak LOGIN only.", door.name))
            .fix("add `login`, or remove `mechanisms`");
        out.push(finding);
    }
}
