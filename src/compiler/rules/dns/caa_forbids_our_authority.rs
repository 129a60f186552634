//! DNS-024: CAA forbids the authority that is to issue our certificates.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::finding::listed;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::records::caa::challenge_word;
use crate::compiler::config::section::certificates::Challenge;
use crate::compiler::config::section::dns::Caa;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DNS-024",
    name: "caa-forbids-our-authority",
    severity: Severity::Error,
    summary: "CAA forbids the authority that is to issue our certificates.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Compares `dns.caa` with `certificates.acme`: the issuers with the authority behind `directory`, where \
            it is a known one, and the validation methods with `challenge`.",
        why: "The authority must refuse. The first certificate is not issued, or, worse, the renewal of one that \
            works fails in three months.",
        example: "certificates: { acme: {} }
dns: { caa: { issuers: [sectigo.com] } }",
        instead: "certificates: { acme: {} }
dns: { caa: { issuers: [letsencrypt.org] } }",
        ignore: "Never: the file contradicts itself. List the authority, or use another.",
    },
    references: &["RFC 8659 §4.2", "RFC 8657 §3", "RFC 8657 §4"],
};

/// CAA names of authorities, by a part of their ACME directory's host, from the authorities' own documentation.
const AUTHORITIES: [(&str, &[&str]); 5] = [
    ("letsencrypt.org", &["letsencrypt.org"]),
    ("pki.goog", &["pki.goog"]),
    ("buypass.com", &["buypass.com", "buypass.no"]),
    ("zerossl.com", &["sectigo.com", "zerossl.com"]),
    ("ssl.com", &["ssl.com"]),
];

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(caa) = meaning.config.dns.as_ref().and_then(|d| d.caa.as_ref()) else { return };
    let Some(acme) = meaning.certificates.acme() else { return };
    let directory = acme.directory.as_ref().map_or("https://acme-v02.api.letsencrypt.org/", |d| d.value.0.as_str());
    let host = directory.split("//").nth(1).and_then(|rest| rest.split(['/', ':']).next()).unwrap_or_default();
    let within = |name: &str| host == name || host.strip_suffix(name).is_some_and(|head| head.ends_with('.'));
    let known = AUTHORITIES.iter().find(|(part, _)| within(part));
    let directory = acme.directory.as_ref().map_or(&acme.span, |d| &d.span);
    if let Some((_, names)) = known
        && !caa.issuers.value.iter().any(|i| names.contains(&i.value.0.as_str()))
    {
        let finding = Finding::at(RULE.code, &caa.issuers.span, "without our authority")
            .related(directory, "issues our certificates")
            .detail(format!("Only {} may issue, and certificates are asked of `{host}`.", issuers(caa)))
            .fix(format!("issuers: [{}]", names[0]));
        out.push(finding);
    }
    let challenge = acme.challenge.as_ref();
    let used = challenge.map_or(Challenge::TlsAlpn01, |c| c.value);
    let methods = caa.validation_methods.as_ref().filter(|m| !m.is_empty());
    if let Some(first) = methods.filter(|m| m.iter().all(|m| m.value != used)).and_then(|m| m.first()) {
        let word = challenge_word(used);
        let finding = Finding::at(RULE.code, &first.span, "without our challenge")
            .related(challenge.map_or(&acme.span, |c| &c.span), format!("`{word}` is used"))
            .detail(format!("The authority must not accept `{word}`, by which our certificates are asked for."))
            .fix(format!("validation_methods: [{word}]"));
        out.push(finding);
    }
}

fn issuers(caa: &Caa) -> String {
    let names: Vec<&str> = caa.issuers.value.iter().map(|i| i.value.0.as_str()).collect();
    if names.is_empty() { "nobody".to_owned() } else { listed(names, "and") }
}
