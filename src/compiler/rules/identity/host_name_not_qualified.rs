//! ID-001: The host name is not a fully qualified domain name.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "ID-001",
    name: "host-name-not-qualified",
    severity: Severity::Error,
    summary: "The host name is not a fully qualified domain name.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants `host.name` to have at least two labels, not to be an IP address, and not to end in a number.",
        why: "Other servers see it in EHLO, look it up, and refuse mail from a host whose name means nothing outside \
            its own network.",
        example: "profile: lab
host: { name: mailserver, addresses: [192.0.2.10] }
certificates: { self_signed: true }",
        instead: "host: { name: mail.example.org, addresses: [192.0.2.10] }",
        ignore: "Never, not even in a lab: the name stands in every greeting, certificate and trace field. \
            `mail.bar.test` will do for a test.",
    },
    references: &["RFC 5321 §2.3.5", "RFC 5321 §4.1.1.1", "docker-mailserver, target/scripts/startup/check-stack.sh"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let name = meaning.host();
    let last = name.as_str().rsplit('.').next().unwrap_or_default();
    let why = if name.as_str().parse::<std::net::IpAddr>().is_ok() {
        "an IP address is no name"
    } else if name.labels() < 2 {
        "only one label"
    } else if last.bytes().all(|b| b.is_ascii_digit()) {
        "no top-level domain is a number"
    } else {
        return;
    };
    let finding = Finding::at(RULE.code, &meaning.config.host.name.span, why)
        .detail(format!("`{name}` cannot be looked up by other servers, which check the name that we greet with."))
        .fix("name: mail.example.org, a name with A or AAAA records that lead to this server");
    out.push(finding);
}
