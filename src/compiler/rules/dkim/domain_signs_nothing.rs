//! DKIM-001: Mail of a domain would leave unsigned.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::records::dkim;
use crate::compiler::config::section::leaf::OrNone;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DKIM-001",
    name: "domain-signs-nothing",
    severity: Severity::Error,
    summary: "Mail of a domain would leave unsigned.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants at least one selector that signs for each domain of a server that sends, unless the domain says \
            `dkim: none`.",
        why: "Large receivers refuse or junk mail without a DKIM signature, and every forward breaks DMARC without \
            one. Forgetting it is one thing, deciding it another.",
        example: "domains:
  example.org: { dkim: { s2026: {} }, sign_with: [] }",
        instead: "domains:
  example.org: { dkim: { s2026: {} } }",
        ignore: "Say it aloud with `dkim: none`, for a domain that never sends or whose relay signs.",
    },
    references: &["RFC 7960 §3.2.1", "docker-mailserver#3326", "docker-mailserver#4643"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    if !meaning.role().submits() {
        return;
    }
    for domain in &meaning.domains {
        let Some(settings) = domain.settings else { continue };
        let written = settings.dkim.as_ref();
        if written.is_some_and(|d| matches!(d.value, OrNone::None)) || dkim::signs(Some(settings)) {
            continue;
        }
        let span = settings.sign_with.as_ref().filter(|s| s.value.is_empty()).map(|s| &s.span);
        let span = span.or(written.map(|d| &d.span)).unwrap_or(domain.span);
        let finding = Finding::at(RULE.code, span, "nothing signs")
            .related(domain.span, "the domain")
            .detail(format!("No selector signs mail of `{}`.", domain.name))
            .fix("remove the line: two keys are then made and sign; or `dkim: none`");
        out.push(finding);
    }
}
