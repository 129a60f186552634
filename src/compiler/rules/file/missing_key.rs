//! OPS-013: A key that has no default is missing.

use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "OPS-013",
    name: "missing-key",
    severity: Severity::Error,
    summary: "A key that has no default is missing.",
    check: Check::Reading,
    explanation: Explanation {
        what: "Names the keys that a section cannot do without.",
        why: "The compiler never invents what only you can know, such as the name of the host.",
        example: "host: { name: mail.example.org }",
        instead: "host: { name: mail.example.org, addresses: [192.0.2.10] }",
        ignore: "Never: what has no default is known to you alone.",
    },
    references: &["docs/language.md"],
};
