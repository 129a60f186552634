//! DANE: TLSA records for our own MX host.
//!
//! Standards: RFC 6698, RFC 7671 (operation), RFC 7672 (SMTP).
//!
//! A record is wrong when no key that is served matches it, or when its zone is not signed; both make mail wait.

use crate::compiler::rules::Rule;

/// The rules of this topic. A new rule is one file and one line here.
pub const RULES: &[&Rule] = &[];
