//! PORT-017: A listener does not say what it speaks.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::finding::{listed, nearest, only_near, shortened};
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::listeners::Service;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "PORT-017",
    name: "unknown-listener",
    severity: Severity::Error,
    summary: "A listener does not say what it speaks.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants every listener to have the name of a service, or `protocol`.",
        why: "Port and TLS mode follow from the protocol. Without it nothing about the listener can be checked.",
        example: "listeners: { smtp: {}, office: { port: 8465 } }",
        instead: "listeners: { smtp: {} }",
        ignore: "Never: give it `protocol`, and it may be called as you like.",
    },
    references: &["docs/language.md"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let words: Vec<&str> = Service::ALL.iter().map(|s| s.word()).collect();
    for door in meaning.listeners.iter().filter(|d| d.service.is_none()) {
        let near = nearest(door.name, words.iter().copied());
        let (text, detail, fix) = match (door.name, near) {
            (name, Some(near)) => (
                format!("did you mean `{near}`?"),
                format!("`{}` is not the name of a service.", shortened(name)),
                format!("{near}: ..."),
            ),
            (name, None) => {
                let detail = format!(
                    "`{}` is a name of your own, so the listener needs `protocol`: {}.",
                    shortened(name),
                    listed(words.iter().copied(), "or")
                );
                (
                    "what does it speak?".to_owned(),
                    detail,
                    format!("{}: {{ protocol: submission, ... }}", shortened(name)),
                )
            }
        };
        let mut finding = Finding::at(RULE.code, door.name_span, text).detail(detail).fix(fix);
        if let Some(near) = only_near(door.name, words.iter().copied()).filter(|near| is_free(meaning, &words, near)) {
            finding = finding.edit(door.name_span, near);
        }
        out.push(finding);
    }
}

/// Whether nobody else has the name or is near to it: two that mean the same one are a decision.
fn is_free(meaning: &Meaning<'_>, words: &[&str], name: &str) -> bool {
    let means = |door: &str| door == name || only_near(door, words.iter().copied()) == Some(name);
    meaning.listeners.iter().filter(|d| means(d.name)).count() == 1
}
