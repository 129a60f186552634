//! ACC-002: A domain takes mail for every address.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "ACC-002",
    name: "catch-all",
    severity: Severity::Note,
    summary: "A domain takes mail for every address.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Points at every `catch_all`. The order of looking an address up is fixed: account, alias, alias pattern, \
            subaddress, and the catch-all last, so that it never takes mail from anybody who exists.",
        why: "Spammers try thousands of names at a domain, and with a catch-all each of them is delivered. A sender who \
            misspells an address gets no refusal, and does not learn that the right person never read the message.",
        example: "domains: { example.org: { catch_all: hello@example.org } }",
        instead: "domains: { example.org: {} }
aliases: { \"shop-*@example.org\": hello@example.org }",
        ignore: "A family that makes up an address for every shop may well want it: \
            `allow: [{ code: ACC-002, reason: ... }]`. An alias pattern such as `shop-*@` does the same for less.",
    },
    references: &["docker-mailserver#53", "docker-mailserver#3594", "RFC 5233"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    if meaning.lab() {
        return;
    }
    for catch_all in &meaning.aliases.catch_alls {
        let finding = Finding::at(RULE.code, &catch_all.span, "receives whatever is left").detail(format!(
            "Every address at `{}` exists with it: misspelt and invented ones are delivered here instead of refused.",
            catch_all.domain
        ));
        out.push(finding);
    }
}
