//! PORT-010: Users reach a service on a port that their programs do not try.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::{Door, Meaning};
use crate::compiler::config::section::listeners::Service;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "PORT-010",
    name: "unusual-public-port",
    severity: Severity::Warning,
    summary: "Users reach a service on a port that their programs do not try.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns of a listener for users whose public port is not the registered one, unless another \
            listener of the same service has it. `published` says which port the Internet sees. `profile: lab` \
            may use any.",
        why: "Mail programs find servers by the registered ports. Everybody has to be told another one by hand, \
            and many forms do not even ask for it.",
        example: "listeners: { smtp: {}, submissions: { port: 8465 }, imaps: {} }",
        instead: "listeners: { smtp: {}, submissions: { port: 8465, published: 465 }, imaps: {} }",
        ignore: "When only programs of your own connect there: `allow: [{ code: PORT-010, path: \
            listeners.submissions, reason: ... }]`.",
    },
    references: &["RFC 8314 §7.3", "RFC 6186 §3", "Mailu/helm-charts#52"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    if meaning.lab() {
        return;
    }
    let users = |s: &Service| s.submits() || s.reads() || *s == Service::Managesieve;
    let doors = || meaning.listeners.iter().filter(|d| d.public()).filter_map(|d| Some((d, d.service.filter(users)?)));
    let is_usual = |s: &Service| doors().any(|(d, service)| service == *s && d.public_port() == s.port());
    let usual: Vec<Service> = Service::ALL.into_iter().filter(is_usual).collect();
    // The port of another service is PORT-011's, and AUTH-002's.
    let free = |d: &Door<'_>| Service::from_port(d.public_port()).is_none();
    for (door, service) in doors().filter(|(d, s)| free(d) && !usual.contains(s)) {
        let published = door.settings.and_then(|s| s.published.as_ref());
        let span = published.map_or_else(|| door.port_span(), |p| &p.span);
        let finding = Finding::at(RULE.code, span, format!("not {}", service.port()))
            .detail(format!(
                "Programs look for {} on port {}; nobody finds it on {} unless told.",
                service.word(),
                service.port(),
                door.public_port()
            ))
            .fix(format!("port: {0}, or published: {0} where a router or container engine maps it", service.port()));
        out.push(finding);
    }
}
