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
        ignore: "Never: a comment is the place for what only people shall read. A key that a later version knows needs that \
            version.",
    },
    references: &["docker-mailserver#1392"],
};
