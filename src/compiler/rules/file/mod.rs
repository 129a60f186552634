//! YAML and OPS: the file itself, its syntax, keys and values.
//!
//! Standards: YAML 1.2.2 with its core schema, JSON Schema 2020-12. Most of these are raised by the reader while it parses
//! (`compiler::config::{tree, include, check, format}`); their explanations live here so that the catalogue is whole.

pub mod allowance_unused;
pub mod include_in_included_file;
pub mod include_matches_nothing;
pub mod included_file_unusable;
pub mod language_version;
pub mod missing_key;
pub mod not_in_this_version;
pub mod restart_needed;
pub mod section_in_included_file;
pub mod unknown_key;
pub mod unreadable_quantity;
pub mod wrong_type_or_value;
pub mod yaml_beyond_bounds;
pub mod yaml_syntax;

use crate::compiler::rules::Rule;

/// The rules of this topic. A new rule is one file and one line here.
pub const RULES: &[&Rule] = &[
    &unknown_key::RULE,
    &wrong_type_or_value::RULE,
    &language_version::RULE,
    &allowance_unused::RULE,
    &unreadable_quantity::RULE,
    &restart_needed::RULE,
    &missing_key::RULE,
    &not_in_this_version::RULE,
    &include_matches_nothing::RULE,
    &included_file_unusable::RULE,
    &section_in_included_file::RULE,
    &include_in_included_file::RULE,
    &yaml_syntax::RULE,
    &yaml_beyond_bounds::RULE,
];
