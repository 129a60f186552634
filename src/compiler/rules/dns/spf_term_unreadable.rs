//! DNS-033: A term of an SPF record cannot be read.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::finding::shortened;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::publish::spf::Kind;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DNS-033",
    name: "spf-term-unreadable",
    severity: Severity::Error,
    summary: "A term of an SPF record cannot be read.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Reads each entry of `spf.mechanisms` by the grammar of RFC 7208, and refuses `all` together with \
            `redirect`.",
        why: "One bad term is a permanent error for the whole record: mail of the domain then fails SPF everywhere.",
        example: r#"domains:
  example.org: { spf: { mechanisms: ["ip4:198.51.100.7 ip4:198.51.100.8"] } }"#,
        instead: r#"domains:
  example.org: { spf: { mechanisms: ["ip4:198.51.100.7", "ip4:198.51.100.8"] } }"#,
        ignore: "Never: receivers refuse the whole record because of one bad term.",
    },
    references: &["RFC 7208 §4.6", "RFC 7208 §6.1", "RFC 7208 §12"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for domain in meaning.publication.domains.iter().filter(|d| d.settings.is_some_and(|s| s.spf.is_some())) {
        for term in &domain.spf.terms {
            let (Kind::Malformed(why), Some(span)) = (&term.kind, term.span) else { continue };
            let finding = Finding::at(RULE.code, span, "no term of SPF")
                .detail(format!("`{}` {why}.", shortened(&term.text)))
                .fix("a term such as ip4:198.51.100.7, a:host.example.org or exists:%{i}.example.org");
            out.push(finding);
        }
        let redirect = domain.spf.terms.iter().find(|t| t.kind == Kind::Redirect);
        if let (Some(span), Some(all)) = (redirect.and_then(|t| t.span), domain.spf.all) {
            let finding = Finding::at(RULE.code, span, "never read")
                .related(&all.span, "this answers for everybody else")
                .detail("A record with `all` never comes to its `redirect`.")
                .fix("remove `all`, or write `include` in place of `redirect`");
            out.push(finding);
        }
    }
}
