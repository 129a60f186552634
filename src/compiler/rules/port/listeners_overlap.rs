//! PORT-001: Two listeners bind the same address and port.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "PORT-001",
    name: "listeners-overlap",
    severity: Severity::Error,
    summary: "Two listeners bind the same address and port.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Compares the sockets of all listeners, and `metrics.address`. A wildcard address (`0.0.0.0`, `::`) overlaps every address of its \
            family.",
        why: "The second of them could not start, and which one is second would depend on chance. IPv4 and IPv6 \
            are apart: `::` is IPv6 alone here.",
        example: "listeners: { smtp: {}, submissions: {}, inbound: { protocol: smtp } }",
        instead: "listeners: { smtp: {}, submissions: {} }",
        ignore: "Never: the system gives a socket to one of them. Give them different `addresses`, or one \
            another `port` with `published`.",
    },
    references: &["POSIX bind(2), EADDRINUSE"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let mut taken = Taken::default();
    for (index, door) in meaning.listeners.iter().enumerate() {
        let clash = door.addresses.iter().filter_map(|a| taken.by(door.port, *a)).min();
        for address in &door.addresses {
            taken.add(door.port, *address, index);
        }
        let Some(other) = clash.and_then(|at| meaning.listeners.get(at)).filter(|_| door.service.is_some()) else {
            continue;
        };
        let finding = Finding::at(RULE.code, door.port_span(), format!("port {} again", door.port))
            .related(other.port_span(), format!("`{}` binds it here", other.name))
            .detail(format!("`{}` and `{}` both bind port {} on the same address.", other.name, door.name, door.port))
            .fix("change one port, or give the two listeners different `addresses`");
        out.push(finding);
    }
    let Some(metrics) = &meaning.config.metrics else { return };
    let socket = metrics.address.value.0;
    if let Some(other) = taken.by(socket.port(), socket.ip()).and_then(|at| meaning.listeners.get(at)) {
        let finding = Finding::at(RULE.code, &metrics.address.span, format!("port {} again", socket.port()))
            .related(other.port_span(), format!("`{}` binds it here", other.name))
            .detail(format!("`{}` and `metrics` both bind {socket}.", other.name))
            .fix("serve the figures on another port, such as 9090");
        out.push(finding);
    }
}

/// The first listener on each socket, and on any of a port and family, so that no two are compared.
#[derive(Default)]
struct Taken {
    sockets: BTreeMap<(u16, IpAddr), usize>,
    families: BTreeMap<(u16, bool), usize>,
}

impl Taken {
    fn by(&self, port: u16, address: IpAddr) -> Option<usize> {
        if address.is_unspecified() {
            return self.families.get(&(port, address.is_ipv4())).copied();
        }
        let wildcard: IpAddr =
            if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let found = [address, wildcard].into_iter().filter_map(|a| self.sockets.get(&(port, a)).copied());
        found.min()
    }

    fn add(&mut self, port: u16, address: IpAddr, index: usize) {
        self.sockets.entry((port, address)).or_insert(index);
        self.families.entry((port, address.is_ipv4())).or_insert(index);
    }
}
