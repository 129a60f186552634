//! DANE: TLSA records for our own MX host.
//!
//! Standards: RFC 6698, RFC 7671 (operation), RFC 7672 (SMTP).

use crate::compiler::rules::Rule;

/// The rules of this topic. A new rule is one file and one line here.
pub const RULES: &[&Rule] = &[];
