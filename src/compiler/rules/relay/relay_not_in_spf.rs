//! RLY-010: Mail leaves through a relay that the domain's SPF record does not name.

use std::collections::{BTreeMap, BTreeSet};

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::{LocalDomain, Meaning};
use crate::compiler::config::ways::Way;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::vocabulary::mail::{AddressPattern, DomainPattern};

pub const RULE: Rule = Rule {
    code: "RLY-010",
    name: "relay-not-in-spf",
    severity: Severity::Warning,
    summary: "Mail leaves through a relay that the domain's SPF record does not name.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Looks, for each relay that takes mail to everybody, whether it says in `spf` which domain's \
            record names its addresses, or else whether every domain that sends through it has `spf` mechanisms \
            of its own.",
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

/// A sender pattern that only speaks of domains; `None` for everybody.
type Senders = Option<AddressPattern>;

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    if meaning.lab() || meaning.ways.relays.is_empty() {
        return;
    }
    let silent = silent_domains(meaning);
    let ways = senders_of(meaning);
    for relay in &meaning.ways.relays {
        if relay.settings.spf.as_ref().is_some_and(|s| !s.is_empty()) {
            continue;
        }
        let Some(patterns) = ways.get(relay.name) else { continue };
        let mut sending = patterns.iter().filter_map(|p| silent.get(p));
        let Some((first, more)) = sending.next() else { continue };
        let others = if *more || sending.next().is_some() { " and other domains" } else { "" };
        let finding = Finding::at(RULE.code, &relay.settings.host.span, "sends for you")
            .related(first.span, "names this host only")
            .detail(format!(
                "Mail of `{}`{others} comes from addresses of `{}`, and the SPF record says that only this host sends.",
                first.name, relay.settings.host.value.0
            ))
            .fix("spf: [...] here, with the name that the relay's manual gives to include");
        out.push(finding);
    }
}

/// The first domain that names nobody else in SPF and whose mail a pattern takes, and whether there are more.
fn silent_domains<'m>(meaning: &'m Meaning<'_>) -> BTreeMap<Senders, (&'m LocalDomain<'m>, bool)> {
    let mut silent: BTreeMap<Senders, (&LocalDomain<'_>, bool)> = BTreeMap::new();
    for domain in &meaning.domains {
        let spf = domain.settings.and_then(|s| s.spf.as_ref());
        let include = spf.and_then(|s| s.include.as_ref()).is_some_and(|i| !i.is_empty());
        let mechanisms = spf.and_then(|s| s.mechanisms.as_ref()).is_some_and(|m| !m.is_empty());
        if include || mechanisms {
            continue;
        }
        let exact = DomainPattern::Exact(domain.name.clone());
        let covering = exact.covering().into_iter().map(|p| Some(AddressPattern::Domain(p)));
        for pattern in covering.chain(std::iter::once(None)) {
            silent.entry(pattern).and_modify(|(_, more)| *more = true).or_insert((domain, false));
        }
    }
    silent
}

/// Which senders' mail each relay takes. A route for some recipients alone leads to their own gateway, which looks
/// at our address and not at another's.
fn senders_of<'m>(meaning: &'m Meaning<'_>) -> BTreeMap<&'m str, BTreeSet<Senders>> {
    let mut ways: BTreeMap<&str, BTreeSet<Senders>> = BTreeMap::new();
    let narrow = |way: &&Way<'_>| way.route.and_then(|r| r.recipients.as_ref()).is_some_and(|r| !r.is_empty());
    for way in meaning.ways.all().filter(|way| !narrow(way)) {
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
