//! RLY-019: A relay gives a reason for a TLS mode that needs none.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::listeners::TlsWord;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "RLY-019",
    name: "override-reason-without-need",
    severity: Severity::Warning,
    summary: "A relay gives a reason for a TLS mode that needs none.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns of `tls_override_reason` where the TLS mode is the usual one for the port.",
        why: "The reason was for another port or mode. Left behind, it would excuse the next mistake in silence.",
        example: r#"relay:
  default: { host: smtp.relay.net, port: 587, tls_override_reason: "TLS from the first octet", spf: [relay.net] }"#,
        instead: "relay:
  default: { host: smtp.relay.net, port: 587, spf: [relay.net] }",
        ignore: "There is no need to: remove the reason, and write it again when the port or mode is unusual.",
    },
    references: &["docker-mailserver#3860"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    const SUBMISSIONS_PORT: u16 = 465;
    const CLEAR_PORTS: [u16; 4] = [25, 587, 2525, 2587];
    for relay in &meaning.ways.relays {
        let Some(reason) = &relay.settings.tls_override_reason else { continue };
        let unusual = match relay.tls {
            TlsWord::Implicit => CLEAR_PORTS.contains(&relay.port),
            _ => relay.port == SUBMISSIONS_PORT,
        };
        if !unusual {
            let finding = Finding::at(RULE.code, &reason.span, "excuses nothing")
                .detail(format!("`tls: {}` needs no reason on port {}.", relay.tls.word(), relay.port))
                .fix("remove `tls_override_reason`");
            out.push(finding);
        }
    }
}
