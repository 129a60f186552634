//! A local map of all record sets, for `for_each` of any provider's resources.

use super::super::presentation::rdata;
use super::super::sets::{Set, zones};
use super::{list, pending, string};
use crate::plan::document::{DnsData, DnsRecord};

/// `local.mailctl_records`: by name and type, with zone, absolute name, TTL in seconds and values. Values are data as
/// in a zone file; those of TXT the text itself, since each provider wants other quotes.
pub fn generic(records: &[DnsRecord]) -> String {
    let mut text = "# Records of the mail server, for any provider: for_each = local.mailctl_records\n".to_owned();
    let zones = zones(records);
    for zone in zones.values() {
        text.push_str(&pending(&zone.pending));
    }
    text.push_str("locals {\n  mailctl_records = {\n");
    for (zone, wanted) in &zones {
        for set in &wanted.sets {
            let Set { name, kind, ttl_seconds, .. } = set;
            let values: Vec<String> = set.data.iter().filter_map(|data| value(data)).collect();
            text.push_str(&format!(
                "    {} = {{\n      zone   = {}\n      name   = {}\n      type   = {}\n      ttl    = {ttl_seconds}\n      \
                 values = {}\n    }}\n",
                string(&format!("{name} {kind}")),
                string(zone),
                string(name),
                string(kind),
                list(&values)
            ));
        }
    }
    text.push_str("  }\n}\n");
    text
}

fn value(data: &DnsData) -> Option<String> {
    match data {
        DnsData::Txt(text) => Some(text.clone()),
        data => rdata(data),
    }
}
