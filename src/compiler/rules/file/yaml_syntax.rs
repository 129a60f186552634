//! YAML-001: The file is not well-formed YAML.

use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "YAML-001",
    name: "yaml-syntax",
    severity: Severity::Error,
    summary: "The file is not well-formed YAML.",
    check: Check::Reading,
    explanation: Explanation {
        what: "Reports the first place at which the text stops being YAML 1.2. Nothing after it can be read, so it is \
            the only finding.",
        why: "A configuration that two programs read differently is worse than one that none reads; the text is \
            therefore held to the standard.",
        example: "domains: { example.org: {}",
        instead: "domains: { example.org: {} }",
        ignore: "Never: nothing behind that place was read. An editor with the schema (`mailctl schema`) shows it while typing.",
    },
    references: &["YAML 1.2.2 §5 to §9"],
};
