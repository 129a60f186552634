//! OPS-001: A key is not part of the language.

use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "OPS-001",
    name: "unknown-key",
    severity: Severity::Error,
    summary: "A key is not part of the language.",
    check: Check::Reading,
    explanation: Explanation {
        what: "Refuses keys that no section knows, and suggests the nearest one that exists.",
        why: "A misspelt key that is ignored in silence leaves its default in force, and nobody notices until mail is \
            lost or open to strangers.",
        example: "lisseners: { smtp: {} }",
        instead: "listeners: { smtp: {} }",
        ignore: "Never: it is an error, and no plan is made with it.",
    },
    references: &["docker-mailserver#1392"],
};
