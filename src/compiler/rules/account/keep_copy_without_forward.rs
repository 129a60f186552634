//! ACC-017: `keep_copy` is set for an account that forwards nothing.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "ACC-017",
    name: "keep-copy-without-forward",
    severity: Severity::Warning,
    summary: "`keep_copy` is set for an account that forwards nothing.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants a `forward_to` in every account that has a `keep_copy`.",
        why: "`keep_copy` says whether forwarded mail also stays here. Without a forward all mail stays, whatever it \
            says; somebody meant to send it on, or to have a mailbox that keeps nothing.",
        example: "accounts:
  hello@example.org: { password: { file: /run/secrets/hello }, keep_copy: false }",
        instead: "accounts:
  hello@example.org: { forward_to: [anna@example.org], keep_copy: false }
  anna@example.org: { password: { file: /run/secrets/anna } }",
        ignore: "While a forward is switched off for a while: `allow: [{ code: ACC-017, reason: ... }]`. Mail stays here, \
            and nothing is lost.",
    },
    references: &["docs/language.md"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for mailbox in &meaning.mailboxes {
        let Some(settings) = mailbox.settings else { continue };
        let Some(keep_copy) = &settings.keep_copy else { continue };
        if settings.forward_to.as_ref().is_none_or(Vec::is_empty) {
            let finding = Finding::at(RULE.code, &keep_copy.span, "there is no forward")
                .detail(format!("All mail for `{}` stays here.", mailbox.address))
                .fix("forward_to: [somebody@example.org], or remove `keep_copy`");
            out.push(finding);
        }
    }
}
