//! DKIM: signing keys and their selectors.
//!
//! Standards: RFC 6376, RFC 8301, RFC 8463. Keys in files are read for their public halves; keys that the server makes
//! do not exist yet when a configuration is judged. Published keys are compared elsewhere, because that needs DNS.

pub mod dkim_key_size;
pub mod dkim_key_unusable;
pub mod domain_signs_nothing;
pub mod ed25519_alone;
pub mod published_key_differs;
pub mod selector_not_a_label;
pub mod selector_with_another_key;
pub mod selector_withdrawn_too_early;

use crate::compiler::rules::Rule;

/// The rules of this topic. A new rule is one file and one line here.
pub const RULES: &[&Rule] = &[
    &domain_signs_nothing::RULE,
    &dkim_key_size::RULE,
    &ed25519_alone::RULE,
    &selector_not_a_label::RULE,
    &selector_with_another_key::RULE,
    &selector_withdrawn_too_early::RULE,
    &published_key_differs::RULE,
    &dkim_key_unusable::RULE,
];
