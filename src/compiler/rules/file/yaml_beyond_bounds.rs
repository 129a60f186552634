//! YAML-002: The file is larger, deeper or more self-repeating than the reader allows.

use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "YAML-002",
    name: "yaml-beyond-bounds",
    severity: Severity::Error,
    summary: "The file is larger, deeper or more self-repeating than the reader allows.",
    check: Check::Reading,
    explanation: Explanation {
        what: "Bounds the size of the file, the nesting of its maps and lists, and the number of nodes that anchors and \
            aliases stand for.",
        why: "A few lines of aliases can expand to more nodes than a machine has memory (\"billion laughs\"). The \
            compiler also runs on files from merge requests.",
        example:
            "a: &a [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]
b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]
c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]
d: [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]",
        instead: "accounts:
  a@example.org: &plain { quota: 5GB }
  b@example.org: *plain",
        ignore: "Never: the bounds hold a hundred thousand accounts. Write a repeated value out, or leave it to its default.",
    },
    references: &["YAML 1.2.2 §7.1"],
};
