//! TLS-009: MTA-STS would override DANE.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::outbound::Precedence;
use crate::compiler::config::spanned::Spanned;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "TLS-009",
    name: "sts-over-dane",
    severity: Severity::Error,
    summary: "MTA-STS would override DANE.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses `outbound.precedence: mta-sts` unless one of the two is switched off.",
        why: "DANE is authenticated by DNSSEC; MTA-STS trusts what was fetched first. A sender that lets the \
            second rescue a failed first delivers to the attacker whom DANE has just found out.",
        example: "outbound: { precedence: mta-sts }",
        instead: "outbound: { precedence: dane }",
        ignore: "Never: it is the order that RFC 8461 gives. Without DANE there is nothing to decide: `dane: \
            false`.",
    },
    references: &["RFC 8461 §2", "RFC 7672 §1.3", "docker-mailserver documentation, MTA-STS"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(outbound) = &meaning.config.outbound else { return };
    let on = |setting: &Option<Spanned<bool>>| setting.as_ref().is_none_or(|s| s.value);
    let Some(precedence) = outbound.precedence.as_ref().filter(|p| p.value == Precedence::MtaSts) else { return };
    if on(&outbound.dane) && on(&outbound.mta_sts) {
        let finding = Finding::at(RULE.code, &precedence.span, "the weaker one decides")
            .detail("A domain with both is reached by DANE; a failure of DANE is never made good by MTA-STS.")
            .fix("remove `precedence`")
            .edit(&precedence.span, "dane");
        out.push(finding);
    }
}
