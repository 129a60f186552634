//! OPS-005: A duration, size or network address cannot be read without guessing.

use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "OPS-005",
    name: "unreadable-quantity",
    severity: Severity::Error,
    summary: "A duration, size or network address cannot be read without guessing.",
    check: Check::Reading,
    explanation: Explanation {
        what: "Wants durations with units (`90s`, `1h30m`, `5d`), sizes with units (`50MB`, `1GiB`), and addresses in \
            their standard form.",
        why: "A bare `30` was read as seconds by one program and as minutes by the next. A number without its unit is a \
            guess.",
        example: "outbound: { lifetime: 5 }",
        instead: "outbound: { lifetime: 5d }",
        ignore: "Never: write the unit; `0s` and `0B` are written with one too.",
    },
    references: &["RFC 5952", "Stalwart 0.16.13 release notes"],
};
