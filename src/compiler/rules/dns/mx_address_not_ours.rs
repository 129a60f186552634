//! DNS-005: The name of the host leads to addresses that are not ours.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::finding::listed;
use crate::compiler::rules::Sight;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DNS-005",
    name: "mx-address-not-ours",
    severity: Severity::Warning,
    summary: "The name of the host leads to addresses that are not ours.",
    check: Check::Online(check),
    explanation: Explanation {
        what: "Asks DNS for the addresses of `host.name` and compares them with `host.addresses`.",
        why: "Senders try the addresses of an MX host in any order. Each that is not this server is a delay at best, \
            and mail in a stranger's hands at worst.",
        example: "host: { name: mail.example.org, addresses: [192.0.2.10] }",
        instead: "host: { name: mail.example.org, addresses: [192.0.2.10, 192.0.2.11] }",
        ignore: "While a move to other addresses is under way and both servers answer: `allow: [{ code: DNS-005, \
            reason: ... }]`.",
    },
    references: &["RFC 5321 §5.1", "mjl-/mox: MX check"],
};

fn check(sight: &Sight<'_>, out: &mut Vec<Finding>) {
    let host = sight.meaning.host();
    let Some(seen) = sight.observed.addresses(host.as_str()) else { return };
    let strangers: Vec<String> =
        seen.iter().filter(|a| !sight.plan.host.addresses.contains(a)).map(ToString::to_string).collect();
    if strangers.is_empty() {
        return;
    }
    let finding = Finding::at(RULE.code, &sight.meaning.config.host.addresses.span, "others are published")
        .related(&sight.meaning.config.host.name.span, "the name in DNS")
        .detail(format!(
            "DNS says that `{host}` is also at {}, which is not in the file.",
            listed(strangers.iter().map(String::as_str), "and")
        ))
        .fix("remove the records, or add the addresses");
    out.push(finding);
}
