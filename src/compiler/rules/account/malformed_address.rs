//! ACC-012: A text is not a mail address.

use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "ACC-012",
    name: "malformed-address",
    severity: Severity::Error,
    summary: "A text is not a mail address.",
    check: Check::Reading,
    explanation: Explanation {
        what: "Wants `local-part@domain`; the local part may be quoted and both may be international.",
        why: "Nothing can be delivered to what no server can write in an envelope.",
        example: "accounts:
  hello.example.org: {}",
        instead: "accounts:
  hello@example.org: {}",
        ignore: "Never: write the address as it stands in an envelope, without a display name and angle brackets.",
    },
    references: &["RFC 5321 §4.1.2", "RFC 6531 §3.3"],
};
