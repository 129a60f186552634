//! STS: our own MTA-STS policy and TLS reports.
//!
//! Standards: RFC 8461 (MTA-STS), RFC 8460 (TLS-RPT).
//!
//! The policy's text and id follow from the plan; what can be wrong is what it promises.

use crate::compiler::rules::Rule;

/// The rules of this topic. A new rule is one file and one line here.
pub const RULES: &[&Rule] = &[];
