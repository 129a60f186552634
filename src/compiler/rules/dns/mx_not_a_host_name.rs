//! DNS-030: An MX record names no host.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::finding::shortened;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::publish::mx::Target;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DNS-030",
    name: "mx-not-a-host-name",
    severity: Severity::Error,
    summary: "An MX record names no host.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants a name of letters, digits and hyphens at `mx.host`, or `.` alone.",
        why: "Senders cannot look it up, and the mail bounces.",
        example: r#"domains:
  example.org: { mx: [{ host: "mail server" }, { host: mail.example.org }] }"#,
        instead: "domains:
  example.org: { mx: [{ host: mail.example.org }] }",
        ignore: "Never: no name server takes it, and no sender could look it up.",
    },
    references: &["RFC 1123 §2.1", "RFC 5321 §2.3.5"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for domain in &meaning.publication.domains {
        for (exchange, span) in domain.written_mx() {
            let Target::Malformed(text) = &exchange.target else { continue };
            let finding = Finding::at(RULE.code, span, "no name of a host")
                .detail(format!("`{}` cannot be the name of a host.", shortened(text)))
                .fix(format!("host: {}", meaning.host()));
            out.push(finding);
        }
    }
}
