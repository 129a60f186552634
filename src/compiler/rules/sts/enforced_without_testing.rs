//! STS-008: MTA-STS is enforced without having been tested.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::publish::policy;
use crate::compiler::config::section::domains::StsMode;
use crate::compiler::rules::Transition;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::plan::document::MtaStsMode;

pub const RULE: Rule = Rule {
    code: "STS-008",
    name: "enforced-without-testing",
    severity: Severity::Warning,
    summary: "MTA-STS is enforced without having been tested.",
    check: Check::Transition(check),
    explanation: Explanation {
        what: "Warns when a domain whose active plan has no policy, or one with `mode: none`, gets one with `mode: \
            enforce`. Where this server serves the policy, it is `testing` for its `max_age` first, and it is a note.",
        why: "With `testing`, senders deliver and report what would have failed. With `enforce`, the first mistake \
            costs mail.",
        example: "domains:
  example.org: { mta_sts: { mode: enforce, served_by: external }, tls_rpt: {} }",
        instead: "domains:
  example.org: { mta_sts: { mode: testing, served_by: external }, tls_rpt: {} }",
        ignore: "When the policy was tested on another server that this one replaces: `allow: [{ code: STS-008, reason: \
            ... }]`.",
    },
    references: &["RFC 8461 §5", "RFC 8460"],
};

fn check(transition: &Transition<'_>, out: &mut Vec<Finding>) {
    for domain in &transition.meaning.publication.domains {
        let Some(before) = transition.previous.domains.get(domain.name) else { continue };
        let tested = before.mta_sts.as_ref().is_some_and(|p| p.mode() != MtaStsMode::None);
        let sts = domain.settings.and_then(|s| s.mta_sts.as_ref());
        let Some(sts) = sts.filter(|s| !tested && s.mode.value == StsMode::Enforce) else { continue };
        let finding = Finding::at(RULE.code, &sts.mode.span, "not tested")
            .related(domain.span, "the domain")
            .severity(if policy::served_here(sts) { Severity::Note } else { Severity::Warning })
            .detail(format!("The active plan has no policy for `{}`.", domain.name))
            .fix("mode: testing, and `tls_rpt: {}` to be told what fails");
        out.push(finding);
    }
}
