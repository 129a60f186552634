//! TLS-010: DANE would rest on answers that nobody has validated.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::dns::Resolver;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "TLS-010",
    name: "dane-on-hearsay",
    severity: Severity::Error,
    summary: "DANE would rest on answers that nobody has validated.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses `dns.validate: false` with a resolver that is not on this machine while `outbound.dane` \
            is on, which is the default; warns where the resolver is the system's, which may be any. `profile: \
            lab` may trust its own network.",
        why: "The resolver's word that an answer is authentic (the AD bit) is as good as the way to it. On a \
            network anybody in between sets it, and with it decides which certificate is right.",
        example: "dns: { resolver: [198.51.100.53], validate: false }",
        instead: "dns: { resolver: [127.0.0.1], validate: false }",
        ignore: "The error never: let the server validate, which is the default, or switch DANE off with \
            `outbound: { dane: false }`. The warning, when `/etc/resolv.conf` names a validating resolver on \
            this machine: write its address.",
    },
    references: &["RFC 7672 §2.1.1", "RFC 4033 §7", "SparkPost/support-docs#767"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let dane = meaning.config.outbound.as_ref().and_then(|o| o.dane.as_ref());
    let Some(dns) = meaning.config.dns.as_ref().filter(|_| !meaning.lab() && dane.is_none_or(|d| d.value)) else {
        return;
    };
    let Some(unchecked) = dns.validate.as_ref().filter(|v| !v.value) else { return };
    let finding = Finding::at(RULE.code, &unchecked.span, "answers are taken on trust");
    let finding = match dns.resolver.as_ref().map(|r| (&r.value, &r.span)) {
        Some((Resolver::Addresses(servers), _)) => {
            let Some(far) = servers.iter().find(|s| !s.value.0.ip().is_loopback()) else { return };
            finding.related(&far.span, "not on this machine").detail(format!(
                "Whoever sits between here and `{}` could forge the TLSA records that DANE goes by.",
                far.value.0.ip()
            ))
        }
        Some((Resolver::System, _)) | None => finding
            .severity(Severity::Warning)
            .detail("The resolver is the system's, and only on this machine would its word be safe."),
    };
    out.push(finding.fix("remove `validate`, or resolver: [127.0.0.1] with a validating resolver on this machine"));
}
