//! The form for people.

use super::super::table::table as columns;
use super::{Data, PENDING, Record};

/// One line a record, grouped by zone.
pub fn table(records: &[Record]) -> String {
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
    if text.is_empty() { "The plan wants no records.\n".to_owned() } else { text }
}

fn row(record: &Record) -> [String; 4] {
    let value = match &record.data {
        Data::A(address) => address.to_string(),
        Data::Aaaa(address) => address.to_string(),
        Data::Caa { flags, tag, value } => format!("{flags} {tag} \"{value}\""),
        Data::Cname(target) => target.clone(),
        Data::DkimPending { .. } => format!("({PENDING})"),
        Data::Mx { preference, exchange } => format!("{preference} {exchange}"),
        Data::Srv { priority, weight, port, target } => format!("{priority} {weight} {port} {target}"),
        Data::Tlsa { usage, selector, matching, association } => {
            format!("{usage} {selector} {matching} {association}")
        }
        Data::Txt(text) => text.clone(),
    };
    [record.name.clone(), record.ttl_seconds.to_string(), record.data.kind().to_owned(), value]
}
