//! The one spelling of a plan: canonical JSON (RFC 8785), so that equal plans are equal bytes and a
//! digest over the bytes names the plan.
//!
//! Decoding takes any spelling of JSON but no unknown field and no other format version.

use serde::Deserialize;
use serde_json::Value;

use super::canonical;
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
    canonical::to_vec(plan).expect("invariant: a plan's keys and paths came from text, its numbers are integers")
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::plan::example;

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
