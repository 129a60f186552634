//! Cloudflare, provider version 5: one `cloudflare_dns_record` a record, never proxied, since mail is no web traffic.

use aws_lc_rs::digest::{SHA256, digest};

use super::super::presentation::quoted_strings;
use super::super::sets::{Set, zones};
use super::{Identifiers, pending, string};
use crate::plan::document::{DnsData, DnsRecord};

/// Zones are looked up in `var.cloudflare_zone_ids` by name.
pub fn cloudflare(records: &[DnsRecord]) -> String {
    let mut text = "# Records of the mail server at Cloudflare (provider version 5).\nvariable \
                    \"cloudflare_zone_ids\" {\n  type        = map(string)\n  description = \"ID of each zone, by its \
                    name\"\n}\n"
        .to_owned();
    let mut identifiers = Identifiers::default();
    for (zone, wanted) in zones(records) {
        text.push_str(&pending(&wanted.pending));
        for set in &wanted.sets {
            for data in &set.data {
                let Some(fields) = fields(data) else { continue };
                let label = identifiers.of(set.kind, &label(set, data));
                text.push_str(&format!(
                    "\nresource \"cloudflare_dns_record\" \"{label}\" {{\n  zone_id = var.cloudflare_zone_ids[{}]\n  name    \
                     = {}\n  type    = {}\n  ttl     = {}\n{fields}}}\n",
                    string(zone),
                    string(set.name),
                    string(set.kind),
                    set.ttl_seconds
                ));
            }
        }
    }
    text
}

/// Of several records of a set each is known by its data and not by its place, which others move.
fn label(set: &Set<'_>, data: &DnsData) -> String {
    const OCTETS: usize = 4;
    if set.data.len() == 1 {
        return set.name.to_owned();
    }
    let digest = digest(&SHA256, data.to_string().as_bytes());
    let digest: String = digest.as_ref().iter().take(OCTETS).map(|octet| format!("{octet:02x}")).collect();
    format!("{}_{digest}", set.name)
}

fn fields(data: &DnsData) -> Option<String> {
    let content = |content: &str| format!("  content = {}\n", string(content));
    let structured = |fields: &[(&str, String)]| {
        let width = fields.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
        let lines: String = fields.iter().map(|(key, value)| format!("    {key:<width$} = {value}\n")).collect();
        format!("  data = {{\n{lines}  }}\n")
    };
    Some(match data {
        DnsData::A(address) => content(&address.to_string()) + "  proxied = false\n",
        DnsData::Aaaa(address) => content(&address.to_string()) + "  proxied = false\n",
        DnsData::Caa { flags, tag, value } => {
            structured(&[("flags", flags.to_string()), ("tag", string(tag)), ("value", string(value))])
        }
        DnsData::Cname(target) => content(target) + "  proxied = false\n",
        DnsData::DkimGenerated { .. } | DnsData::TlsaGenerated { .. } => return None,
        DnsData::Mx { preference, exchange } => {
            format!("  content  = {}\n  priority = {preference}\n", string(exchange))
        }
        DnsData::Srv { priority, weight, port, target } => structured(&[
            ("priority", priority.to_string()),
            ("weight", weight.to_string()),
            ("port", port.to_string()),
            ("target", string(target)),
        ]),
        DnsData::Tlsa { usage, selector, matching, association } => structured(&[
            ("usage", usage.to_string()),
            ("selector", selector.to_string()),
            ("matching_type", matching.to_string()),
            ("certificate", string(association)),
        ]),
        DnsData::Txt(text) => content(&quoted_strings(text).join(" ")),
    })
}
