//! ACC-003: Aliases lead back to themselves.

use crate::compiler::config::alias_graph::{LOOP_SHOWN_MAX, Problem};
use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "ACC-003",
    name: "alias-loop",
    severity: Severity::Error,
    summary: "Aliases lead back to themselves.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Follows every alias to the accounts behind it and refuses circles.",
        why: "Mail that is sent in a circle reaches nobody, and no server can tell where it was meant to end.",
        example: "accounts:
  hello@example.org: { password: { file: /run/secrets/hello } }
aliases: { a@example.org: b@example.org, b@example.org: a@example.org }",
        instead: "accounts:
  hello@example.org: { password: { file: /run/secrets/hello } }
aliases: { a@example.org: b@example.org, b@example.org: hello@example.org }",
        ignore: "Never: it is an error, and no plan is made with it.",
    },
    references: &["RFC 5321 §3.9"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for problem in &meaning.flattened.problems {
        let Problem::Loop { path, span } = problem else { continue };
        let mut steps: Vec<String> = path.iter().take(LOOP_SHOWN_MAX).map(ToString::to_string).collect();
        if path.len() > LOOP_SHOWN_MAX {
            steps.push("…".to_owned());
        }
        let finding = Finding::at(RULE.code, span, "closes the circle")
            .detail(format!("{}.", steps.join(" → ")))
            .fix("let one of them point to an account");
        out.push(finding);
    }
}
