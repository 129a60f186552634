//! STS-003: An MTA-STS policy names a host that is no MX.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::finding::shortened;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::plan::document::mta_sts_matches;

pub const RULE: Rule = Rule {
    code: "STS-003",
    name: "policy-names-no-mx",
    severity: Severity::Warning,
    summary: "An MTA-STS policy names a host that is no MX.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Looks for patterns in `mta_sts.mx` that match none of the MX hosts of the domain.",
        why: "It allows a host that nobody should deliver to. Mostly it is what a move has left behind.",
        example: "domains:
  example.org: { mta_sts: { mode: testing, mx: [mail.example.org, old.example.net], served_by: external }, tls_rpt: {} }",
        instead: "domains:
  example.org: { mta_sts: { mode: testing, mx: [mail.example.org], served_by: external }, tls_rpt: {} }",
        ignore: "Before a move: the new host must be in the policy before it is an MX. `allow` it with the reason until \
            then.",
    },
    references: &["RFC 8461 §3.2", "RFC 8461 §8.1"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for domain in &meaning.publication.domains {
        let Some(sts) = domain.settings.and_then(|s| s.mta_sts.as_ref()) else { continue };
        for pattern in sts.mx.iter().flatten() {
            let mut hosts = domain.mx.iter().filter_map(|e| e.host());
            if hosts.any(|h| mta_sts_matches(&pattern.value, h.as_str())) {
                continue;
            }
            let finding = Finding::at(RULE.code, &pattern.span, "no MX")
                .related(domain.span, "the domain")
                .detail(format!("`{}` matches no MX host of `{}`.", shortened(&pattern.value), domain.name))
                .fix("remove it");
            out.push(finding);
        }
    }
}
