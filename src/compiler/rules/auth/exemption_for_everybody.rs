//! AUTH-010: Everybody is exempt from the bound on failed logins.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "AUTH-010",
    name: "exemption-for-everybody",
    severity: Severity::Error,
    summary: "Everybody is exempt from the bound on failed logins.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses `0.0.0.0/0` and `::/0` in `limits.login_exempt`, and warns of public networks wider than \
            /16 (IPv4) or /32 (IPv6).",
        why: "An exemption is for people whom you know. One for everybody switches the bound off without saying \
            so.",
        example: "limits: { login_exempt: [0.0.0.0/0] }",
        instead: "limits: { login_exempt: [192.0.2.0/28] }",
        ignore: "The error never: `login_failures_max: 0` is the key that says it aloud. The warning, when the \
            whole network is yours: `allow: [{ code: AUTH-010, reason: ... }]`.",
    },
    references: &["Mailu documentation, AUTH_RATELIMIT_EXEMPTION"],
};

/// A provider's customers fill such networks; RFC 6177 for the sites in an IPv6 block.
const PREFIX_MIN: [u8; 2] = [16, 32];

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for block in meaning.config.limits.iter().flat_map(|l| l.login_exempt.iter().flatten()) {
        let network = block.value.0;
        let [v4, v6] = PREFIX_MIN;
        let least = if network.address().is_ipv4() { v4 } else { v6 };
        if network.is_private() || network.is_loopback() || network.prefix() >= least {
            continue;
        }
        let finding = if network.is_everything() {
            Finding::at(RULE.code, &block.span, "the whole Internet").detail("Nobody's failed logins would count.")
        } else {
            Finding::at(RULE.code, &block.span, "other people are in it")
                .severity(Severity::Warning)
                .detail(format!("Everybody in `{network}` may guess passwords without end."))
        };
        out.push(finding.fix("login_exempt: [192.0.2.0/28], the networks of your own people"));
    }
}
