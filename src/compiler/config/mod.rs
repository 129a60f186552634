//! The language: text to a typed, spanned [`Config`](section::Config).
//!
//! `text` (bytes to UTF-8) → `tree` (YAML 1.2.2 to [`node::Node`]; most of it by
//! the faster `subset`) → `include` (accounts and aliases of further files
//! merged into it) → `check` (JSON Schema over the tree, every mistake located) → `spanned` (the tree decoded into
//! [`section`]'s types, places kept) → `meaning` (defaults applied, names resolved; `ways` mail to others, `topology`
//! what stands in front).
//!
//! Invariants: reading never panics and is bounded (`limits::YAML_*`); the verdict of `check` is that of any
//! JSON Schema 2020-12 validator with our formats; a default exists in one place and has a reason there.
//!
//! It does not judge what is well-formed but unwise; that is `compiler::rules`.

/// The version of the language that this compiler reads and writes.
pub const VERSION: u32 = 1;

pub mod acme_names;
pub mod alias_domains;
pub mod alias_graph;
pub mod canonical;
pub mod check;
pub mod default;
pub mod effective;
pub mod finding;
pub mod format;
pub mod glob;
pub mod include;
pub mod inputs;
pub mod material;
pub mod meaning;
pub mod node;
pub mod path;
pub mod publish;
pub mod quantity;
pub mod records;
pub mod scalar;
pub mod schema;
pub mod secrets;
pub mod section;
pub mod shape;
pub mod spanned;
pub mod subset;
pub mod text;
pub mod topology;
pub mod tree;
pub mod ways;
