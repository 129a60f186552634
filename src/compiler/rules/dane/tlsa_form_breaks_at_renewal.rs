//! DANE-004: A TLSA form changes at every renewal, or needs an authority that is not sent.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::records::tlsa::{self, Form};
use crate::compiler::rules::Evidence;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DANE-004",
    name: "tlsa-form-breaks-at-renewal",
    severity: Severity::Warning,
    summary: "A TLSA form changes at every renewal, or needs an authority that is not sent.",
    check: Check::Material(check),
    explanation: Explanation {
        what: "Warns of `dane.form` with usage 3 and selector 0, which is over the whole certificate, and of usage 2 \
            where the chain file holds no authority to match.",
        why: "A record over the whole certificate is wrong from the moment it is renewed. One for an authority \
            matches only if that certificate is in the chain that the server sends.",
        example: r#"domains:
  example.org: { dnssec: signed, dane: { form: "3 0 1" }, tls_rpt: {} }"#,
        instead: r#"domains:
  example.org: { dnssec: signed, dane: { form: "3 1 1" }, tls_rpt: {} }"#,
        ignore: "When certificate and records are renewed in the same step by a tool that waits for the TTL in between.",
    },
    references: &["RFC 7671 §5.1", "RFC 7671 §5.2", "virtualmin#803"],
};

fn check(evidence: &Evidence<'_>, out: &mut Vec<Finding>) {
    let alone = evidence.material.certificates.iter().find(|c| c.leaf.as_ref().is_ok_and(|l| l.chain.len() < 2));
    for domain in &evidence.meaning.publication.domains {
        let form = domain.settings.and_then(|s| s.dane.as_ref()).and_then(|d| d.value.form.as_ref());
        let Some(form) = form else { continue };
        let finding = match (tlsa::form(&form.value), alone) {
            (Some(Form { usage: 3, selector: 0, .. }), _) => {
                Finding::at(RULE.code, &form.span, "the whole certificate")
                    .detail("The record is wrong as soon as the certificate is renewed.")
            }
            (Some(Form { usage: 2, .. }), Some(certificate)) => Finding::at(RULE.code, &form.span, "an authority")
                .related(certificate.chain_span(), "it is not in this file")
                .detail("No record can be made: the chain holds the certificate of this host alone."),
            _ => continue,
        };
        out.push(finding.fix("form: \"3 1 1\"").edit(&form.span, "\"3 1 1\""));
    }
}
