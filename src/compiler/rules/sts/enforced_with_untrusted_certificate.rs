//! STS-001: MTA-STS is enforced with a certificate that nobody trusts.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::material::covers;
use crate::compiler::config::meaning::CertificateChoice;
use crate::compiler::config::section::domains::StsMode;
use crate::compiler::rules::Evidence;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "STS-001",
    name: "enforced-with-untrusted-certificate",
    severity: Severity::Error,
    summary: "MTA-STS is enforced with a certificate that nobody trusts.",
    check: Check::Material(check),
    explanation: Explanation {
        what: "For domains with `mode: enforce` whose mail comes here: wants a certificate for this host that an \
            authority has issued.",
        why: "Senders that honour the policy refuse to deliver to a host whose certificate is self-signed. Their \
            mail waits, and then bounces.",
        example: "certificates:
  files: [{ chain: tls/wrong-name.pem, key: tls/wrong-name.key }]
  self_signed: true
domains:
  example.org: { mta_sts: { mode: enforce, served_by: external }, tls_rpt: {} }",
        instead: "domains:
  example.org: { mta_sts: { mode: enforce, served_by: external }, tls_rpt: {} }",
        ignore: "Never outside a lab, where the rule is silent: begin with `mode: testing` until the certificate is \
            there.",
    },
    references: &["RFC 8461 §4.2", "RFC 8461 §5"],
};

fn check(evidence: &Evidence<'_>, out: &mut Vec<Finding>) {
    let meaning = evidence.meaning;
    if meaning.lab() {
        return;
    }
    let host = meaning.host();
    let mut covering = evidence.material.certificates.iter().filter(|c| {
        let leaf = c.leaf.as_ref().ok();
        leaf.is_none_or(|l| covers(&l.names, host))
    });
    let (span, why) = match &meaning.certificates {
        CertificateChoice::SelfSigned(span) => (*span, "The server signs its certificate itself"),
        CertificateChoice::Unsaid => (&meaning.config.host.name.span, "The server signs its certificate itself"),
        CertificateChoice::Files { acme: Some(_), .. } => return,
        CertificateChoice::Files { self_signed, .. } => match covering.next() {
            None if *self_signed => {
                let section = meaning.config.certificates.as_ref().and_then(|c| c.self_signed.as_ref());
                let span = section.map_or(&meaning.config.host.name.span, |s| &s.span);
                (span, "No certificate in a file is for this host, so that it serves one that it signs itself")
            }
            Some(c) if c.leaf.as_ref().is_ok_and(|l| l.self_issued) => {
                (c.chain_span(), "The certificate vouches for itself")
            }
            _ => return,
        },
        CertificateChoice::Acme(_) | CertificateChoice::Nothing(_) => return,
    };
    for domain in &meaning.publication.domains {
        let Some(sts) = domain.settings.and_then(|s| s.mta_sts.as_ref()) else { continue };
        if sts.mode.value == StsMode::Enforce && domain.comes_here(host) {
            let finding = Finding::at(RULE.code, &sts.mode.span, "senders would refuse")
                .related(span, "not trusted")
                .detail(format!("{why}; senders that honour the policy of `{}` do not deliver then.", domain.name))
                .fix("mode: testing, until an authority has issued a certificate");
            out.push(finding);
        }
    }
}
