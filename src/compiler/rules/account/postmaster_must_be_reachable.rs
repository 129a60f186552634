//! ACC-005: A domain names nobody for `postmaster` or `abuse`.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Duty;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "ACC-005",
    name: "postmaster-must-be-reachable",
    severity: Severity::Error,
    summary: "A domain names nobody for `postmaster` or `abuse`.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Every domain needs `postmaster` and should have `abuse`. Where the file names neither account, alias nor \
            catch-all for them, they go to the first account of the domain, or else of the file, and a note says so. \
            Without any account it is an error, unless `host.role` says that nothing is \
            received here.",
        why: "Other operators write there when something is wrong, and reports about forged mail arrive there. A domain \
            that refuses postmaster mail is listed as not conforming.",
        example: "accounts: {}",
        instead: "accounts:
  hello@example.org: { password: { file: /run/secrets/hello } }
aliases: { postmaster@example.org: hello@example.org, abuse@example.org: hello@example.org }",
        ignore: "The note may stay: the address works, and the report says who has it. Name somebody when it shall be another \
            person. The error never: a domain that receives must have a postmaster.",
    },
    references: &["RFC 5321 §4.5.1", "RFC 2142 §4"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    if !meaning.role().receives() {
        return;
    }
    let mut rest = meaning.duties.as_slice();
    for domain in &meaning.domains {
        // Duties stand in the order of the domains.
        let own = rest.iter().take_while(|d| d.domain_span == *domain.span).count();
        let (duties, later): (&[Duty], _) = rest.split_at(own);
        rest = later;
        let Some(first) = duties.first() else { continue };
        let roles: Vec<&str> = duties.iter().map(|d| d.address.local.as_str()).collect();
        let roles = roles.join("@ and ");
        let finding = match &first.taker {
            Some(taker) => Finding::at(RULE.code, domain.span, format!("goes to `{taker}`"))
                .severity(Severity::Note)
                .detail(format!("{roles}@ of `{}` are not in the file, so `{taker}` receives their mail.", domain.name))
                .fix(format!("to choose somebody else: aliases: {{ postmaster@{}: ... }}", domain.name)),
            None => Finding::at(RULE.code, domain.span, "nobody to receive it")
                .detail(format!("Mail for {roles}@ of `{}` has nobody to go to: the file has no account.", domain.name))
                .fix("add an account"),
        };
        out.push(finding);
    }
}
