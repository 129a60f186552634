//! CERT-014: A certificate or key file cannot be read or parsed.

use crate::compiler::config::finding::Finding;
use crate::compiler::rules::Evidence;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

pub const RULE: Rule = Rule {
    code: "CERT-014",
    name: "certificate-file-unusable",
    severity: Severity::Error,
    summary: "A certificate or key file cannot be read or parsed.",
    check: Check::Material(check),
    explanation: Explanation {
        what: "Reads the certificate, key and authority files that the configuration names; they must be PEM.",
        why: "The server could not start TLS with them.",
        example: "certificates:
  files: [{ chain: tls/missing.pem, key: tls/good.key }]",
        instead: "certificates:
  files: [{ chain: tls/good.pem, key: tls/good.key }]",
        ignore: "Never: the file must be there and readable when the plan is made, because the plan holds the fingerprint of the \
            key. Make the plan where the certificates are, or copy the certificate (not its key) to where it is made.",
    },
    references: &["RFC 7468"],
};

fn check(evidence: &Evidence<'_>, out: &mut Vec<Finding>) {
    for certificate in &evidence.material.certificates {
        let files = certificate.files;
        let problems = [(&files.chain, certificate.leaf.as_ref().err()), (&files.key, certificate.key.as_ref().err())];
        for (path, why) in problems {
            let Some(why) = why else { continue };
            let finding = Finding::at(RULE.code, &path.span, "cannot be used")
                .detail(format!(
                    "The file `{}` {why}. A relative path starts at the folder of this file.",
                    path.value.0.display()
                ))
                .fix("name the PEM files that your certificate authority gave you");
            out.push(finding);
        }
    }
    if !evidence.inputs.secrets_checked {
        return;
    }
    let of_relays = evidence.meaning.ways.relays.iter().filter_map(|r| r.settings.authority.as_ref());
    let of_hosts = evidence.meaning.config.outbound.as_ref().and_then(|o| o.authority.as_ref());
    let of_acme = evidence.meaning.certificates.acme().and_then(|acme| acme.authority.as_ref());
    for path in of_relays.chain(of_hosts).chain(of_acme) {
        let why = match evidence.inputs.read(&path.value.0) {
            Err(error) => error.to_string(),
            Ok(bytes) if CertificateDer::from_pem_slice(&bytes).is_err() => {
                "holds no certificate in PEM form".to_owned()
            }
            Ok(_) => continue,
        };
        let finding = Finding::at(RULE.code, &path.span, "cannot be used")
            .detail(format!("The file `{}` {why}.", path.value.0.display()))
            .fix("name a PEM file with the other side's authority, or remove `authority`");
        out.push(finding);
    }
}
