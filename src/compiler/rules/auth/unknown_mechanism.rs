//! AUTH-013: A SASL mechanism of a listener is unknown, or none is offered.

use std::collections::BTreeMap;

use crate::compiler::config::finding::{Finding, nearest, shortened};
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::listeners::Service;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::{Severity, Span};

pub const RULE: Rule = Rule {
    code: "AUTH-013",
    name: "unknown-mechanism",
    severity: Severity::Error,
    summary: "A SASL mechanism of a listener is unknown, or none is offered.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Knows `plain`, `login` and `scram-sha-256` in `mechanisms` of a listener for users, in any case, \
            each once; `smtp`, `http` and `https` have none.",
        why: "A mistyped mechanism is one that nobody is offered. Where it was the only one, nobody logs in.",
        example: "listeners: { smtp: {}, submissions: { mechanisms: [plain, login, scram-sha256] }, imaps: {} }",
        instead: "listeners: { smtp: {}, submissions: { mechanisms: [plain, login, scram-sha-256] }, imaps: {} }",
        ignore: "Never: leave `mechanisms` out, and all three are offered.",
    },
    references: &["RFC 4422 §3.1", "IANA SASL Mechanisms registry"],
};

/// What the server speaks; the obsolete ones have a rule of their own (AUTH-004).
const KNOWN: [&str; 3] = ["plain", "login", "scram-sha-256"];
const OBSOLETE: [&str; 4] = ["cram-md5", "digest-md5", "ntlm", "otp"];

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for door in &meaning.listeners {
        let Some(list) = door.settings.and_then(|s| s.mechanisms.as_ref()) else { continue };
        let logins = door.service.is_some_and(|s| s.is_mail() && s != Service::Smtp);
        if !logins || list.is_empty() {
            let text = if logins { "nobody could log in" } else { "nobody logs in here" };
            let finding = Finding::at(RULE.code, &list.span, text)
                .detail(format!("`{}` needs no list like this.", shortened(door.name)))
                .fix("remove `mechanisms`");
            out.push(finding);
            continue;
        }
        let mut seen: BTreeMap<String, &Span> = BTreeMap::new();
        for name in list.iter() {
            let lower = name.value.to_ascii_lowercase();
            let finding = if let Some(first) = seen.get(&lower) {
                Finding::at(RULE.code, &name.span, "again")
                    .related(first, "named here")
                    .detail(format!("`{}` is named twice.", shortened(&lower)))
                    .fix("remove one of the two")
            } else if KNOWN.contains(&lower.as_str()) || OBSOLETE.contains(&lower.as_str()) {
                seen.insert(lower, &name.span);
                continue;
            } else {
                let near = nearest(&lower, KNOWN);
                Finding::at(
                    RULE.code,
                    &name.span,
                    near.map_or("unknown".to_owned(), |n| format!("did you mean `{n}`?")),
                )
                .detail(format!("`{}` is no mechanism that this server speaks.", shortened(&name.value)))
                .fix(format!("mechanisms: [{}]", KNOWN.join(", ")))
            };
            out.push(finding);
        }
    }
}
