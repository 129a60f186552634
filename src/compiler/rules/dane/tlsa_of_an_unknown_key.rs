//! DANE-012: TLSA records of a form are wanted that a key not known yet cannot give.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::records::tlsa::{self, Form};
use crate::compiler::rules::{Check, Evidence, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DANE-012",
    name: "tlsa-of-an-unknown-key",
    severity: Severity::Warning,
    summary: "TLSA records of another form are wanted for a key that is not known yet.",
    check: Check::Material(check),
    explanation: Explanation {
        what: "Warns of `dane.form` other than `3 1 1` where the host's certificate does not come from a file, so that it \
            is made or asked for when the server starts.",
        why: "The plan cannot hold a digest of what does not exist; the record is filled in later from the key alone, \
            which is the form `3 1 1`.",
        example: "certificates: { acme: {} }
domains: { example.org: { dnssec: signed, dane: { form: 2 1 1 }, tls_rpt: {} } }",
        instead: "certificates: { acme: {} }
domains: { example.org: { dnssec: signed, tls_rpt: {} } }",
        ignore: "Never for long: `3 1 1` is published whatever is written.",
    },
    references: &["RFC 7671 §8.1", "RFC 7672 §3.1"],
};

fn check(evidence: &Evidence<'_>, out: &mut Vec<Finding>) {
    let meaning = evidence.meaning;
    if tlsa::generated(meaning, evidence.material).is_none() {
        return;
    }
    for domain in tlsa::wanting(meaning) {
        let form = domain.settings.and_then(|s| s.dane.as_ref()).and_then(|d| d.value.form.as_ref());
        // One that cannot be read or is none of mail's has been reported.
        let other = |text: &str| tlsa::form(text).is_some_and(|f| f.usage >= 2 && f != Form::BEST);
        let Some(form) = form.filter(|f| other(&f.value)) else { continue };
        let section = meaning.config.certificates.as_ref().map_or(&meaning.config.host.name.span, |c| &c.span);
        let finding = Finding::at(RULE.code, &form.span, "`3 1 1` is published")
            .related(section, "makes its key later")
            .detail(format!("The key of `{}` is not in a file, and its certificate not known.", meaning.host()))
            .fix("form: 3 1 1")
            .edit(&form.span, "3 1 1");
        out.push(finding);
    }
}
