//! ID-004: A text is not a valid domain name.

use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "ID-004",
    name: "malformed-domain-name",
    severity: Severity::Error,
    summary: "A text is not a valid domain name.",
    check: Check::Reading,
    explanation: Explanation {
        what: "Wants labels of 1 to 63 letters, digits and inner hyphens; international names may be written in Unicode.",
        why: "A name that DNS cannot hold cannot receive mail.",
        example: r#"domains: { "exam ple.org": {} }"#,
        instead: "domains: { example.org: {} }",
        ignore: "Never: a name that DNS cannot hold has no records. Names with an underscore belong into \
            `records`, not among hosts and domains.",
    },
    references: &["RFC 1035 §2.3.4", "RFC 5890 §2.3", "RFC 5321 §4.1.2"],
};
