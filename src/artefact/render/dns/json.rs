//! The form for programs.

use serde_json::{Value, json};

use super::{Data, Record};

/// Version of the JSON form. It changes when a field goes or changes its meaning.
pub const FORMAT: u32 = 1;

/// `{"version", "records": [{zone, name, ttl_seconds, type, ...}]}`. TXT has `text` (whole) and `strings`
/// (split at 255 octets); a key that is not made yet has `pending: true` and no text.
pub fn json(records: &[Record]) -> Value {
    let records: Vec<Value> = records.iter().map(record).collect();
    json!({ "version": FORMAT, "records": records })
}

fn record(record: &Record) -> Value {
    let mut value = json!({
        "zone": record.zone,
        "name": record.name,
        "ttl_seconds": record.ttl_seconds,
        "type": record.data.kind(),
    });
    match &record.data {
        Data::A(address) => value["address"] = json!(address),
        Data::Aaaa(address) => value["address"] = json!(address),
        Data::Caa { flags, tag, value: text } => {
            value["flags"] = json!(flags);
            value["tag"] = json!(tag);
            value["value"] = json!(text);
        }
        Data::Cname(target) => value["target"] = json!(target),
        Data::DkimPending { selector } => {
            value["pending"] = json!(true);
            value["selector"] = json!(selector);
        }
        Data::Mx { preference, exchange } => {
            value["preference"] = json!(preference);
            value["exchange"] = json!(exchange);
        }
        Data::Srv { priority, weight, port, target } => {
            value["priority"] = json!(priority);
            value["weight"] = json!(weight);
            value["port"] = json!(port);
            value["target"] = json!(target);
        }
        Data::Tlsa { usage, selector, matching, association } => {
            value["usage"] = json!(usage);
            value["selector"] = json!(selector);
            value["matching_type"] = json!(matching);
            value["association"] = json!(association);
        }
        Data::Txt(text) => {
            value["text"] = json!(text);
            value["strings"] = json!(super::zone::strings(text));
        }
    }
    value
}
