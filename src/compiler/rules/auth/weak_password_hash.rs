//! AUTH-007: A password hash is weak, damaged, or no hash at all.

use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "AUTH-007",
    name: "weak-password-hash",
    severity: Severity::Error,
    summary: "A password hash is weak, damaged, or no hash at all.",
    check: Check::Reading,
    explanation: Explanation {
        what: "Accepts argon2id (`$argon2id$`) and SHA-crypt (`$6$`, `$5$`), also behind a `{SHA512-CRYPT}` or \
            `{ARGON2ID}` prefix.",
        why: "Configuration files leak through backups, screens and repositories. Only hashes that are salted and slow \
            survive that; MD5-crypt and plain SHA fall in minutes.",
        example: r#"accounts:
  hello@example.org: { password: { hash: "$1$abc$0123456789abcdefghijkl" } }"#,
        instead: "accounts:
  hello@example.org: { password: { file: /run/secrets/hello } }",
        ignore: "Never: such a hash is a password. `mailctl account hash-password` makes a good one; people \
            whose hash is weak choose a new password.",
    },
    references: &["RFC 9106 §4", "NixOS/nixpkgs#24288"],
};
