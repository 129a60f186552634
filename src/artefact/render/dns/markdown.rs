//! A page for people who type records into a web form: names relative to the zone, each field by itself.
//!
//! Every value is a code span of a GitHub table. What is left to the person (final dots, quotes, long texts, what the
//! provider of the addresses must do) is said once, above.

use super::presentation::{absolute, relative, strings};
use super::sets::{Set, zones};
use super::{PENDING, Request};
use crate::plan::document::{DnsData, DnsRecord};

const HEAD: &str = "# DNS records for mail

- **Name**: relative to the zone; `@` is the zone itself. A form that wants whole names gets the zone's name behind it.
- **Dots**: names in values end with a dot. A form that refuses the dot wants the name without it; one that appends the
  zone to names without a dot needs it.
- **TXT**: type the value as it stands here, without quotes around it. Only a form that shows its records in quotes wants
  them, and then one pair for each part of at most 255 characters.
- **Several lines with one name and type** are several values, not one after the other.
- **TTL**: in seconds.
";

pub fn markdown(records: &[DnsRecord], requests: &[Request]) -> String {
    let mut text = HEAD.to_owned();
    for (zone, wanted) in zones(records) {
        text.push_str(&format!("\n## Zone {zone}\n\n| Name | Type | TTL | Value |\n| --- | --- | --- | --- |\n"));
        for set in &wanted.sets {
            for row in rows(set, zone) {
                text.push_str(&row);
            }
        }
        for record in &wanted.pending {
            let (name, kind) = (code(relative(&record.name, zone)), record.data.kind());
            text.push_str(&format!("| {name} | {kind} | {} | ({PENDING}) |\n", record.ttl_seconds));
        }
    }
    if !requests.is_empty() {
        text.push_str(
            "\n## Ask the provider of the addresses\n\nReverse names are not in these zones: whoever rents you the \
             address sets them, in a panel or on request.\n\n| Address | Name | Type | Value |\n| --- | --- | --- | --- |\n",
        );
        for Request { address, name, target } in requests {
            let (name, target) = (code(name), code(&absolute(target)));
            text.push_str(&format!("| {} | {name} | PTR | {target} |\n", code(&address.to_string())));
        }
    }
    text
}

fn rows(set: &Set<'_>, zone: &str) -> Vec<String> {
    let row = |data: &&DnsData| {
        let value = match data {
            DnsData::A(address) => code(&address.to_string()),
            DnsData::Aaaa(address) => code(&address.to_string()),
            DnsData::Caa { flags, tag, value } => {
                format!("flags {}, tag {}, value {}", code(&flags.to_string()), code(tag), code(value))
            }
            DnsData::Cname(target) => code(&absolute(target)),
            DnsData::DkimGenerated { .. } | DnsData::TlsaGenerated { .. } => return None,
            DnsData::Mx { preference, exchange } => {
                format!("priority {}, server {}", code(&preference.to_string()), code(&absolute(exchange)))
            }
            DnsData::Srv { priority, weight, port, target } => format!(
                "priority {}, weight {}, port {}, target {}",
                code(&priority.to_string()),
                code(&weight.to_string()),
                code(&port.to_string()),
                code(&absolute(target))
            ),
            DnsData::Tlsa { usage, selector, matching, association } => format!(
                "usage {}, selector {}, matching type {}, certificate data {}",
                code(&usage.to_string()),
                code(&selector.to_string()),
                code(&matching.to_string()),
                code(association)
            ),
            DnsData::Txt(text) => match strings(text).len() {
                1 => code(text),
                parts => format!("{} ({parts} parts where a form splits texts)", code(text)),
            },
        };
        let name = code(relative(set.name, zone));
        Some(format!("| {name} | {} | {} | {value} |\n", set.kind, set.ttl_seconds))
    };
    set.data.iter().filter_map(row).collect()
}

/// A code span in a table cell (GFM §4.10: `|` is escaped even there), with more backticks around than inside.
fn code(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') || text.is_empty() { " " } else { "" };
    format!("{fence}{pad}{}{pad}{fence}", text.replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_holds_what_would_end_it() {
        assert_eq!(code("a|b"), "`a\\|b`");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(code("a``b"), "```a``b```");
    }
}
