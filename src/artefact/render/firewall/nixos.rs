//! NixOS: the nftables table as a module, and its ports opened in NixOS's own firewall, which comes after it.

use std::collections::BTreeSet;

use serde::Serialize;

use super::arrivals::Arrivals;
use super::nftables;
use crate::artefact::render::template::{Format, render};
use crate::plan::Plan;
use crate::plan::document::Family;

const TEMPLATE: &str = include_str!("nixos.j2");

#[derive(Serialize)]
struct Values {
    tcp: String,
    udp: String,
    admin: Vec<String>,
    /// Of the table, indented.
    lines: Vec<String>,
}

/// A file for `imports`.
pub fn nixos(plan: &Plan) -> String {
    let arrivals = Arrivals::of(plan);
    let open = || arrivals.filter.open.iter().flatten().copied();
    let tcp: BTreeSet<u16> = arrivals.served.iter().copied().chain(open()).collect();
    let text = nftables::nftables(plan);
    let body = text.split_once("delete table inet mailctl\ntable inet mailctl {\n").map_or("", |(_, body)| body);
    let body = body.trim_end().strip_suffix('}').unwrap_or_default();
    let values = Values {
        tcp: spaced(tcp),
        udp: spaced(open()),
        admin: [Family::Ipv4, Family::Ipv6].into_iter().filter_map(|f| nftables::admin_rule(&arrivals, f)).collect(),
        lines: body.lines().map(|line| escaped(line.trim_end())).collect(),
    };
    render(TEMPLATE, Format::OneLine, &values)
}

fn spaced(ports: impl IntoIterator<Item = u16>) -> String {
    ports.into_iter().map(|port| format!("{port} ")).collect()
}

/// Within an indented string.
fn escaped(line: &str) -> String {
    line.replace("''", "'''").replace("${", "''${")
}
