//! DNS-032: The name of the host is an alias in DNS.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::finding::shortened;
use crate::compiler::observed::Kind;
use crate::compiler::rules::Sight;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DNS-032",
    name: "host-name-is-an-alias",
    severity: Severity::Warning,
    summary: "The name of the host is an alias in DNS.",
    check: Check::Online(check),
    explanation: Explanation {
        what: "Asks DNS for a CNAME record at `host.name`.",
        why: "MX records lead to this name, and they must not lead to an alias. EHLO with an alias is not what RFC \
            5321 asks for either.",
        example: "host: { name: mail.example.org, addresses: [192.0.2.10] }",
        instead: "host: { name: mail.example.org, addresses: [192.0.2.10] }   # with A and AAAA records of its own",
        ignore: "Never for long: some senders refuse, others rewrite recipients with the other name.",
    },
    references: &["RFC 2181 §10.3", "RFC 5321 §2.3.5"],
};

fn check(sight: &Sight<'_>, out: &mut Vec<Finding>) {
    let host = sight.meaning.host();
    let Some(target) = sight.observed.records(host.as_str(), Kind::Cname).and_then(<[String]>::first) else { return };
    let finding = Finding::at(RULE.code, &sight.meaning.config.host.name.span, "an alias")
        .detail(format!("`{host}` has a CNAME record to `{}`.", shortened(target.trim_end_matches('.'))))
        .fix(format!("replace it by A and AAAA records of {host}"));
    out.push(finding);
}
