//! DNSControl: a file for `require` after the `D()` of each zone, which it extends.
//!
//! `D_EXTEND` and not `D`: the zones hold other records too, and `dnscontrol push` deletes what no domain names.
//! Written for its interpreter, which knows ECMAScript 5: no trailing commas, ASCII alone.

use super::PENDING;
use super::presentation::{absolute, relative};
use super::sets::{Set, zones};
use crate::plan::document::{DnsData, DnsRecord};

pub fn dnscontrol(records: &[DnsRecord]) -> String {
    let mut text = "// Records of the mail server. In dnsconfig.js, after the D() of each zone:\n\
                    //   require(\"./mailctl.js\");\n"
        .to_owned();
    for (zone, wanted) in zones(records) {
        text.push('\n');
        for record in &wanted.pending {
            text.push_str(&format!("// {} {}: {PENDING}\n", record.name, record.data.kind()));
        }
        let lines: Vec<String> = wanted.sets.iter().flat_map(|set| calls(set, zone)).collect();
        if !lines.is_empty() {
            text.push_str(&format!("D_EXTEND({},\n  {}\n);\n", string(zone), lines.join(",\n  ")));
        }
    }
    text
}

fn calls(set: &Set<'_>, zone: &str) -> Vec<String> {
    let label = string(relative(set.name, zone));
    let call = |data: &&DnsData| {
        let arguments = match data {
            DnsData::A(address) => string(&address.to_string()),
            DnsData::Aaaa(address) => string(&address.to_string()),
            DnsData::Caa { flags, tag, value } => {
                // RFC 8659 §4.1: of the flags only this bit has a meaning.
                let critical = if flags & 128 == 0 { "" } else { ", CAA_CRITICAL" };
                format!("{}, {}{critical}", string(tag), string(value))
            }
            DnsData::Cname(target) => string(&absolute(target)),
            DnsData::DkimGenerated { .. } | DnsData::TlsaGenerated { .. } => return None,
            DnsData::Mx { preference, exchange } => format!("{preference}, {}", string(&absolute(exchange))),
            DnsData::Srv { priority, weight, port, target } => {
                format!("{priority}, {weight}, {port}, {}", string(&absolute(target)))
            }
            DnsData::Tlsa { usage, selector, matching, association } => {
                format!("{usage}, {selector}, {matching}, {}", string(association))
            }
            DnsData::Txt(text) => string(text),
        };
        Some(format!("{}({label}, {arguments}, TTL({}))", set.kind, set.ttl_seconds))
    };
    set.data.iter().filter_map(call).collect()
}

/// A string literal (ECMA-262 §7.8.4): JSON's, with each UTF-16 unit beyond ASCII in hex.
fn string(text: &str) -> String {
    let mut literal = String::new();
    for unit in serde_json::Value::from(text).to_string().encode_utf16() {
        match char::from_u32(u32::from(unit)).filter(char::is_ascii) {
            Some(c) => literal.push(c),
            None => literal.push_str(&format!("\\u{unit:04x}")),
        }
    }
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_is_ascii() {
        assert_eq!(string("a\"\\ ä 𝄞"), r#""a\"\\ \u00e4 \ud834\udd1e""#);
    }
}
