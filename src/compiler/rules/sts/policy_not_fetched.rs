//! STS-014: Senders cannot fetch the MTA-STS policy.

use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "STS-014",
    name: "policy-not-fetched",
    severity: Severity::Error,
    summary: "Senders cannot fetch the MTA-STS policy.",
    check: Check::Live,
    explanation: Explanation {
        what: "Fetches the policy of each domain as senders do: HTTPS, a valid certificate for `mta- \
            sts.DOMAIN`, status 200, no redirect.",
        why: "Senders that hold no policy deliver without it, and those that hold an old one keep it \
            until it ends.",
        example: "domains: { example.org: { mta_sts: { mode: testing, served_by: external }, tls_rpt: {} } }",
        instead: "domains: { example.org: { mta_sts: { mode: testing, served_by: external }, tls_rpt: {} } }   # and a certificate for mta-sts.example.org",
        ignore: "Never for long: remove the policy as RFC 8461 §8.3 says instead.",
    },
    references: &["RFC 8461 §3.3"],
};
