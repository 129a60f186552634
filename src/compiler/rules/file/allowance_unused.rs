//! OPS-007: An entry of `allow` silences nothing.

use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "OPS-007",
    name: "allowance-unused",
    severity: Severity::Warning,
    summary: "An entry of `allow` silences nothing.",
    check: Check::Reading,
    explanation: Explanation {
        what: "Reports entries of `allow` whose rule has no finding at that place, is no rule, or is an error.",
        why: "What was once allowed for a reason would later silence a new mistake that nobody has thought about.",
        example: "allow: [{ code: PORT-007, reason: \"old phones in the workshop\" }]",
        instead: "listeners: { smtp: {}, submission: {} }
allow: [{ code: PORT-007, path: listeners.submission, reason: \"old phones in the workshop\" }]",
        ignore: "Remove the entry instead; a finding that comes back is worth a new look.",
    },
    references: &["rules.md: a finding may be silenced only with a reason, and an unused one is itself a finding"],
};
