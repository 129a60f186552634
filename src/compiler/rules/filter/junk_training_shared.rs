//! FILT-013: One user's training decides about everybody's mail.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::filter::Training;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "FILT-013",
    name: "junk-training-shared",
    severity: Severity::Warning,
    summary: "One user's training decides about everybody's mail.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Looks for `filter.junk.training: shared` where there is more than one account.",
        why: "Whoever moves mail into Junk trains the filter of all. One person who files newsletters there, or \
            one stolen password, turns good mail of everybody into junk.",
        example: "filter: { junk: { training: shared } }
accounts:
  hello@example.org: { password: { file: /run/secrets/hello } }
  anna@example.org: { password: { file: /run/secrets/anna } }",
        instead: "filter: { junk: { training: account } }
accounts:
  hello@example.org: { password: { file: /run/secrets/hello } }
  anna@example.org: { password: { file: /run/secrets/anna } }",
        ignore: "In a family or a team that trusts each other and has too little mail to train a filter each: \
            `allow: [{ code: FILT-013, reason: ... }]`.",
    },
    references: &["docker-mailserver documentation, RSPAMD_LEARN"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let junk = meaning.config.filter.as_ref().and_then(|f| f.junk.as_ref());
    let training = junk.and_then(|j| j.training.as_ref()).filter(|t| t.value == Training::Shared);
    if let Some(training) = training.filter(|_| meaning.mailboxes.len() > 1) {
        let finding = Finding::at(RULE.code, &training.span, "everybody's mail")
            .detail(format!("{} accounts share what any one of them taught.", meaning.mailboxes.len()))
            .fix("training: account");
        out.push(finding);
    }
}
