//! STS-002: An MX host is not allowed by the domain's own MTA-STS policy.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::domains::StsMode;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::plan::document::mta_sts_matches;

pub const RULE: Rule = Rule {
    code: "STS-002",
    name: "policy-without-an-mx",
    severity: Severity::Error,
    summary: "An MX host is not allowed by the domain's own MTA-STS policy.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Compares `mta_sts.mx`, where it is written, with the MX hosts of the domain: each must be matched by a \
            pattern, exactly or by a wildcard for one left-most label.",
        why: "Senders that honour the policy do not deliver to a host that it does not name.",
        example: "domains:
  example.org: { mta_sts: { mode: testing, mx: [mx.example.org], served_by: external }, tls_rpt: {} }",
        instead: "domains:
  example.org: { mta_sts: { mode: testing, served_by: external }, tls_rpt: {} }",
        ignore: "Never: leave `mx` out, and the policy names the MX hosts.",
    },
    references: &["RFC 8461 §4.1", "mjl-/mox#261"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for domain in &meaning.publication.domains {
        let Some(sts) = domain.settings.and_then(|s| s.mta_sts.as_ref()) else { continue };
        let Some(patterns) = sts.mx.as_ref().filter(|_| sts.mode.value != StsMode::None) else { continue };
        for exchange in &domain.mx {
            let Some(host) = exchange.host() else { continue };
            if patterns.iter().any(|p| mta_sts_matches(&p.value, host.as_str())) {
                continue;
            }
            let finding = Finding::at(RULE.code, patterns.first().map_or(&sts.mode.span, |p| &p.span), "not this MX")
                .related(exchange.span.unwrap_or(domain.span), "the MX")
                .detail(format!("No pattern of the policy matches the MX host `{host}` of `{}`.", domain.name))
                .fix(format!("add `{host}` to `mx`, or leave `mx` out"));
            out.push(finding);
        }
    }
}
