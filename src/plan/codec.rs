//! The one spelling of a plan: canonical JSON (RFC 8785), so that equal plans are equal bytes and a
//! digest over the bytes names the plan.
//!
//! Decoding takes any spelling of JSON but no unknown field and no other format version.

use serde::Deserialize;
use serde_json::Value;

use super::document::{FORMAT, Plan};

/// RFC 8785 §3.2.2.3: numbers are IEEE 754 doubles, so an integer beyond 2^53 - 1 has no spelling of its own.
const INTEGER_MAX: u64 = (1 << 53) - 1;

/// Why bytes are no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error(
        "this plan has format {found}, this program understands format {FORMAT}; make the plan again with the \
         mailctl that shall execute it"
    )]
    Format { found: u64 },
    #[error("this is no plan: {0}")]
    Invalid(serde_json::Error),
    #[error("this is no plan: the number {0} is larger than 2^53 - 1, which JSON cannot hold exactly (RFC 8785)")]
    Number(u64),
    #[error("this is no plan: it has no `format`; `mailctl plan --out FILE` writes one")]
    Unversioned,
}

/// The canonical bytes: members sorted by UTF-16 code units, no white space, minimal escapes. No line
/// end follows.
pub fn encode(plan: &Plan) -> Vec<u8> {
    let value = serde_json::to_value(plan).expect("invariant: a plan's keys and paths came from text");
    let mut bytes = Vec::with_capacity(16 * 1024);
    write(&value, &mut bytes);
    bytes
}

/// Reads a plan. The version is looked at first, so that a plan of another one is called that.
///
/// # Errors
/// [`PlanError`], which says what to do about it.
pub fn decode(bytes: &[u8]) -> Result<Plan, PlanError> {
    #[derive(Deserialize)]
    struct Version {
        format: Option<u64>,
    }
    let version: Version = serde_json::from_slice(bytes).map_err(PlanError::Invalid)?;
    match version.format {
        None => return Err(PlanError::Unversioned),
        Some(found) if found != u64::from(FORMAT) => return Err(PlanError::Format { found }),
        Some(_) => {}
    }
    let plan: Plan = serde_json::from_slice(bytes).map_err(PlanError::Invalid)?;
    match integers(&plan).into_iter().find(|number| *number > INTEGER_MAX) {
        Some(number) => Err(PlanError::Number(number)),
        None => Ok(plan),
    }
}

/// The JSON Schema (2020-12) of a plan, as `schema/plan.schema.json` holds it.
pub fn schema() -> Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_deserialize();
    let mut schema = settings.into_generator().into_root_schema_for::<Plan>().to_value();
    if let Some(root) = schema.as_object_mut() {
        root.insert("title".to_owned(), "mailctl plan".into());
    }
    schema
}

/// Every integer wide enough to be too large.
fn integers(plan: &Plan) -> Vec<u64> {
    let limits = &plan.limits;
    let mut found = vec![
        plan.outbound.lifetime_seconds,
        limits.message_octets_max,
        limits.command_timeout_seconds,
        limits.session_timeout_seconds,
        limits.drain_seconds,
    ];
    found.extend(&plan.outbound.retry_after_seconds);
    found.extend(plan.outbound.delay_notice_seconds);
    found.extend(plan.accounts.values().filter_map(|account| account.quota_octets));
    found.extend(limits.login_failures.as_ref().map(|failures| failures.window_seconds));
    found.extend([plan.retention.junk_seconds, plan.retention.trash_seconds].into_iter().flatten());
    found
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        // The document has integers only, and their shortest spelling is the canonical one.
        Value::Number(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Value::String(text) => write_string(text, out),
        Value::Array(values) => {
            out.push(b'[');
            for (n, value) in values.iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                write(value, out);
            }
            out.push(b']');
        }
        Value::Object(members) => {
            // RFC 8785 §3.2.3: by UTF-16 code units, which is not the order of UTF-8 beyond U+FFFF.
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push(b'{');
            for (n, (name, value)) in members.into_iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                write_string(name, out);
                out.push(b':');
                write(value, out);
            }
            out.push(b'}');
        }
    }
}

