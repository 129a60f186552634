//! The records of a plan as lines: whoever publishes replaces sets, not single records.

use std::collections::BTreeMap;

use super::text::fingerprint;
use crate::plan::document::{DnsData, Plan, PublishWay};

/// RRsets by `NAME TYPE` (RFC 2181 §5).
pub(super) fn sets(plan: &Plan) -> BTreeMap<String, String> {
    let mut sets: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for record in &plan.dns {
        let set = sets.entry(format!("{} {}", record.name, record.data.kind())).or_default();
        set.push(format!("{} (TTL {})", shown(&record.data), record.ttl_seconds));
    }
    sets.into_iter()
        .map(|(key, mut values)| {
            values.sort();
            (key, values.join(", "))
        })
        .collect()
}

fn shown(data: &DnsData) -> String {
    // A whole certificate (matching type 0) is too long to read.
    const ASSOCIATION_SHOWN_MAX: usize = 128;
    match data {
        DnsData::Tlsa { usage, selector, matching, association } if association.len() > ASSOCIATION_SHOWN_MAX => {
            format!("{usage} {selector} {matching} …, digest {}", fingerprint(association))
        }
        DnsData::Txt(text) => shown_text(text),
        other => other.to_string(),
    }
}

/// A key record is too long to read; a few digits of its digest tell it from another.
fn shown_text(text: &str) -> String {
    match text.split_once("p=") {
        Some((head, key)) if key.len() > 60 && text.starts_with("v=DKIM1") => {
            format!("\"{head}p=…\", key {}", fingerprint(key))
        }
        _ => format!("\"{text}\""),
    }
}

/// How the records are published, and what is known of each zone.
pub(super) fn publication(plan: &Plan) -> Vec<(String, String)> {
    let way = match &plan.publication.way {
        PublishWay::File { format, path } => format!("written to {} as {format:?}", path.display()),
        PublishWay::Print => "by hand".to_owned(),
        PublishWay::Rfc2136 { server, key_name, algorithm, key } => {
            format!("sent to {server} under the key {key_name} ({algorithm:?}) from {key}")
        }
    };
    let zones = plan.publication.zones.iter();
    let zones =
        zones.map(|(zone, signed)| (format!("zone {zone}"), if *signed { "signed" } else { "not signed" }.to_owned()));
    std::iter::once(("publish".to_owned(), way)).chain(zones).collect()
}
