//! DANE-003: A TLSA usage is not for mail.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::records::tlsa;
use crate::compiler::rules::Evidence;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::ground::diagnostic::Span;
use crate::plan::document::DnsData;

pub const RULE: Rule = Rule {
    code: "DANE-003",
    name: "tlsa-usage-of-the-web",
    severity: Severity::Error,
    summary: "A TLSA usage is not for mail.",
    check: Check::Material(check),
    explanation: Explanation {
        what: "Refuses usage 0 and 1 in `dane.form` and in TLSA records of port 25 among `records`.",
        why: "Usages 0 and 1 ask for a public authority as well. Between mail servers their meaning is not defined; \
            senders ignore them or refuse.",
        example: r#"domains:
  example.org: { dnssec: signed, dane: { form: "1 1 1" }, tls_rpt: {} }"#,
        instead: r#"domains:
  example.org: { dnssec: signed, dane: { form: "3 1 1" }, tls_rpt: {} }"#,
        ignore: "Never: `3 1 1` says the same without the authority.",
    },
    references: &["RFC 7672 §3.1.3"],
};

fn check(evidence: &Evidence<'_>, out: &mut Vec<Finding>) {
    let mut report = |span: &Span, usage: u8| {
        let finding = Finding::at(RULE.code, span, format!("usage {usage}"))
            .detail("Senders cannot use such a record, or take it for a refusal.")
            .fix("form: \"3 1 1\"");
        out.push(finding);
    };
    for domain in &evidence.meaning.publication.domains {
        let form = domain.settings.and_then(|s| s.dane.as_ref()).and_then(|d| d.value.form.as_ref());
        if let Some(form) = form
            && let Some(read) = tlsa::form(&form.value).filter(|f| f.usage < 2)
        {
            report(&form.span, read.usage);
        }
    }
    for wanted in evidence.records.iter().filter(|w| w.written && w.record.name.starts_with("_25._tcp.")) {
        if let DnsData::Tlsa { usage: usage @ (0 | 1), .. } = &wanted.record.data {
            report(wanted.span, *usage);
        }
    }
}