/// RFC 8785 §3.2.2.2: only quotes, backslashes and control characters are escaped, these the short way
/// where there is one, else as lower-case `\u00xx`.
fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for c in text.chars() {
        match c {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\u{8}' => out.extend_from_slice(b"\\b"),
            '\t' => out.extend_from_slice(b"\\t"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\u{c}' => out.extend_from_slice(b"\\f"),
            '\r' => out.extend_from_slice(b"\\r"),
            c if c < ' ' => out.extend_from_slice(format!("\\u{:04x}", u32::from(c)).as_bytes()),
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::plan::example;

    fn canonical(value: &Value) -> String {
        let mut out = Vec::new();
        write(value, &mut out);
        String::from_utf8(out).unwrap()
    }

    /// RFC 8785 §3.2.3.
    #[test]
    fn rfc8785_3_2_3_example() {
        let value = json!({
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
            "1": "One", "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control", "\u{f6}": "Latin Small Letter O With Diaeresis",
        });
        let expected = "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\
            \"\u{f6}\":\"Latin Small Letter O With Diaeresis\",\"\u{20ac}\":\"Euro Sign\",\
            \"\u{1f600}\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}";
        assert_eq!(canonical(&value), expected);
    }

    #[test]
    fn rfc8785_3_2_2_2_escapes() {
        assert_eq!(
            canonical(&json!(["\u{20ac}$\u{f}\nA'B\"\\\\\"/\u{7f}", true, null, 0, 7])),
            "[\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\u{7f}\",true,null,0,7]"
        );
    }

    #[test]
    fn a_plan_survives_its_encoding() {
        let plan = example::full();
        assert_eq!(decode(&encode(&plan)).unwrap(), plan);
        assert_eq!(encode(&decode(&encode(&plan)).unwrap()), encode(&plan));
    }

    #[test]
    fn what_is_no_plan_is_refused_for_its_reason() {
        let with = |edit: fn(&mut Value)| {
            let mut value = serde_json::to_value(example::full()).unwrap();
            edit(&mut value);
            decode(&serde_json::to_vec(&value).unwrap()).unwrap_err()
        };
        assert!(matches!(with(|v| v["format"] = json!(2)), PlanError::Format { found: 2 }));
        assert!(matches!(with(|v| *v = json!({})), PlanError::Unversioned));
        assert!(matches!(with(|v| *v = json!([1])), PlanError::Invalid(_)));
        assert!(matches!(with(|v| v["limits"]["recipients_max"] = json!(1.5)), PlanError::Invalid(_)));
        assert!(matches!(
            with(|v| v["limits"]["message_octets_max"] = json!(1_u64 << 53)),
            PlanError::Number(9_007_199_254_740_992)
        ));
        let error = with(|v| v["surprise"] = json!(true)).to_string();
        assert!(error.contains("unknown field `surprise`"), "{error}");
        assert!(matches!(decode(b"{"), Err(PlanError::Invalid(_))));
    }

    proptest! {
        #[test]
        fn canonical_json_is_json_and_a_fixed_point(text in any::<String>(), number in any::<u32>(), keys in proptest::collection::vec(any::<String>(), 0..6)) {
            let mut value = json!({ "text": text, "number": number });
            for key in keys {
                value["members"][&key] = json!(key);
            }
            let once = canonical(&value);
            let again: Value = serde_json::from_str(&once).unwrap();
            prop_assert_eq!(&again, &value);
            prop_assert_eq!(canonical(&again), once);
        }

        #[test]
        fn decode_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
        }

        #[test]
        fn any_member_lost_or_retyped_never_panics(at in any::<prop::sample::Index>(), with in any::<u8>()) {
            let mut bytes = encode(&example::full());
            let at = at.index(bytes.len());
            bytes[at] = with;
            if let Ok(plan) = decode(&bytes) {
                prop_assert_eq!(decode(&encode(&plan)).unwrap(), plan);
            }
        }
    }
}
