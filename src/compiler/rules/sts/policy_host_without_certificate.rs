//! STS-005: No certificate covers the host that the MTA-STS policy is fetched from.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::CertificateChoice;
use crate::compiler::config::publish::policy;
use crate::compiler::rules::Evidence;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use std::collections::BTreeSet;

pub const RULE: Rule = Rule {
    code: "STS-005",
    name: "policy-host-without-certificate",
    severity: Severity::Error,
    summary: "No certificate covers the host that the MTA-STS policy is fetched from.",
    check: Check::Material(check),
    explanation: Explanation {
        what: "For policies that this server serves, with certificates in files: wants `mta-sts.DOMAIN` among their \
            names.",
        why: "Senders fetch the policy over HTTPS and check the certificate. If it is for another name they go on as \
            if there were no policy.",
        example: "certificates:
  files: [{ chain: tls/host-only.pem, key: tls/host-only.key }]
domains:
  example.org: { mta_sts: { mode: testing }, tls_rpt: {} }",
        instead: "domains:
  example.org: { mta_sts: { mode: testing }, tls_rpt: {} }",
        ignore: "Never: a policy that cannot be fetched is none. With `served_by: external` the certificate is the \
            business of the other server.",
    },
    references: &["RFC 8461 §3.3", "docker-mailserver#1856"],
};

fn check(evidence: &Evidence<'_>, out: &mut Vec<Finding>) {
    let meaning = evidence.meaning;
    let leaves: Vec<_> = evidence.material.certificates.iter().map(|c| c.leaf.as_ref()).collect();
    let unread = leaves.iter().any(|l| l.is_err());
    if meaning.lab() || unread || !matches!(meaning.certificates, CertificateChoice::Files { acme: None, .. }) {
        return;
    }
    let names: BTreeSet<&str> = leaves.iter().flatten().flat_map(|l| l.names.iter().map(String::as_str)).collect();
    for domain in &meaning.publication.domains {
        let Some(sts) = domain.effective(|s| s.mta_sts.as_ref()).filter(|s| policy::served_here(&s.value)) else {
            continue;
        };
        let (exact, wildcard) = (format!("mta-sts.{}", domain.name), format!("*.{}", domain.name));
        if names.contains(exact.as_str()) || names.contains(wildcard.as_str()) {
            continue;
        }
        let first = evidence.material.certificates.first().map_or(domain.span, |c| c.chain_span());
        let finding = Finding::at(RULE.code, domain.span, format!("`{exact}` has no certificate"))
            .related(first, "for other names")
            .related(&sts.mode.span, "the policy")
            .detail("Senders would ignore the policy.")
            .fix(format!("get a certificate that includes `{exact}`, or `served_by: external`"));
        out.push(finding);
    }
}
