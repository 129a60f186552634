//! AUTH-003: A listener for users would serve without a login.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::listeners::Service;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "AUTH-003",
    name: "users-without-login",
    severity: Severity::Error,
    summary: "A listener for users would serve without a login.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses `auth: false` on `submission(s)`, `imap(s)`, `pop3(s)` and `managesieve` listeners.",
        why: "Submission without a login is an open relay: it is found within hours, and the address is on every block \
            list the next day. Mailboxes without a login are public.",
        example: "listeners: { smtp: {}, submissions: { auth: false } }",
        instead: "listeners: { smtp: {}, submissions: {} }",
        ignore: "Never. Programs that cannot log in are named one by one in `relay.accept_from` and hand in \
            their mail at an `smtp` listener.",
    },
    references: &["RFC 6409 §4.3", "RFC 5068 §3.1"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for door in meaning.listeners.iter().filter(|d| d.service.is_some_and(|s| s.is_mail() && s != Service::Smtp)) {
        if let Some(auth) = door.settings.and_then(|s| s.auth.as_ref()).filter(|a| !a.value) {
            let finding = Finding::at(RULE.code, &auth.span, "open to everyone")
                .detail(format!("`{}` without a login would let strangers use the server.", door.name))
                .fix("remove `auth`")
                .edit(&auth.span, "true");
            out.push(finding);
        }
    }
}
