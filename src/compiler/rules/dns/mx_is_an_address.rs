//! DNS-001: An MX record names an address.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::publish::mx::Target;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DNS-001",
    name: "mx-is-an-address",
    severity: Severity::Error,
    summary: "An MX record names an address.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses an IPv4 or IPv6 address at `mx.host`.",
        why: "An MX record holds a name. Senders look the address up as if it were a name, find nothing, and the \
            mail bounces.",
        example: "domains:
  example.org: { mx: [{ host: 192.0.2.10 }, { host: mail.example.org }] }",
        instead: "domains:
  example.org: { mx: [{ host: mail.example.org }] }",
        ignore: "Never: no sender could deliver. The address belongs to `host.addresses`, from where it gets its A or \
            AAAA record.",
    },
    references: &["RFC 1035 §3.3.9", "RFC 5321 §5.1"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for domain in &meaning.publication.domains {
        for (exchange, span) in domain.written_mx() {
            let Target::Address(address) = &exchange.target else { continue };
            let finding = Finding::at(RULE.code, span, "an address")
                .detail(format!("`{address}` stands where the name of a host belongs."))
                .fix(format!("host: {}", meaning.host()));
            out.push(finding);
        }
    }
}
