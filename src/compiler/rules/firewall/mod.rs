//! FW: the packet filter and what listens behind it.
//!
//! The ruleset follows from the plan, so that an open port without a listener, or a listener behind a closed port,
//! can only come from what the file says besides.

use crate::compiler::rules::Rule;

/// The rules of this topic. A new rule is one file and one line here.
pub const RULES: &[&Rule] = &[];
