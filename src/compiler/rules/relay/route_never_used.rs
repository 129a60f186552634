//! RLY-009: A route can never be used.

use std::collections::{BTreeMap, BTreeSet};

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::leaf;
use crate::compiler::config::spanned::Spanned;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::{Severity, Span};
use crate::ground::limits;
use crate::vocabulary::mail::AddressPattern;

pub const RULE: Rule = Rule {
    code: "RLY-009",
    name: "route-never-used",
    severity: Severity::Error,
    summary: "A route can never be used.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Compares each route with those before it: what one of them matches never reaches a later one. \
            Reports a route of which nothing is left, and warns of a `default` behind a route that takes \
            everything.",
        why: "The first route that matches decides. A dead route looks as if it did something; most often the \
            two are in the wrong order, and confidential mail takes the general way.",
        example: "relay:
  hosts:
    mailgun: { host: smtp.relay.net, user: me, password: { file: /run/secrets/relay }, spf: [relay.net] }
  routes:
    - { recipients: [.example.net], via: mailgun }
    - { recipients: [bank.example.net], via: direct }",
        instead: "relay:
  hosts:
    mailgun: { host: smtp.relay.net, user: me, password: { file: /run/secrets/relay }, spf: [relay.net] }
  routes:
    - { recipients: [bank.example.net], via: direct }
    - { recipients: [.example.net], via: mailgun }",
        ignore: "The error never: put the closer route first, or remove it. The warning, while the general route \
            is a passing measure: `allow: [{ code: RLY-009, path: relay.default, reason: ... }]`.",
    },
    references: &["mjl-/mox, routes in order", "docs/language.md"],
};

/// `None` stands for everybody.
type Side = Option<AddressPattern>;

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    // Which route took a pair first. A pattern is covered by few others, so that nothing is compared with everything.
    let mut taken: BTreeMap<(Side, Side), usize> = BTreeMap::new();
    let written = meaning.ways.routes.iter().filter_map(|way| way.route);
    let spans: Vec<&Span> = written.clone().map(|route| &route.span).collect();
    let mut everything = None;
    let mut pairs_left = limits::ROUTE_PAIRS_MAX;
    for (index, route) in written.enumerate() {
        let (senders, recipients) = (sides(route.senders.as_ref()), sides(route.recipients.as_ref()));
        let Some(left) = pairs_left.checked_sub(senders.len().saturating_mul(recipients.len())) else { continue };
        pairs_left = left;
        let pairs = || senders.iter().flat_map(|s| recipients.iter().map(move |r| (s, r)));
        let earlier: Option<BTreeSet<usize>> = pairs().map(|(s, r)| first(&taken, s, r)).collect();
        if let Some(earlier) = earlier {
            out.push(dead(&route.span, earlier.iter().filter_map(|i| spans.get(*i).copied())));
            continue;
        }
        for (sender, recipient) in pairs() {
            taken.entry((sender.clone(), recipient.clone())).or_insert(index);
        }
        if everything.is_none() && senders == [None] && recipients == [None] {
            everything = Some(&route.span);
        }
    }
    if let Some((all, default)) = everything.zip(meaning.ways.rest.via.span) {
        let finding = Finding::at(RULE.code, default, "nothing is left for it")
            .severity(Severity::Warning)
            .related(all, "takes all mail")
            .detail("A route without `senders` and `recipients` matches everything, so that `default` is never asked.")
            .fix("remove the route and name its relay as `default`");
        out.push(finding);
    }
}

/// The patterns of one side of a route.
fn sides(written: Option<&Spanned<Vec<Spanned<leaf::AddressPattern>>>>) -> Vec<Side> {
    match written {
        Some(list) if !list.is_empty() => list.iter().map(|p| Some(p.value.0.clone())).collect(),
        _ => vec![None],
    }
}

/// The first route that takes all mail of this sender to this recipient.
fn first(taken: &BTreeMap<(Side, Side), usize>, sender: &Side, recipient: &Side) -> Option<usize> {
    let wider = |side: &Side| -> Vec<Side> {
        let patterns = side.iter().flat_map(AddressPattern::covering).map(Some);
        patterns.chain(std::iter::once(None)).collect()
    };
    let recipients = wider(recipient);
    let keys = wider(sender).into_iter().flat_map(|s| recipients.iter().map(move |r| (s.clone(), r.clone())));
    keys.filter_map(|key| taken.get(&key)).min().copied()
}

fn dead<'s>(route: &Span, earlier: impl Iterator<Item = &'s Span>) -> Finding {
    const SHOWN_MAX: usize = 3;
    let finding = Finding::at(RULE.code, route, "never reached")
        .detail("Everything that this route matches is taken before, because the first route that matches decides.")
        .fix("put this route before the other, or remove it");
    earlier.take(SHOWN_MAX).fold(finding, |finding, span| finding.related(span, "takes it first"))
}
