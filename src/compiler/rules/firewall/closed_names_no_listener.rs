//! FW-010: The firewall is to shut a listener that does not exist.

use std::collections::BTreeSet;

use crate::compiler::config::finding::{Finding, listed, nearest, shortened};
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "FW-010",
    name: "closed-names-no-listener",
    severity: Severity::Error,
    summary: "The firewall is to shut a listener that does not exist.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants every name in `firewall.closed` to be that of a listener.",
        why: "A name with a typing mistake shuts nothing: the listener that was meant stays open to the \
            Internet, and the file says the opposite.",
        example: "listeners: { smtp: {}, submissions: {}, imaps: {}, imap: {} }
firewall: { closed: [imapp] }",
        instead: "listeners: { smtp: {}, submissions: {}, imaps: {}, imap: {} }
firewall: { closed: [imap] }",
        ignore: "Never: take the name out or correct it; what it was meant to shut stays open.",
    },
    references: &["docs/language.md"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(closed) = meaning.config.firewall.as_ref().and_then(|f| f.closed.as_ref()) else { return };
    let names: BTreeSet<&str> = meaning.listeners.iter().map(|d| d.name).collect();
    for name in closed.iter().filter(|name| !names.contains(name.value.as_str())) {
        let near = nearest(&name.value, names.iter().copied());
        let text = near.map_or_else(|| "no such listener".to_owned(), |near| format!("did you mean `{near}`?"));
        let finding = Finding::at(RULE.code, &name.span, text)
            .detail(format!("No listener is called `{}`, so nothing is shut by this.", shortened(&name.value)))
            .fix(format!("one of {}, or remove it", listed(names.iter().copied().take(9), "or")));
        out.push(finding);
    }
}
