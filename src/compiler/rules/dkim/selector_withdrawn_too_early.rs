//! DKIM-008: A selector that signs is kept for mail on its way.

use crate::compiler::config::finding::Finding;
use crate::compiler::rules::Transition;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use std::collections::BTreeSet;

pub const RULE: Rule = Rule {
    code: "DKIM-008",
    name: "selector-withdrawn-too-early",
    severity: Severity::Note,
    summary: "A selector that signs is kept for mail on its way.",
    check: Check::Transition(check),
    explanation: Explanation {
        what: "Says when a selector that signs in the active plan is no longer wanted.",
        why: "Mail that was signed with it waits in queues, for days if need be. Without the key in DNS it arrives \
            with a signature that nobody can verify. So it signs until the others are known everywhere, and stays \
            published for one and a quarter lifetimes of mail in the queue after that.",
        example: "domains:
  example.org: { dkim: { s2027: {} } }",
        instead: "domains:
  example.org: { dkim: { s2026: {}, s2027: {} }, sign_with: [s2027] }",
        ignore: "Always, unless the key was stolen: to revoke it at once, add the record `v=DKIM1; p=` at its name to \
            `records`. Keep the file of a key of your own until another signs.",
    },
    references: &["RFC 6376 §3.1", "RFC 5321 §4.5.4.1", "stalwartlabs/stalwart#961"],
};

fn check(transition: &Transition<'_>, out: &mut Vec<Finding>) {
    let published: BTreeSet<&str> = transition.next.dns.iter().map(|r| r.name.as_str()).collect();
    for domain in &transition.meaning.publication.domains {
        let Some(before) = transition.previous.domains.get(domain.name) else { continue };
        for selector in &before.dkim {
            let name = format!("{}._domainkey.{}", selector.selector, domain.name);
            if published.contains(name.as_str()) {
                continue;
            }
            let dkim = domain.settings.and_then(|s| s.dkim.as_ref());
            let finding = Finding::at(RULE.code, dkim.map_or(domain.span, |d| &d.span), "a selector goes")
                .related(domain.span, "mail of it is on its way")
                .detail(format!(
                    "`{}` signs mail of `{}` in the active plan. Its key stays published while that mail is on its way.",
                    selector.selector, domain.name
                ))
                .fix(format!("nothing; `mailctl status` shows when `{}` is gone", selector.selector));
            out.push(finding);
        }
    }
}
