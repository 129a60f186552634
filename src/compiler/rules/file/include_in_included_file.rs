//! OPS-023: An included file includes further files.

use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "OPS-023",
    name: "include-in-included-file",
    severity: Severity::Error,
    summary: "An included file includes further files.",
    check: Check::Reading,
    explanation: Explanation {
        what: "Refuses `include` in an included file: only the main file includes others.",
        why: "Files that include each other can form circles, and nobody sees any more which of them a server is made of.",
        example: "# parts/nested.yaml holds `include`.
include: [parts/nested.yaml]",
        instead: "include: [accounts/*.yaml]",
        ignore: "Never: it is an error, and no plan is made with it.",
    },
    references: &["docs/language.md"],
};
