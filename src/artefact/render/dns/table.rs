//! The form for people.

use super::super::table::table as columns;
use super::{PENDING, Request};
use crate::plan::document::DnsRecord;

/// One line a record, grouped by zone; below, what the provider of the addresses must do.
pub fn table(records: &[DnsRecord], requests: &[Request]) -> String {
    let mut zones: Vec<&str> = records.iter().map(|record| record.zone.as_str()).collect();
    zones.dedup();
    let mut seen = Vec::new();
    let mut text = String::new();
    for zone in zones {
        if seen.contains(&zone) {
            continue;
        }
        seen.push(zone);
        let rows: Vec<[String; 4]> = records.iter().filter(|record| record.zone == zone).map(row).collect();
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&format!("Zone {zone}\n\n{}", columns(["NAME", "TTL", "TYPE", "VALUE"], &rows)));
    }
    if text.is_empty() {
        text.push_str("The plan wants no records.\n");
    }
    if !requests.is_empty() {
        let row = |r: &Request| [r.address.to_string(), r.name.clone(), "PTR".to_owned(), r.target.clone()];
        let rows: Vec<[String; 4]> = requests.iter().map(row).collect();
        let rows = columns(["ADDRESS", "NAME", "TYPE", "VALUE"], &rows);
        text.push_str(&format!("\nReverse names, set by the provider of the addresses\n\n{rows}"));
    }
    text
}

fn row(record: &DnsRecord) -> [String; 4] {
    let value = if record.data.is_generated() { format!("({PENDING})") } else { record.data.to_string() };
    [record.name.clone(), record.ttl_seconds.to_string(), record.data.kind().to_owned(), value]
}
