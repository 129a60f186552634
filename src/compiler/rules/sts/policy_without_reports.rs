//! STS-011: TLS is promised, and nobody would hear of failures.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::publish::Published;
use crate::compiler::config::records::tlsa;
use crate::compiler::config::section::domains::StsMode;
use crate::compiler::rules::Evidence;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "STS-011",
    name: "policy-without-reports",
    severity: Severity::Warning,
    summary: "TLS is promised, and nobody would hear of failures.",
    check: Check::Material(check),
    explanation: Explanation {
        what: "Warns of a domain with an MTA-STS policy, or whose MX host has TLSA records, and without `tls_rpt`.",
        why: "With either, senders hold mail back when TLS fails. Their daily report is the only way to learn of it \
            before people complain.",
        example: "domains:
  example.org: { mta_sts: { mode: testing, served_by: external } }",
        instead: "domains:
  example.org: { mta_sts: { mode: testing, served_by: external }, tls_rpt: {} }",
        ignore: "When the delivery of mail is watched from outside in another way.",
    },
    references: &["RFC 8460 §1", "RFC 8460 §3"],
};

fn check(evidence: &Evidence<'_>, out: &mut Vec<Finding>) {
    let meaning = evidence.meaning;
    let host = tlsa::owner(meaning.host().as_str());
    let tlsa = evidence.records.iter().find(|w| w.record.name == host && w.record.data.kind() == "TLSA");
    let mut because_of_tlsa: Option<(&Published<'_>, usize)> = None;
    for domain in &meaning.publication.domains {
        if domain.effective(|s| s.tls_rpt.as_ref()).is_some() || meaning.lab() {
            continue;
        }
        let sts = domain.settings.and_then(|s| s.mta_sts.as_ref()).filter(|s| s.mode.value != StsMode::None);
        if let Some(sts) = sts {
            let finding = Finding::at(RULE.code, &sts.mode.span, "without reports")
                .related(domain.span, "the domain")
                .detail(format!("Nobody would hear when TLS to `{}` fails.", domain.name))
                .fix("tls_rpt: {}");
            out.push(finding);
        } else if tlsa.is_some() && domain.comes_here(meaning.host()) {
            because_of_tlsa = Some(because_of_tlsa.map_or((domain, 0), |(first, more)| (first, more + 1)));
        }
    }
    if let (Some((domain, more)), Some(tlsa)) = (because_of_tlsa, tlsa) {
        let others = if more == 0 { String::new() } else { format!(" or {more} more") };
        let finding = Finding::at(RULE.code, domain.span, "without reports")
            .related(tlsa.span, "TLSA records are published")
            .detail(format!("Nobody would hear when TLS to `{}`{others} fails.", domain.name))
            .fix("tls_rpt: {}");
        out.push(finding);
    }
}
