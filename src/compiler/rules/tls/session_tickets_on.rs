//! TLS-012: TLS session tickets are switched on.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "TLS-012",
    name: "session-tickets-on",
    severity: Severity::Warning,
    summary: "TLS session tickets are switched on.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns of `tls.session_tickets: true`. `profile: lab` may have them.",
        why: "Some Outlook and Exchange servers fail when they resume a session on port 25, and mail of their \
            users stays away. What tickets save, a handshake now and then, is nothing to a mail server.",
        example: "tls: { session_tickets: true }",
        instead: "tls: { session_tickets: false }",
        ignore: "When no other servers deliver here, and clients reconnect all the time: `allow: [{ code: \
            TLS-012, reason: ... }]`.",
    },
    references: &["albertito/chasquid#64", "golang/go#70232", "mjl-/mox, TLSSessionTicketsDisabled"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(on) = meaning.config.tls.as_ref().and_then(|t| t.session_tickets.as_ref()).filter(|t| t.value) else {
        return;
    };
    if meaning.lab() {
        return;
    }
    let finding = Finding::at(RULE.code, &on.span, "some peers fail on resumption")
        .detail("Without tickets every connection does a full handshake, which every peer can.")
        .fix("remove `session_tickets`")
        .edit(&on.span, "false");
    out.push(finding);
}
