//! STS: our own MTA-STS policy and TLS reports.
//!
//! Standards: RFC 8461 (MTA-STS), RFC 8460 (TLS-RPT).

use crate::compiler::rules::Rule;

/// The rules of this topic. A new rule is one file and one line here.
pub const RULES: &[&Rule] = &[];
