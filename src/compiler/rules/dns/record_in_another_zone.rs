//! DNS-025: A record lies outside the domain that it is written in.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::publish::extra;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DNS-025",
    name: "record-in-another-zone",
    severity: Severity::Error,
    summary: "A record lies outside the domain that it is written in.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants the name of each record among `records` inside its domain, label by label, and warns of a name \
            that repeats the domain because it lacks the final dot.",
        why: "The record would be printed among those of a zone that cannot hold it, and name servers refuse the \
            zone or drop the record.",
        example: "domains:
  example.org:
    records: [{ name: www.myexample.org., type: A, value: 192.0.2.20 }]",
        instead: "domains:
  example.org:
    records: [{ name: www, type: A, value: 192.0.2.20 }]",
        ignore: "Never for a name outside. A name that repeats the domain may be meant: `allow: [{ code: DNS-025, \
            reason: ... }]`.",
    },
    references: &["RFC 1034 §4.2", "stalwartlabs/stalwart#1851"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for domain in &meaning.publication.domains {
        let records = domain.settings.and_then(|s| s.records.as_ref()).into_iter().flat_map(|r| &r.value);
        let inner = format!(".{}", domain.name);
        for record in records {
            let Ok(extra) = extra::parse(&record.value, domain.name) else { continue };
            let name = &record.value.name;
            let inside = extra.name == domain.name.as_str() || extra.name.ends_with(&inner);
            let twice =
                extra.name.ends_with(&format!("{inner}{inner}")) || extra.name == format!("{}{inner}", domain.name);
            let finding = if !inside {
                Finding::at(RULE.code, &name.span, "outside the domain")
                    .detail(format!("`{}` does not lie in `{}`.", extra.name, domain.name))
                    .fix("write the record in its own domain, or its name relative to this one")
            } else if twice {
                let absolute = name.value.trim();
                Finding::at(RULE.code, &name.span, format!("means `{}`", extra.name))
                    .severity(Severity::Warning)
                    .detail("A name without a final dot stands below the domain, so that the domain is in it twice.")
                    .fix(format!("name: {absolute}."))
                    .edit(&name.span, format!("\"{absolute}.\""))
            } else {
                continue;
            };
            out.push(finding.related(domain.span, "the domain"));
        }
    }
}
