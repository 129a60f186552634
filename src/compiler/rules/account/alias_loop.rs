//! ACC-003: Aliases lead back to themselves.

use crate::compiler::config::alias_domains::DomainProblem;
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
        what: "Follows every alias, alias pattern, `forward_to` and `alias_of` to its ends and refuses circles, whichever \
            of them they are made of.",
        why: "Mail that is sent in a circle reaches nobody, and no server can tell where it was meant to end.",
        example: "accounts:
  hello@example.org: { password: { file: /run/secrets/hello } }
aliases: { a@example.org: b@example.org, b@example.org: a@example.org }",
        instead: "accounts:
  hello@example.org: { password: { file: /run/secrets/hello } }
aliases: { a@example.org: b@example.org, b@example.org: hello@example.org }",
        ignore: "Never, not even where a forwarding account keeps its copy: the circle adds nothing, and hides who was meant to \
            receive.",
    },
    references: &["RFC 5321 §3.9.1", "RFC 5321 §6.3"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for problem in &meaning.flattened.problems {
        if let Problem::Loop { path, span } = problem {
            let finding = Finding::at(RULE.code, span, "closes the circle").detail(shown(path));
            out.push(finding.fix("let one of them lead to an account that forwards nothing"));
        }
    }
    for problem in &meaning.aliases.alias_domains.problems {
        if let DomainProblem::Loop { path, span } = problem {
            let path: Vec<String> = path.iter().map(ToString::to_string).collect();
            let finding = Finding::at(RULE.code, span, "closes the circle").detail(shown(&path));
            out.push(finding.fix("leave `alias_of` out of the domain that has the accounts"));
        }
    }
}

fn shown(path: &[String]) -> String {
    let mut steps: Vec<&str> = path.iter().take(LOOP_SHOWN_MAX).map(String::as_str).collect();
    if path.len() > LOOP_SHOWN_MAX {
        steps.push("…");
    }
    format!("{}.", steps.join(" → "))
}
