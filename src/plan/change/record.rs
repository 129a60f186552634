//! The records of a plan as lines: whoever publishes replaces sets, not single records.

use std::collections::BTreeMap;

use super::text::fingerprint;
use crate::plan::document::{DkimAlgorithm, DnsData, Plan};

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
    match data {
        DnsData::A(address) => address.to_string(),
        DnsData::Aaaa(address) => address.to_string(),
        DnsData::Caa { flags, tag, value } => format!("{flags} {tag} \"{value}\""),
        DnsData::Cname(target) => target.clone(),
        DnsData::DkimGenerated { algorithm: DkimAlgorithm::Ed25519Sha256, .. } => {
            "DKIM ed25519 key made at activation".to_owned()
        }
        DnsData::DkimGenerated { algorithm: DkimAlgorithm::RsaSha256, .. } => {
            "DKIM RSA key made at activation".to_owned()
        }
        DnsData::Mx { preference, exchange } => format!("{preference} {exchange}"),
        DnsData::Srv { priority, weight, port, target } => format!("{priority} {weight} {port} {target}"),
        DnsData::Tlsa { usage, selector, matching, association } => {
            // A whole certificate (matching type 0) is too long to read.
            const SHOWN_MAX: usize = 128;
            let long = association.len() > SHOWN_MAX;
            let association =
                if long { format!("…, digest {}", fingerprint(association)) } else { association.clone() };
            format!("{usage} {selector} {matching} {association}")
        }
        DnsData::Txt(text) => shown_text(text),
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
