//! STS-004: An MTA-STS policy names something that is no host.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::finding::shortened;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::vocabulary::mail::Domain;
use std::net::IpAddr;

pub const RULE: Rule = Rule {
    code: "STS-004",
    name: "policy-host-malformed",
    severity: Severity::Error,
    summary: "An MTA-STS policy names something that is no host.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants host names in `mta_sts.mx`: A-labels, with a wildcard for the whole left-most label alone; no \
            address, no URL.",
        why: "Senders reject a policy that they cannot parse, or match nothing with it.",
        example: r#"domains:
  example.org: { mta_sts: { mode: testing, mx: [mail.example.org, "mail.*.example.org"], served_by: external }, tls_rpt: {} }"#,
        instead: "domains:
  example.org: { mta_sts: { mode: testing, mx: [mail.example.org], served_by: external }, tls_rpt: {} }",
        ignore: "Never: senders could not use the policy as it stands.",
    },
    references: &["RFC 8461 §3.2", "RFC 8461 §4.1"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for domain in &meaning.publication.domains {
        let Some(sts) = domain.settings.and_then(|s| s.mta_sts.as_ref()) else { continue };
        for pattern in sts.mx.iter().flatten() {
            let text = pattern.value.as_str();
            let Some(why) = fault(text) else { continue };
            let ascii = text.parse::<Domain>().ok().filter(|_| !text.is_ascii());
            let finding = Finding::at(RULE.code, &pattern.span, "no host pattern")
                .detail(format!("`{}` {why}.", shortened(text)))
                .fix(ascii.map_or_else(|| "mail.example.org, or *.example.org".to_owned(), |a| a.to_string()));
            out.push(finding);
        }
    }
}

fn fault(text: &str) -> Option<&'static str> {
    let rest = text.strip_prefix("*.").unwrap_or(text);
    if text.contains("://") || text.contains('/') {
        Some("is a URL")
    } else if rest.contains('*') {
        Some("has a wildcard that is not the whole left-most label")
    } else if rest.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
        Some("is an address")
    } else if !text.is_ascii() {
        Some("is not in the form that DNS has it in")
    } else if !rest.parse::<Domain>().is_ok_and(|d| d.literal().is_none()) {
        Some("is no name of a host")
    } else {
        None
    }
}
