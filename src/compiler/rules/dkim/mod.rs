//! DKIM: signing keys and their selectors.
//!
//! Standards: RFC 6376, RFC 8301, RFC 8463. Keys in files are read for their public halves; keys that the server makes
//! do not exist yet when a configuration is judged. Published keys are compared elsewhere, because that needs DNS.

pub mod dkim_key_unusable;
pub mod selector_not_a_label;

use crate::compiler::rules::Rule;

/// The rules of this topic. A new rule is one file and one line here.
pub const RULES: &[&Rule] = &[&selector_not_a_label::RULE, &dkim_key_unusable::RULE];
