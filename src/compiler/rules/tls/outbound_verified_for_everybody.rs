//! TLS-008: A valid certificate is demanded of every server on the Internet.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::outbound::OutboundTls;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "TLS-008",
    name: "outbound-verified-for-everybody",
    severity: Severity::Warning,
    summary: "A valid certificate is demanded of every server on the Internet.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns of `outbound.tls: required`. `profile: lab` may demand it.",
        why: "Many MX hosts have a certificate for another name, an expired one, or one of their own making, and \
            nobody notices as long as TLS is an offer. Mail to them waits in the queue and bounces.",
        example: "outbound: { tls: required }",
        instead: "outbound:
  tls: opportunistic
  policies: { example.net: { tls: required } }",
        ignore: "When mail that cannot be sent safely must not be sent: `allow: [{ code: TLS-008, reason: ... \
            }]`.",
    },
    references: &["RFC 7435 §3", "RFC 7672 §1.3", "albertito/chasquid, docs/sec-levels.md", "Mailu/Mailu#2028"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(tls) = meaning.config.outbound.as_ref().and_then(|o| o.tls.as_ref()).filter(|_| !meaning.lab()) else {
        return;
    };
    if tls.value == OutboundTls::Required {
        let finding = Finding::at(RULE.code, &tls.span, "many servers fail this")
            .detail(
                "DANE and MTA-STS make it a duty where the receiving domain promises it; elsewhere mail would bounce.",
            )
            .fix("tls: opportunistic, and policies: { example.net: { tls: required } } for those that matter");
        out.push(finding);
    }
}
