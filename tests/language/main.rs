//! The language as a whole: what compiles, what does not, and in which words.
//!
//! `MAILCTL_BLESS=1` rewrites every golden file of these tests; read the difference like code.

mod cases;
mod documents;
mod fixtures;
mod golden;
mod mutation;
mod plan;
mod rules;
mod schema;
