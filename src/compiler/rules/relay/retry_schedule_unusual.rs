//! RLY-016: The retry schedule is unworkable or unusual.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::outbound::Outbound;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "RLY-016",
    name: "retry-schedule-unusual",
    severity: Severity::Error,
    summary: "The retry schedule is unworkable or unusual.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses a wait of nothing between attempts; warns of a lifetime below one day or above ten, of a \
            first wait that is longer than the lifetime, and of a `delay_notice` that comes after the bounce. \
            `profile: lab` may be impatient.",
        why: "Without a wait the queue would hammer a server that just asked to be left alone. A message that bounces \
            within hours does not outlast a weekend outage; one that is tried for weeks tells its sender too late.",
        example: "outbound: { retry: [0s] }",
        instead: "outbound: { retry: [5m, 15m, 1h], lifetime: 5d }",
        ignore: "The error never. The warnings, when somebody reads the bounces at once: `allow: [{ code: \
            RLY-016, path: outbound.lifetime, reason: ... }]`.",
    },
    references: &["RFC 5321 §4.5.4.1"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    const DAY_SECONDS: u64 = 86_400;
    let Some(outbound) = &meaning.config.outbound else { return };
    for wait in outbound.retry.iter().flatten().filter(|w| w.value.0.is_zero()) {
        let finding = Finding::at(RULE.code, &wait.span, "no wait at all")
            .detail("A wait of nothing makes the queue try again at once and without end.")
            .fix("retry: [5m, 15m, 1h]");
        out.push(finding);
    }
    if meaning.lab() {
        return;
    }
    late(outbound, out);
    let Some(lifetime) = &outbound.lifetime else { return };
    if !(DAY_SECONDS..=10 * DAY_SECONDS).contains(&lifetime.value.0.as_secs()) {
        let finding = Finding::at(RULE.code, &lifetime.span, "unusual")
            .severity(Severity::Warning)
            .detail("RFC 5321 asks to try for at least four to five days before giving up.")
            .fix("lifetime: 5d");
        out.push(finding);
    }
}

/// What would happen only after the message has bounced.
fn late(outbound: &Outbound, out: &mut Vec<Finding>) {
    // Defaults of the plan: 5 days, and a notice after one.
    const LIFETIME_SECONDS: u64 = 5 * 86_400;
    let lifetime = outbound.lifetime.as_ref().map_or(LIFETIME_SECONDS, |l| l.value.0.as_secs());
    let first = outbound.retry.iter().flatten().next().map(|w| (w, "another attempt", "retry: [5m, 15m, 1h]"));
    let notice = outbound.delay_notice.as_ref().map(|n| (n, "a notice that it is late", "delay_notice: 1d"));
    for (period, what, fix) in first.into_iter().chain(notice) {
        if period.value.0.as_secs() < lifetime {
            continue;
        }
        let mut finding = Finding::at(RULE.code, &period.span, "after the bounce")
            .severity(Severity::Warning)
            .detail(format!("A message has bounced by then, so that there is never {what}."))
            .fix(fix);
        if let Some(written) = &outbound.lifetime {
            finding = finding.related(&written.span, "bounces after this");
        }
        out.push(finding);
    }
}
