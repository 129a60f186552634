//! STS-006: An MTA-STS policy changes and its id does not.

use crate::compiler::config::finding::Finding;
use crate::compiler::rules::Transition;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "STS-006",
    name: "policy-id-pinned",
    severity: Severity::Error,
    summary: "An MTA-STS policy changes and its id does not.",
    check: Check::Transition(check),
    explanation: Explanation {
        what: "Compares policy and id with those of the active plan. Without `mta_sts.id` the id follows from the \
            policy, and both change together.",
        why: "Senders fetch a policy again only when its id has changed. They would act on the old one until its \
            `max_age` ends.",
        example: r#"domains:
  example.org: { mta_sts: { mode: enforce, id: "1", served_by: external }, tls_rpt: {} }"#,
        instead: "domains:
  example.org: { mta_sts: { mode: enforce, served_by: external }, tls_rpt: {} }",
        ignore: "Never: remove `id`, or change it with the policy. An id that changes alone is a warning: senders fetch \
            what they have.",
    },
    references: &["RFC 8461 §3.1", "RFC 8461 §8.1"],
};

fn check(transition: &Transition<'_>, out: &mut Vec<Finding>) {
    for domain in &transition.meaning.publication.domains {
        let before = transition.previous.domains.get(domain.name).and_then(|d| d.mta_sts.as_ref());
        let after = transition.next.domains.get(domain.name).and_then(|d| d.mta_sts.as_ref());
        let (Some(before), Some(after)) = (before, after) else { continue };
        let written = domain.settings.and_then(|s| s.mta_sts.as_ref()).and_then(|s| s.id.as_ref());
        let Some(id) = written else { continue };
        let finding = Finding::at(RULE.code, &id.span, "pinned").related(domain.span, "the domain");
        match (before.id == after.id, before.text == after.text) {
            (true, false) => out.push(
                finding
                    .detail(format!("The policy of `{}` changes, and senders would not notice.", domain.name))
                    .fix("remove `id`; it then follows from the policy"),
            ),
            (false, true) => out.push(
                finding
                    .severity(Severity::Warning)
                    .detail(format!(
                        "The policy of `{}` stays what it was; every sender would fetch it again.",
                        domain.name
                    ))
                    .fix("remove `id`; it then follows from the policy"),
            ),
            _ => {}
        }
    }
}
