//! OPS-020: A pattern of `include` matches no file.

use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "OPS-020",
    name: "include-matches-nothing",
    severity: Severity::Error,
    summary: "A pattern of `include` matches no file.",
    check: Check::Reading,
    explanation: Explanation {
        what: "Wants at least one file for each pattern. `*` and `?` stand for characters within one segment of a path, and not \
            for the dot of a hidden name; `**` is not known.",
        why: "A misspelt folder would otherwise be a server without its accounts: mail for them would be refused for good.",
        example: "include: [acounts/*.yaml]",
        instead: "include: [accounts/*.yaml]",
        ignore: "Never: it is an error, and no plan is made with it.",
    },
    references: &["docs/language.md"],
};
