//! STS-015: The MTA-STS policy that is served is not the plan's.

use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "STS-015",
    name: "served-policy-differs",
    severity: Severity::Error,
    summary: "The MTA-STS policy that is served is not the plan's.",
    check: Check::Live,
    explanation: Explanation {
        what: "Compares the policy that senders fetch with the one of the plan.",
        why: "Senders act on what is served: a host that is not in it gets no mail, a mode that is \
            weaker protects nobody.",
        example: "domains: { example.org: { mta_sts: { mode: enforce, served_by: external }, tls_rpt: {} } }",
        instead: "domains: { example.org: { mta_sts: { mode: enforce, served_by: external }, tls_rpt: {} } }   # and this policy on that web server",
        ignore: "While a change of the policy is under way and the other web server follows.",
    },
    references: &["RFC 8461 §3.2", "RFC 8461 §4.1"],
};
