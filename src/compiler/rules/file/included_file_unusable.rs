//! OPS-021: An included file is missing or cannot be read.

use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "OPS-021",
    name: "included-file-unusable",
    severity: Severity::Error,
    summary: "An included file is missing or cannot be read.",
    check: Check::Reading,
    explanation: Explanation {
        what: "Reads every file that `include` names. Relative paths start at the folder of the main file, also for paths \
            inside included files.",
        why: "A plan without the accounts of one file would take them away from people who have mail in them.",
        example: "include: [accounts/missing.yaml]",
        instead: "include: [accounts/anna.yaml]",
        ignore: "Never: it is an error, and no plan is made with it.",
    },
    references: &["docs/language.md"],
};
