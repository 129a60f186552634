//! RLY-006: A route names a relay that does not exist, or a relay is never used.

use std::collections::BTreeSet;

use crate::compiler::config::finding::{Finding, listed, nearest, shortened};
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::ways::DIRECT;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "RLY-006",
    name: "route-to-nowhere",
    severity: Severity::Error,
    summary: "A route names a relay that does not exist, or a relay is never used.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants every `via`, `fallback` and named `default` to be `direct` or one of `relay.hosts`; warns \
            of a relay there that nothing names.",
        why: "Mail on a way that leads nowhere would stay in the queue. A relay that nothing uses is usually the \
            one that was meant: mail takes another way than its author thinks.",
        example: "relay:
  hosts:
    mailgun: { host: smtp.relay.net, user: me, password: { file: /run/secrets/relay }, spf: [relay.net] }
  routes: [{ senders: [example.org], via: mailgum }]
  default: mailgun",
        instead: "relay:
  hosts:
    mailgun: { host: smtp.relay.net, user: me, password: { file: /run/secrets/relay }, spf: [relay.net] }
  routes: [{ senders: [example.org], via: mailgun }]",
        ignore: "The error never. The warning, while a relay is kept for the next change: `allow: [{ code: \
            RLY-006, path: relay.hosts.NAME, reason: ... }]`.",
    },
    references: &["mjl-/mox, \"route references undefined transport\""],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let ways = &meaning.ways;
    let names: BTreeSet<&str> = ways.relays.iter().map(|r| r.name).collect();
    let mut used = BTreeSet::new();
    for hop in ways.hops().filter(|h| !h.is_direct()) {
        used.insert(hop.name);
        let Some(span) = hop.span.filter(|_| !names.contains(hop.name)) else { continue };
        let known = std::iter::once(DIRECT).chain(names.iter().copied());
        let text = match nearest(hop.name, known.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "no such relay".to_owned(),
        };
        let finding = Finding::at(RULE.code, span, text)
            .detail(format!(
                "`{}` is none of `relay.hosts`; there are {}.",
                shortened(hop.name),
                listed(known.take(9), "and")
            ))
            .fix("name one of them, or describe the relay under `relay.hosts`");
        out.push(finding);
    }
    for relay in ways.relays.iter().filter(|r| !used.contains(r.name) && r.name != DIRECT) {
        let finding = Finding::at(RULE.code, relay.span, "named by no route")
            .severity(Severity::Warning)
            .detail(format!(
                "No mail goes through `{}`: neither `relay.default` nor a route or fallback names it.",
                shortened(relay.name)
            ))
            .fix(format!("relay: {{ default: {}, ... }}, or a route with it", shortened(relay.name)));
        out.push(finding);
    }
}
