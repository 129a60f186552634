//! DANE-011: The form of a TLSA record cannot be read.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::finding::shortened;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::records::tlsa;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DANE-011",
    name: "tlsa-form-unreadable",
    severity: Severity::Error,
    summary: "The form of a TLSA record cannot be read.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants three numbers at `dane.form`: usage 0 to 3, selector 0 or 1, matching type 0 to 2.",
        why: "A record of any other form means nothing to senders.",
        example: "domains: { example.org: { dnssec: signed, dane: { form: \"3-1-1\" }, tls_rpt: {} } }",
        instead: "domains: { example.org: { dnssec: signed, dane: { form: \"3 1 1\" }, tls_rpt: {} } }",
        ignore: "Never: leave `form` out, and it is `3 1 1`, the key's own digest.",
    },
    references: &["RFC 6698 §2.1", "RFC 7218 §2"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for domain in &meaning.publication.domains {
        let form = domain.settings.and_then(|s| s.dane.as_ref()).and_then(|d| d.value.form.as_ref());
        let Some(form) = form.filter(|f| tlsa::form(&f.value).is_none()) else { continue };
        let finding = Finding::at(RULE.code, &form.span, "no form")
            .detail(format!("`{}` is not usage, selector and matching type.", shortened(&form.value)))
            .fix("form: \"3 1 1\"");
        out.push(finding);
    }
}
