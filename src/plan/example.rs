//! A plan for tests that has something of everything.

use super::document::Plan;

/// The plan of `tests/golden/plan/full.json`, which the tests of the artefacts render too.
pub fn full() -> Plan {
    serde_json::from_str(include_str!("../../tests/golden/plan/full.json")).expect("invariant: the example is a plan")
}
