//! RLY-010: Mail leaves through a relay that the domain's SPF record does not name.

use std::collections::{BTreeMap, BTreeSet};

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::{LocalDomain, Meaning};
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::vocabulary::mail::{AddressPattern, Domain, DomainPattern};

pub const RULE: Rule = Rule {
    code: "RLY-010",
    name: "relay-not-in-spf",
    severity: Severity::Warning,
    summary: "Mail leaves through a relay that the domain's SPF record does not name.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Looks, for each relay that is used, whether it says in `spf` which domain's record names its \
            addresses, or else whether every domain that sends through it has `spf` mechanisms of its own.",
        why: "Receivers look up who may send for the domain, find this host and not the relay, and refuse or \
            file the mail as junk: `-all` says that nobody else may.",
        example: "relay:
  default: { host: smtp.relay.net, user: me, password: { file: /run/secrets/relay } }",
        instead: "relay:
  default: { host: smtp.relay.net, user: me, password: { file: /run/secrets/relay }, spf: [_spf.relay.net] }",
        ignore: "When the relay sends with an envelope sender of its own domain, so that its own SPF record \
            counts: `allow: [{ code: RLY-010, reason: ... }]`.",
    },
    references: &["RFC 7208 §5.2", "mjl-/mox, README on transports"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    if meaning.lab() {
        return;
    }
    let silent = |d: &&LocalDomain<'_>| {
        let spf = d.settings.and_then(|s| s.spf.as_ref());
        let include = spf.and_then(|s| s.include.as_ref()).is_some_and(|i| !i.is_empty());
        let mechanisms = spf.and_then(|s| s.mechanisms.as_ref()).is_some_and(|m| !m.is_empty());
        !include && !mechanisms
    };
    let unnamed: Vec<&LocalDomain<'_>> = meaning.domains.iter().filter(silent).collect();
    let ways = senders_of(meaning);
    for relay in &meaning.ways.relays {
        if relay.settings.spf.as_ref().is_some_and(|s| !s.is_empty()) {
            continue;
        }
        let Some(patterns) = ways.get(relay.name) else { continue };
        let mut sending = unnamed.iter().filter(|d| sends(patterns, d.name));
        let Some(first) = sending.next() else { continue };
        let others = sending.count();
        let whose = if others == 0 { String::new() } else { format!(" and {others} more") };
        let finding = Finding::at(RULE.code, &relay.settings.host.span, "sends for you")
            .related(first.span, "names this host only")
            .detail(format!(
                "Mail of `{}`{whose} comes from addresses of `{}`, and the SPF record says that only this host sends.",
                first.name, relay.settings.host.value.0
            ))
            .fix("spf: [...] here, with the name that the relay's manual gives to include");
        out.push(finding);
    }
}

/// Which senders' mail each relay takes; `None` for everybody's.
fn senders_of<'m>(meaning: &'m Meaning<'_>) -> BTreeMap<&'m str, BTreeSet<Option<AddressPattern>>> {
    let mut ways: BTreeMap<&str, BTreeSet<Option<AddressPattern>>> = BTreeMap::new();
    for way in meaning.ways.all() {
        let written = way.route.and_then(|r| r.senders.as_ref()).filter(|s| !s.is_empty());
        for hop in std::iter::once(way.via).chain(way.fallback) {
            let patterns = ways.entry(hop.name).or_default();
            match written {
                Some(list) => patterns.extend(list.iter().map(|p| Some(domain_of(&p.value.0)))),
                None => _ = patterns.insert(None),
            }
        }
    }
    ways
}

/// What an address pattern says of domains.
fn domain_of(pattern: &AddressPattern) -> AddressPattern {
    match pattern {
        AddressPattern::Address(address) => AddressPattern::Domain(DomainPattern::Exact(address.domain.clone())),
        AddressPattern::Domain(_) => pattern.clone(),
    }
}

fn sends(patterns: &BTreeSet<Option<AddressPattern>>, domain: &Domain) -> bool {
    let exact = AddressPattern::Domain(DomainPattern::Exact(domain.clone()));
    patterns.contains(&None) || exact.covering().into_iter().any(|p| patterns.contains(&Some(p)))
}
