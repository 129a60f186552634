//! DNS-048: A record that is not of the plan speaks for our domain.

use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DNS-048",
    name: "foreign-record-beside-ours",
    severity: Severity::Warning,
    summary: "A record that is not of the plan speaks for our domain.",
    check: Check::Live,
    explanation: Explanation {
        what: "Looks for services (SRV) and issuers (CAA) that are published in our domains and not \
            wanted by the plan.",
        why: "Programs of people and authorities act on them as on ours.",
        example: r#"domains: { example.org: {} }"#,
        instead: r#"domains:
  example.org:
    records: [{ name: _sip._tcp, type: SRV, value: "0 0 5060 sip.example.net" }]"#,
        ignore: "When it is meant: write it into `records` of the domain.",
    },
    references: &["RFC 6186 §3.4", "RFC 8659 §4.2"],
};
