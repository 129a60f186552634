//! FILT-002: A block list's error codes would count as listings.

use std::net::Ipv4Addr;

use crate::compiler::config::finding::Finding;
use crate::compiler::config::finding::shortened;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::filter::Dnsbl;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "FILT-002",
    name: "dnsbl-answers-unbounded",
    severity: Severity::Error,
    summary: "A block list's error codes would count as listings.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants `answers` for every list of `filter.dnsbl`: single addresses `127.0.0.2`, or a range of the \
            last octet, `127.0.0.2-11`. All lie in 127.0.0.0/8, and none in 127.255.255.0/24.",
        why: "A list that refuses a question says so with an answer in 127.255.255.0/24. Where any answer counts, \
            a resolver that is blocked, or a list that closes down, turns into a server that takes no mail at all.",
        example: "filter: { dnsbl: [{ zone: bl.mailspike.net }] }",
        instead: "filter: { dnsbl: [{ zone: bl.mailspike.net, answers: [\"127.0.0.2\", \"127.0.0.10-14\"] }] }",
        ignore: "Never: the page of the list says which answers mean what; write those.",
    },
    references: &["RFC 5782 §2.3", "mailserver2/mailserver#90", "haraka/Haraka#3106"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let lists = meaning.config.filter.as_ref().and_then(|f| f.dnsbl.as_ref());
    for list in lists.into_iter().flat_map(|lists| lists.iter()) {
        judge(list, out);
    }
}

fn judge(list: &Dnsbl, out: &mut Vec<Finding>) {
    let answers = list.answers.as_ref();
    if answers.is_none_or(|a| a.is_empty()) {
        let span = answers.map_or(&list.zone.span, |a| &a.span);
        let finding = Finding::at(RULE.code, span, "any answer would count")
            .detail(format!("Nothing says which answers of `{}` mean that an address is listed.", list.zone.value.0))
            .fix("answers: [\"127.0.0.2\"], or what the list documents");
        out.push(finding);
    }
    for answer in answers.into_iter().flat_map(|a| a.iter()) {
        let shown = shortened(&answer.value);
        let (text, detail) = match range(&answer.value) {
            None => {
                ("no answer of a list", format!("`{shown}` is neither an IPv4 address nor a range of its last octet."))
            }
            Some((first, last)) => match (first.octets(), last.octets()) {
                ([127, 255, 255, _], _) => {
                    ("an error code", format!("`{shown}`: 127.255.255.x says that the list refuses to answer."))
                }
                ([127, ..], _) if first <= last => continue,
                ([127, ..], _) => ("ends before it begins", format!("`{shown}` holds no address.")),
                _ => ("no answer of a list", format!("`{shown}` is not in 127.0.0.0/8, from which lists answer.")),
            },
        };
        let finding = Finding::at(RULE.code, &answer.span, text).detail(detail);
        out.push(finding.fix("127.0.0.2, or a range such as 127.0.0.2-11"));
    }
}

/// `127.0.0.2`, or `127.0.0.2-11`.
fn range(text: &str) -> Option<(Ipv4Addr, Ipv4Addr)> {
    let (first, last) = match text.split_once('-') {
        None => (text, None),
        Some((first, last)) => (first, Some(last)),
    };
    let first: Ipv4Addr = first.trim().parse().ok()?;
    let [a, b, c, d] = first.octets();
    let last = last.map_or(Some(d), |last| last.trim().parse().ok())?;
    Some((first, Ipv4Addr::new(a, b, c, last)))
}
