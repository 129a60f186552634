//! ACC-016: An account has more passwords than a login may try.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::ground::limits;

pub const RULE: Rule = Rule {
    code: "ACC-016",
    name: "too-many-app-passwords",
    severity: Severity::Error,
    summary: "An account has more passwords than a login may try.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Counts `app_passwords` of every account; ten are allowed beside the main one.",
        why: "A wrong password is compared with each of them, and a good hash takes its time on purpose: more of them \
            would let a stranger keep the server busy with a handful of logins.",
        example: "accounts:
  hello@example.org:
    app_passwords:
      d0: &p { file: /run/secrets/hello }
      d1: *p
      d2: *p
      d3: *p
      d4: *p
      d5: *p
      d6: *p
      d7: *p
      d8: *p
      d9: *p
      d10: *p",
        instead: "accounts:
  hello@example.org:
    app_passwords: { phone: { file: /run/secrets/hello }, laptop: { file: /run/secrets/anna } }",
        ignore: "Never: the server compares the first ten only. Take away those of devices that are gone, or give a \
            program an account of its own.",
    },
    references: &["RFC 9106 §4", "docs/language.md"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for mailbox in &meaning.mailboxes {
        let Some(passwords) = mailbox.settings.and_then(|s| s.app_passwords.as_ref()) else { continue };
        if let Some((label, _)) = passwords.iter().nth(limits::APP_PASSWORDS_MAX) {
            let finding = Finding::at(RULE.code, &label.span, "one too many")
                .related(mailbox.span, "the account")
                .detail(format!(
                    "`{}` has {} app passwords; at most {} are compared.",
                    mailbox.address,
                    passwords.iter().count(),
                    limits::APP_PASSWORDS_MAX
                ))
                .fix("remove those that no device uses any more");
            out.push(finding);
        }
    }
}
