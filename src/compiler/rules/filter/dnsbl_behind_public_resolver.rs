//! FILT-001: Block lists are asked through a resolver that they refuse.

use std::net::IpAddr;

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::dns::Resolver;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "FILT-001",
    name: "dnsbl-behind-public-resolver",
    severity: Severity::Warning,
    summary: "Block lists are asked through a resolver that they refuse.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Looks for large public resolvers in `dns.resolver` where `filter.dnsbl` names lists that are asked \
            without a key.",
        why: "Block lists count questions by resolver. Those of a public one are far beyond what is free, so the \
            list answers 127.255.255.254 or nothing: either no spam is found, or, where any answer counts, all \
            mail is refused.",
        example: "dns: { resolver: [\"9.9.9.9\"] }
filter: { dnsbl: [{ zone: bl.mailspike.net, answers: [\"127.0.0.2\"] }] }",
        instead: "dns: { resolver: [\"127.0.0.1\"] }
filter: { dnsbl: [{ zone: bl.mailspike.net, answers: [\"127.0.0.2\"] }] }",
        ignore: "For a list that is known to answer public resolvers: `allow: [{ code: FILT-001, path: \
            dns.resolver, reason: ... }]`. A list with a `key` is asked by subscription and is not meant.",
    },
    references: &["RFC 5782 §2.1", "simple-login/app#2675", "hestiacp/hestiacp#4366", "mjl-/mox#354"],
};

/// Google, Cloudflare, Quad9, OpenDNS.
const PUBLIC: [&str; 16] = [
    "1.0.0.1",
    "1.1.1.1",
    "149.112.112.112",
    "208.67.220.220",
    "208.67.222.222",
    "2001:4860:4860::8844",
    "2001:4860:4860::8888",
    "2606:4700:4700::1001",
    "2606:4700:4700::1111",
    "2620:119:35::35",
    "2620:119:53::53",
    "2620:fe::9",
    "2620:fe::fe",
    "8.8.4.4",
    "8.8.8.8",
    "9.9.9.9",
];

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let lists = meaning.config.filter.as_ref().and_then(|f| f.dnsbl.as_ref());
    let Some(list) = lists.and_then(|lists| lists.iter().find(|l| l.key.is_none())) else { return };
    let resolver = meaning.config.dns.as_ref().and_then(|d| d.resolver.as_ref());
    let Some(Resolver::Addresses(servers)) = resolver.map(|r| &r.value) else { return };
    let public: Vec<IpAddr> = PUBLIC.iter().filter_map(|text| text.parse().ok()).collect();
    for server in servers.iter().filter(|s| public.contains(&s.value.0.ip())) {
        let finding = Finding::at(RULE.code, &server.span, "a public resolver")
            .related(&list.zone.span, "refuses its questions")
            .detail(format!(
                "`{}` answers for millions of people. `{}` does not answer it, or answers with an error code.",
                server.value.0.ip(),
                list.zone.value.0
            ))
            .fix("run a resolver on this machine, e.g. Unbound: dns: { resolver: [\"127.0.0.1\"] }");
        out.push(finding);
    }
}
