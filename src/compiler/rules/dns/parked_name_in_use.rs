//! DNS-034: A name is parked and used for mail.

use crate::compiler::config::finding::Finding;
use crate::compiler::rules::{Check, Evidence, Explanation, Rule};
use crate::ground::diagnostic::{Severity, Span};
use crate::plan::document::DnsData;

pub const RULE: Rule = Rule {
    code: "DNS-034",
    name: "parked-name-in-use",
    severity: Severity::Error,
    summary: "A name is parked and used for mail.",
    check: Check::Material(check),
    explanation: Explanation {
        what: "Compares `dns.parked` with the names of `domains`, with `host.name`, and with MX records among `records`.",
        why: "A parked name says that it sends and receives nothing. Beside an MX record or senders of its own that has no \
            defined meaning, and mail is lost.",
        example: "domains: { example.org: {} }
dns: { parked: [www.example.org, example.org] }",
        instead: "domains: { example.org: {} }
dns: { parked: [www.example.org] }",
        ignore: "Never: take the name out of `parked`. For a mail domain that receives nothing write \
            `mx: [{ host: . }]` in it.",
    },
    references: &["RFC 7505 §3", "RFC 7208 §10.1.2"],
};

fn check(evidence: &Evidence<'_>, out: &mut Vec<Finding>) {
    let meaning = evidence.meaning;
    let parked = meaning.config.dns.as_ref().and_then(|d| d.parked.as_ref()).into_iter().flat_map(|p| p.value.iter());
    for name in parked {
        let text = name.value.0.as_str();
        let domain = meaning.domains.iter().find(|d| d.name.as_str() == text).map(|d| (d.span, "a mail domain"));
        let host = (meaning.host().as_str() == text).then(|| (&meaning.config.host.name.span, "the name of this host"));
        let written = || {
            let mut written = evidence.records.iter().filter(|w| w.written && w.record.name == text);
            let found = written.find(|w| matches!(w.record.data, DnsData::Mx { .. }));
            found.map(|w| (w.span, "has an MX record"))
        };
        let Some((span, what)): Option<(&Span, _)> = domain.or(host).or_else(written) else { continue };
        let finding = Finding::at(RULE.code, &name.span, "used for mail")
            .related(span, what)
            .detail(format!("`{text}` would say that it sends and receives nothing."))
            .fix("take it out of `parked`");
        out.push(finding);
    }
}
