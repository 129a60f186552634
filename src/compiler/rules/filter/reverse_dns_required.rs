//! FILT-010: Mail of hosts without matching reverse DNS is refused.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::filter::CheckAction;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "FILT-010",
    name: "reverse-dns-required",
    severity: Severity::Warning,
    summary: "Mail of hosts without matching reverse DNS is refused.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Looks for `filter.reverse_dns: reject`, which refuses by the client's name alone.",
        why: "Many small servers, and some large ones with new addresses, have no reverse name that leads back to \
            them, and no way to get one. It is a sign of junk among others, not a proof.",
        example: "filter: { reverse_dns: reject }",
        instead: "filter: { reverse_dns: score }",
        ignore: "Where lost mail of small senders is accepted knowingly: `allow: [{ code: FILT-010, reason: ... \
            }]`.",
    },
    references: &["RFC 1912 §2.1", "RFC 5321 §4.1.4", "docker-mailserver documentation, RSPAMD_HFILTER"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let reverse = meaning.config.filter.as_ref().and_then(|f| f.reverse_dns.as_ref());
    if let Some(reverse) = reverse.filter(|r| r.value == CheckAction::Reject) {
        let finding = Finding::at(RULE.code, &reverse.span, "refuses small senders")
            .detail("A name that does not lead back to its address is refused, whatever the message is.")
            .fix("reverse_dns: score");
        out.push(finding);
    }
}
