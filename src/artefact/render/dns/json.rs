//! The form for programs.

use serde_json::{Value, json};

use super::Request;
use crate::plan::document::{DnsData, DnsRecord};

/// Version of the JSON form. It changes when a field goes or changes its meaning.
pub const FORMAT: u32 = 1;

/// `{"version", "records": [{zone, name, ttl_seconds, type, ...}], "requests": [{address, name, target}]}`. TXT has
/// `text` (whole) and `strings` (split at 255 octets); a key that is not made yet has `pending: true` and no text.
/// Requests are reverse names that the provider of the addresses must set.
pub fn json(records: &[DnsRecord], requests: &[Request]) -> Value {
    let records: Vec<Value> = records.iter().map(record).collect();
    json!({ "version": FORMAT, "records": records, "requests": requests })
}

fn record(record: &DnsRecord) -> Value {
    let mut value = json!({
        "zone": record.zone,
        "name": record.name,
        "ttl_seconds": record.ttl_seconds,
        "type": record.data.kind(),
    });
    match &record.data {
        DnsData::A(address) => value["address"] = json!(address),
        DnsData::Aaaa(address) => value["address"] = json!(address),
        DnsData::Caa { flags, tag, value: text } => {
            value["flags"] = json!(flags);
            value["tag"] = json!(tag);
            value["value"] = json!(text);
        }
        DnsData::Cname(target) => value["target"] = json!(target),
        DnsData::DkimGenerated { selector, .. } => {
            value["pending"] = json!(true);
            value["selector"] = json!(selector);
        }
        DnsData::Mx { preference, exchange } => {
            value["preference"] = json!(preference);
            value["exchange"] = json!(exchange);
        }
        DnsData::Srv { priority, weight, port, target } => {
            value["priority"] = json!(priority);
            value["weight"] = json!(weight);
            value["port"] = json!(port);
            value["target"] = json!(target);
        }
        DnsData::Tlsa { usage, selector, matching, association } => {
            value["usage"] = json!(usage);
            value["selector"] = json!(selector);
            value["matching_type"] = json!(matching);
            value["association"] = json!(association);
        }
        DnsData::TlsaGenerated { certificate } => {
            value["pending"] = json!(true);
            value["certificate"] = json!(certificate);
        }
        DnsData::Txt(text) => {
            value["text"] = json!(text);
            value["strings"] = json!(super::presentation::strings(text));
        }
    }
    value
}
