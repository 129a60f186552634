//! FILT-014: Mail would be forwarded to another server without rewriting its sender.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "FILT-014",
    name: "forwarding-to-another-server",
    severity: Severity::Error,
    summary: "Mail would be forwarded to another server without rewriting its sender.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants `outbound.forwarding.srs: true` where an alias, a catch-all or `forward_to` leads outside the \
            domains of this file.",
        why: "The next server checks SPF for the original sender and sees this host instead: forwarded mail is refused \
            or lands in Junk. With SRS it leaves from an address of this server that holds the sender's, so that SPF \
            passes and a bounce finds its way back.",
        example: "accounts:
  hello@example.org: { password: { file: /run/secrets/hello } }
aliases: { info@example.org: me@freemail.net }",
        instead: "accounts:
  hello@example.org: { password: { file: /run/secrets/hello } }
aliases: { info@example.org: me@freemail.net }
outbound: { forwarding: { srs: true } }",
        ignore: "Never: unless senders are rewritten, forwarded mail is lost at every server that refuses what SPF \
            fails. `outbound.forwarding.srs: true` says aloud that this host forwards.",
    },
    references: &["RFC 7208 §2.4", "RFC 7208 §D.2"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let forwarding = meaning.config.outbound.as_ref().and_then(|o| o.forwarding.as_ref());
    let srs = forwarding.and_then(|f| f.srs.as_ref());
    if srs.is_some_and(|s| s.value) {
        return;
    }
    for (target, span) in &meaning.flattened.external {
        let mut finding = Finding::at(RULE.code, span, "on another server")
            .detail(format!(
                "`{}` is not a domain of this file, so mail for `{target}` is sent on. It would leave under the \
                 original sender, whose SPF record does not name this host.",
                target.domain
            ))
            .fix("outbound: { forwarding: { srs: true } }");
        if let Some(off) = srs {
            finding = finding.related(&off.span, "senders are not rewritten");
        }
        out.push(finding);
    }
}
