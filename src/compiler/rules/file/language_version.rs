//! OPS-003: The version of the language is missing, or this compiler does not know it.

use crate::compiler::config::VERSION;
use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::{Severity, Span};

pub const RULE: Rule = Rule {
    code: "OPS-003",
    name: "language-version",
    severity: Severity::Error,
    summary: "The version of the language is missing, or this compiler does not know it.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants `version: 1` in every file, and refuses versions that this compiler does not know.",
        why: "With the version written down, a later compiler can tell an old file from a wrong one, and migrate it.",
        example: "version: 2",
        instead: "version: 1",
        ignore: "Never: an older file is brought up by `mailctl migrate`, which shows what it changes; a newer one needs a newer \
            compiler.",
    },
    references: &["maddy#745"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let version = &meaning.config.version;
    if version.value != VERSION {
        out.push(unknown(version.value, &version.span));
    }
}

/// A version that this compiler does not know, written at `span`.
pub fn unknown(version: u32, span: &Span) -> Finding {
    Finding::at(RULE.code, span, format!("this compiler knows version {VERSION}"))
        .detail(format!(
            "The file is written in version {version} of the language; this compiler knows up to {VERSION}."
        ))
        .fix(format!("version: {VERSION}, or use a newer mailctl"))
}
