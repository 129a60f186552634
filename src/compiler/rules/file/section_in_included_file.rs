//! OPS-022: An included file holds a section that belongs into the main file.

use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "OPS-022",
    name: "section-in-included-file",
    severity: Severity::Error,
    summary: "An included file holds a section that belongs into the main file.",
    check: Check::Reading,
    explanation: Explanation {
        what: "Takes `accounts` and `aliases` from included files and refuses every other section there.",
        why: "Whoever may write one file of accounts must not be able to open a port or change a relay, and one look at the \
            main file has to show what the server does.",
        example: "# parts/listeners.yaml holds `listeners`.
include: [parts/listeners.yaml]",
        instead: "listeners: { smtp: {}, submissions: {}, imaps: {} }
include: [accounts/anna.yaml]",
        ignore: "Never: it is an error, and no plan is made with it.",
    },
    references: &["docs/language.md"],
};
