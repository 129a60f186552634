//! Amazon Route 53: one `aws_route53_record` a set.

use super::super::presentation::{quoted_strings, rdata};
use super::super::sets::zones;
use super::{Identifiers, list, pending, string};
use crate::plan::document::{DnsData, DnsRecord};

/// Zones are looked up in `var.route53_zone_ids` by name.
pub fn route53(records: &[DnsRecord]) -> String {
    let mut text =
        "# Records of the mail server in Amazon Route 53.\nvariable \"route53_zone_ids\" {\n  type        = \
                    map(string)\n  description = \"ID of each hosted zone, by its name without the final dot\"\n}\n"
            .to_owned();
    let mut identifiers = Identifiers::default();
    for (zone, wanted) in zones(records) {
        text.push_str(&pending(&wanted.pending));
        for set in &wanted.sets {
            let values: Vec<String> = set.data.iter().filter_map(|data| value(data)).collect();
            text.push_str(&format!(
                "\nresource \"aws_route53_record\" \"{}\" {{\n  zone_id = var.route53_zone_ids[{}]\n  name    = {}\n  type    \
                 = {}\n  ttl     = {}\n  records = {}\n}}\n",
                identifiers.of(set.kind, set.name),
                string(zone),
                string(set.name),
                string(set.kind),
                set.ttl_seconds,
                list(&values)
            ));
        }
    }
    text
}

/// The provider itself puts quotes around a TXT record; between two strings they stand here. Route 53 writes octets in
/// octal, not as RFC 1035 §5.1 does in decimal.
fn value(data: &DnsData) -> Option<String> {
    let DnsData::Txt(text) = data else { return rdata(data) };
    let joined = quoted_strings(text).iter().map(|s| octal(s)).collect::<Vec<_>>().join("");
    Some(joined.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(&joined).to_owned())
}

fn octal(quoted: &str) -> String {
    let mut text = String::new();
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        text.push(c);
        if c != '\\' {
            continue;
        }
        match chars.next() {
            Some(hundreds) if hundreds.is_ascii_digit() => {
                let digits: String = [hundreds].into_iter().chain(chars.by_ref().take(2)).collect();
                text.push_str(&digits.parse::<u8>().map_or(digits, |octet| format!("{octet:03o}")));
            }
            escaped => text.extend(escaped),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_are_octal_and_strings_are_joined() {
        let text = format!("\"é\\ {}", "a".repeat(255));
        let wanted = format!("\\\"\\303\\251\\\\ {}\"\"aaaaa", "a".repeat(250));
        assert_eq!(value(&DnsData::Txt(text)).unwrap(), wanted);
    }
}
