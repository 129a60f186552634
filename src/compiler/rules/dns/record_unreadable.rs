//! DNS-028: A record cannot be read.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::finding::shortened;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::publish::extra;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DNS-028",
    name: "record-unreadable",
    severity: Severity::Error,
    summary: "A record cannot be read.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Reads the name and the data of each record among `records` by its type. Names inside the data must end \
            with a dot.",
        why: "A record that one tool reads in one way and the next in another is the kind of mistake that is found \
            last. A name without a final dot has two readings.",
        example: "domains:
  example.org:
    records: [{ name: www, type: CNAME, value: web.example.net }]",
        instead: "domains:
  example.org:
    records: [{ name: www, type: CNAME, value: web.example.net. }]",
        ignore: "Never: the record could not be published as it stands.",
    },
    references: &["RFC 1035 §5.1", "RFC 2782", "RFC 6698 §2.2", "RFC 8659 §4.1.1"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for domain in &meaning.publication.domains {
        let records = domain.settings.and_then(|s| s.records.as_ref()).into_iter().flat_map(|r| &r.value);
        for record in records {
            let Err(fault) = extra::parse(&record.value, domain.name) else { continue };
            let finding = Finding::at(RULE.code, fault.span, "cannot be read")
                .related(&record.value.kind.span, "the record's type")
                .detail(format!("The {} `{}` {}.", fault.noun, shortened(fault.text), fault.why))
                .fix(fault.fix);
            out.push(finding);
        }
    }
}
