//! DNS-022: A record advertises a service that is not offered.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::section::listeners::{Service, TlsWord};
use crate::compiler::rules::Evidence;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::plan::document::DnsData;
use std::collections::{BTreeMap, BTreeSet};

pub const RULE: Rule = Rule {
    code: "DNS-022",
    name: "service-advertised-and-closed",
    severity: Severity::Warning,
    summary: "A record advertises a service that is not offered.",
    check: Check::Material(check),
    explanation: Explanation {
        what: "Looks at the SRV records of mail services among `records` that lead to this host: the port must be one \
            that a listener has that is public and not closed in `firewall`, and a service with STARTTLS must not be preferred to its twin with implicit \
            TLS.",
        why: "Mail programs configure themselves from these records. They would try a closed port first, or end up \
            with the weaker of two doors.",
        example: "domains:
  example.org:
    records: [{ name: _pop3s._tcp, type: SRV, value: 0 1 995 mail.example.org. }]",
        instead: "domains:
  example.org:
    records: [{ name: _imaps._tcp, type: SRV, value: 0 1 993 mail.example.org. }]",
        ignore: "When something else on this host answers on the port, which this file does not know.",
    },
    references: &["RFC 6186 §3", "RFC 8314 §4.5.2", "stalwartlabs/stalwart#1371"],
};

fn check(evidence: &Evidence<'_>, out: &mut Vec<Finding>) {
    let meaning = evidence.meaning;
    let closed = meaning.closed();
    let doors = meaning.listeners.iter().filter(|d| d.public() && !closed.contains(d.name));
    let open: BTreeSet<u16> = doors.map(|d| d.public_port()).collect();
    let mut preferred: BTreeMap<(&str, &str), u16> = BTreeMap::new();
    let mut advertised = Vec::new();
    for wanted in evidence.records.iter().filter(|w| w.written) {
        let DnsData::Srv { priority, port, target, .. } = &wanted.record.data else { continue };
        let Some((service, domain)) = service(&wanted.record.name).filter(|_| target == meaning.host().as_str()) else {
            continue;
        };
        preferred.entry((domain, service.word())).and_modify(|p| *p = (*p).min(*priority)).or_insert(*priority);
        advertised.push((wanted, service, domain, *priority, *port));
    }
    for (wanted, service, domain, priority, port) in advertised {
        let finding = if !open.contains(&port) {
            Finding::at(RULE.code, wanted.span, format!("port {port} is closed"))
                .detail(format!("`{}` leads to port {port} of this host, where no listener is.", wanted.record.name))
                .fix(format!("value: 0 0 0 .   # not offered; or add the listener `{}`", service.word()))
        } else if service.tls() == TlsWord::StarttlsRequired
            && let Some(twin) = service.twin().filter(|t| open.contains(&t.port()))
            && preferred.get(&(domain, twin.word())).is_none_or(|p| *p >= priority)
        {
            Finding::at(RULE.code, wanted.span, "preferred to implicit TLS")
                .detail(format!("`{}` is offered as well, and RFC 8314 prefers it.", twin.word()))
                .fix(format!("add _{}._tcp with a smaller priority than {priority}", twin.word()))
        } else {
            continue;
        };
        out.push(finding.related(&meaning.config.host.name.span, "this host"));
    }
}

/// The service and domain of a name such as `_imaps._tcp.example.org`.
fn service(name: &str) -> Option<(Service, &str)> {
    let (word, rest) = name.strip_prefix('_')?.split_once('.')?;
    let service = Service::from_word(if word == "sieve" { "managesieve" } else { word }).filter(|s| s.is_mail())?;
    Some((service, rest.strip_prefix("_tcp.")?))
}
