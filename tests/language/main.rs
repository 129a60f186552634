//! The language as a whole: what compiles, what does not, and in which words.
//!
//! `MAILCTL_BLESS=1` rewrites every golden file of these tests; read the difference like code.

mod cases;
mod documents;
mod examples;
mod fixtures;
mod forms;
mod generator;
mod golden;
mod include;
mod invariants;
mod live;
mod mutation;
#[path = "../drive/numbers.rs"]
mod numbers;
mod plan;
mod records;
mod rules;
mod schema;
mod sources;
mod spf;
mod subset;
#[path = "../drive/yaml.rs"]
mod yaml;
mod zone;
