//! DNS-026: Records are remembered for an unusual time.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::dns::Phase;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DNS-026",
    name: "ttl-unusual",
    severity: Severity::Note,
    summary: "Records are remembered for an unusual time.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Notes a `dns.ttl` of more than a day while `dns.phase` is `rollout`, and one of less than a minute \
            when it is not.",
        why: "While records change, a long TTL keeps mistakes alive in caches for its whole length. In steady state \
            a very short one makes every sender ask each time, and DNS trouble is felt at once.",
        example: "dns: { phase: rollout, ttl: 2d }",
        instead: "dns: { phase: rollout, ttl: 5m }",
        ignore: "When the records have been right for long and only the word `rollout` is left over, or before a \
            planned move.",
    },
    references: &["RFC 1912 §2.2"],
};

const DAY_SECONDS: u64 = 86_400;
const MINUTE_SECONDS: u64 = 60;

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(dns) = &meaning.config.dns else { return };
    let Some(ttl) = dns.ttl.as_ref() else { return };
    let seconds = ttl.value.0.as_secs();
    let rollout = dns.phase.as_ref().filter(|p| p.value == Phase::Rollout);
    let finding = match rollout {
        Some(phase) if seconds > DAY_SECONDS => Finding::at(RULE.code, &ttl.span, "long")
            .related(&phase.span, "records still change")
            .detail("A mistake would stay in caches for days.")
            .fix("ttl: 5m"),
        None if seconds < MINUTE_SECONDS && !meaning.lab() => Finding::at(RULE.code, &ttl.span, "short")
            .detail("Every sender would ask the name servers each time.")
            .fix("ttl: 1h"),
        _ => return,
    };
    out.push(finding);
}
