//! OPS-002: A value has a type or form that its key does not take.

use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "OPS-002",
    name: "wrong-type-or-value",
    severity: Severity::Error,
    summary: "A value has a type or form that its key does not take.",
    check: Check::Reading,
    explanation: Explanation {
        what: "Refuses values of the wrong type or range, words that a key does not know, keys given twice, tags, merge \
            keys, and a second document. Words that only YAML 1.1 took for something else (`yes`, `0465`) are named \
            as such.",
        why: "YAML programs differ in what they make of `yes`, `022` or a repeated key. Here each has one reading or is \
            refused.",
        example: "certificates: { self_signed: yes }",
        instead: "profile: lab
certificates: { self_signed: true }",
        ignore: "Never: quote what is meant as text (`\"0465\"`), and write `true` and `false` for truth.",
    },
    references: &["YAML 1.2.2 §10.3"],
};
