//! STS-010: An MX host comes before the MTA-STS policy that allows it.

use crate::compiler::config::finding::Finding;
use crate::compiler::rules::Transition;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::plan::document::{MtaStsMode, mta_sts_matches};

pub const RULE: Rule = Rule {
    code: "STS-010",
    name: "mx-before-its-policy",
    severity: Severity::Error,
    summary: "An MX host comes before the MTA-STS policy that allows it.",
    check: Check::Transition(check),
    explanation: Explanation {
        what: "Compares the MX hosts of each domain with the policy of the active plan, if that is enforced: a new \
            host must be in the policy one step before it is an MX. Where this server serves the policy, it takes \
            that step by itself, and it is a note.",
        why: "Senders remember the old policy and do not deliver to the new host until they have fetched the new \
            one.",
        example: "domains:
  example.org: { mx: [{ host: mail.example.org }, { host: mx2.example.net }], mta_sts: { mode: enforce, served_by: external }, tls_rpt: {} }",
        instead: "domains:
  example.org: { mta_sts: { mode: enforce, mx: [mail.example.org, mx2.example.net], served_by: external }, tls_rpt: {} }",
        ignore: "Never in one step: first the policy, then, when its TTL and the time of a fetch have passed, the MX.",
    },
    references: &["RFC 8461 §8.1", "mjl-/mox#261"],
};

fn check(transition: &Transition<'_>, out: &mut Vec<Finding>) {
    for domain in &transition.meaning.publication.domains {
        let before = transition.previous.domains.get(domain.name).and_then(|d| d.mta_sts.as_ref());
        let Some(before) = before.filter(|p| p.mode() == MtaStsMode::Enforce) else { continue };
        for exchange in &domain.mx {
            let Some(host) = exchange.host() else { continue };
            if before.mx().any(|pattern| mta_sts_matches(pattern, host.as_str())) {
                continue;
            }
            let finding =
                Finding::at(RULE.code, exchange.span.unwrap_or(domain.span), "not in the policy that is in force")
                    .related(domain.span, "the domain")
                    .severity(if before.served_here { Severity::Note } else { Severity::Error })
                    .detail(format!("Senders remember a policy of `{}` that does not allow `{host}`.", domain.name))
                    .fix(format!("first: mta_sts: {{ mx: [..., {host}] }} without the MX; then the MX"));
            out.push(finding);
        }
    }
}
