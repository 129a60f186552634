//! A master file (RFC 1035 §5.1) with absolute names, to be included in or merged with a zone.

use super::PENDING;
use super::presentation::rdata;
use crate::plan::document::DnsRecord;

/// One record a line; records of several zones stand under a comment each.
pub fn zone(records: &[DnsRecord]) -> String {
    let mut text = String::new();
    let mut zone = None;
    for record in records {
        if zone != Some(&record.zone) {
            if zone.is_some() {
                text.push('\n');
            }
            text.push_str(&format!("; zone {}.\n", record.zone));
            zone = Some(&record.zone);
        }
        let (name, ttl, kind) = (&record.name, record.ttl_seconds, record.data.kind());
        text.push_str(&match rdata(&record.data) {
            Some(data) => format!("{name}. {ttl} IN {kind} {data}\n"),
            None => format!("; {name}. {ttl} IN {kind}: {PENDING}\n"),
        });
    }
    text
}
