//! CERT-004: No certificate covers the name of the host.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::finding::listed;
use crate::compiler::config::material::covers;
use crate::compiler::config::meaning::CertificateChoice;
use crate::compiler::rules::Evidence;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "CERT-004",
    name: "certificate-for-other-names",
    severity: Severity::Error,
    summary: "No certificate covers the name of the host.",
    check: Check::Material(check),
    explanation: Explanation {
        what: "Wants `host.name` among the DNS names of a configured certificate, exactly or by a wildcard for its first \
            label.",
        why: "Users are told to connect to that name, and servers that verify certificates look for it. Both would \
            refuse.",
        example: "certificates:
  files: [{ chain: tls/wrong-name.pem, key: tls/wrong-name.key }]",
        instead: "certificates:
  files: [{ chain: tls/good.pem, key: tls/good.key }]",
        ignore: "Never: nobody could verify the server. Several certificates are fine, as long as one of them is for `host.name`; \
            while you wait for it, `self_signed: true` beside the files covers the host, and clients warn.",
    },
    references: &["RFC 9525 §6.3", "RFC 8461 §4.2", "docker-mailserver#2373"],
};

fn check(evidence: &Evidence<'_>, out: &mut Vec<Finding>) {
    let CertificateChoice::Files { self_signed: false, acme: None, .. } = evidence.meaning.certificates else { return };
    let host = evidence.meaning.host();
    let mut names: Vec<&str> = Vec::new();
    for certificate in &evidence.material.certificates {
        match &certificate.leaf {
            Ok(leaf) if covers(&leaf.names, host) => return,
            Ok(leaf) => names.extend(leaf.names.iter().map(String::as_str)),
            Err(_) => return,
        }
    }
    let Some(first) = evidence.material.certificates.first() else { return };
    const SHOWN_MAX: usize = 10;
    names.truncate(SHOWN_MAX);
    let names = if names.is_empty() { "no name".to_owned() } else { listed(names, "and") };
    let finding = Finding::at(RULE.code, first.chain_span(), format!("not for `{host}`"))
        .related(&evidence.meaning.config.host.name.span, "the name that clients connect to")
        .detail(format!("The configured certificates are for {names}."))
        .fix(format!("get a certificate that includes `{host}`"));
    out.push(finding);
}
