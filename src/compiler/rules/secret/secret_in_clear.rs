//! SEC-001: A secret stands in the file in clear.

use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "SEC-001",
    name: "secret-in-clear",
    severity: Severity::Error,
    summary: "A secret stands in the file in clear.",
    check: Check::Reading,
    explanation: Explanation {
        what: "Wants passwords as references (`file`, `env`, `credential`) or, for accounts, as one-way hashes.",
        why: "This file is made for Git, merge requests and backups. Whoever can read any of these would own the \
            account.",
        example: "accounts:
  hello@example.org: { password: hunter2 }",
        instead: "accounts:
  hello@example.org: { password: { file: /run/secrets/hello } }",
        ignore: "Never, not even for a test: with `profile: lab` a secret also stands in a file of its own. One that was committed \
            once is known; change it.",
    },
    references: &["NixOS/nixpkgs#24288", "docker-mailserver documentation, Relay Hosts"],
};
