//! FW-002: The firewall opens a port that no listener has.

use std::collections::BTreeMap;

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::{Door, Meaning};
use crate::compiler::config::section::listeners::Service;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::{Severity, Span};

pub const RULE: Rule = Rule {
    code: "FW-002",
    name: "port-open-for-nothing",
    severity: Severity::Error,
    summary: "The firewall opens a port that no listener has.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses `firewall.open` with port 0 and with the port of a listener that `firewall.closed` shuts; \
            warns of a mail port there that no listener of this file has.",
        why: "Ports of our own listeners are opened by themselves. One that is opened by hand and has no \
            listener is left over from an earlier set-up, and stays open for whatever starts there next.",
        example: "listeners: { smtp: {}, submissions: {}, imaps: {}, imap: {} }
firewall: { open: [143], closed: [imap] }",
        instead: "listeners: { smtp: {}, submissions: {}, imaps: {}, imap: {} }
firewall: { open: [80], closed: [imap] }",
        ignore: "The warning, while another mail server runs beside this one: `allow: [{ code: FW-002, reason: \
            ... }]`. The errors never: they contradict the rest of the file.",
    },
    references: &["docs/language.md", "simple-nixos-mailserver, openFirewall"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(firewall) = &meaning.config.firewall else { return };
    let Some(open) = &firewall.open else { return };
    let listening: BTreeMap<u16, &Door<'_>> = meaning.listeners.iter().map(|d| (d.port, d)).collect();
    let closed = firewall.closed.iter().flat_map(|c| c.iter()).map(|name| (name.value.as_str(), &name.span));
    let closed: BTreeMap<&str, &Span> = closed.collect();
    for port in open.iter() {
        let shut = listening.get(&port.value).and_then(|d| Some((d.name, closed.get(d.name)?)));
        let service = Service::from_port(port.value).filter(|s| s.is_mail());
        let finding = match (shut, service) {
            _ if port.value == 0 => Finding::at(RULE.code, &port.span, "no port")
                .detail("Ports are numbered from 1 to 65535.")
                .fix("remove it"),
            (Some((name, span)), _) => Finding::at(RULE.code, &port.span, "opened here")
                .related(span, "and shut here")
                .detail(format!("Port {} belongs to `{name}`, which `closed` keeps from the Internet.", port.value))
                .fix(format!("take {} out of `open`, or `{name}` out of `closed`", port.value)),
            (None, Some(service)) if !listening.contains_key(&port.value) => {
                Finding::at(RULE.code, &port.span, format!("no `{}` here", service.word()))
                    .severity(Severity::Warning)
                    .detail(format!(
                        "Port {} is that of {}, and no listener of this file has it: it is open for nothing.",
                        port.value,
                        service.word()
                    ))
                    .fix(format!(
                        "remove {}, or add the listener `{}`, which opens it by itself",
                        port.value,
                        service.word()
                    ))
            }
            _ => continue,
        };
        out.push(finding);
    }
}
