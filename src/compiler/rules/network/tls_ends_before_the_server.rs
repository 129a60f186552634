//! NET-013: Something in front of a mail listener takes the TLS off.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::listeners::Service;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "NET-013",
    name: "tls-ends-before-the-server",
    severity: Severity::Warning,
    summary: "Something in front of a mail listener takes the TLS off.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns of `tls_terminated: true` on a listener for mail.",
        why: "The server would meet clear text where it waits for TLS, and refuse it. STARTTLS cannot be ended \
            in front at all, since the proxy would have to speak SMTP or IMAP; and whoever ends TLS reads every \
            password.",
        example: "listeners: { smtp: {}, submissions: { tls_terminated: true }, imaps: {} }",
        instead: "listeners: { smtp: {}, submissions: {}, imaps: {} }",
        ignore: "Only until the proxy passes connections through (`mode tcp` in HAProxy, `stream` in nginx, \
            `HostSNI(*)` with `passthrough` in Traefik): the listener does not work before.",
    },
    references: &["RFC 8314 §3", "docker-mailserver documentation, Mail-Server behind a Proxy"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for door in meaning.listeners.iter().filter(|d| d.service.is_none_or(Service::is_mail)) {
        let Some(ended) = door.settings.and_then(|s| s.tls_terminated.as_ref()).filter(|t| t.value) else { continue };
        let finding = Finding::at(RULE.code, &ended.span, "TLS must end at this server")
            .related(door.tls_span(), format!("`{}` speaks `{}`", door.name, door.tls.word()))
            .detail(format!("`{}` does the TLS handshake itself; a connection without one is refused.", door.name))
            .fix("let the proxy pass TCP through, with `proxy_protocol: true` to keep client addresses")
            .edit(&ended.span, "false");
        out.push(finding);
    }
}
