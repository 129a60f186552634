//! DNS: records that other servers read, and what contradicts them.
//!
//! Standards: RFC 1034 and 1035, RFC 7208 (SPF), RFC 7489 and 9989 (DMARC), RFC 7505 (null MX), RFC 8659 (CAA).

use crate::compiler::rules::Rule;

/// The rules of this topic. A new rule is one file and one line here.
pub const RULES: &[&Rule] = &[];
