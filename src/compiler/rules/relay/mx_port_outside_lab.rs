//! RLY-018: Other servers are to be reached on another port than 25.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "RLY-018",
    name: "mx-port-outside-lab",
    severity: Severity::Error,
    summary: "Other servers are to be reached on another port than 25.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses `outbound.mx_port` other than 25 unless the profile is `lab`.",
        why: "Every MX host listens on port 25 and nowhere else; all mail to others would wait in the queue until it \
            bounces.",
        example: "outbound: { mx_port: 2525 }",
        instead: "profile: lab
outbound: { mx_port: 2525 }",
        ignore: "Never on the Internet: `profile: lab` is for tests. A single server on another port is a relay, \
            with a route to it.",
    },
    references: &["RFC 5321 §4.5.4.2"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    const SMTP_PORT: u16 = 25;
    let Some(port) = meaning.config.outbound.as_ref().and_then(|o| o.mx_port.as_ref()) else { return };
    if port.value != SMTP_PORT && !meaning.lab() {
        let finding = Finding::at(RULE.code, &port.span, "no MX listens here")
            .detail("Mail servers take mail from each other on port 25 only.")
            .fix("remove `mx_port`, or write `profile: lab` for a test");
        out.push(finding);
    }
}
