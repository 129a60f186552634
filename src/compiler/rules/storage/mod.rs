//! STO: mailboxes and their bounds.
//!
//! Standards: RFC 1870 (SIZE), RFC 9208 (QUOTA). Decided from the file alone; whether the disk is large enough is not known when a
//! configuration is compiled.

pub mod quota_below_message_size;

use crate::compiler::rules::Rule;

/// The rules of this topic. A new rule is one file and one line here.
pub const RULES: &[&Rule] = &[&quota_below_message_size::RULE];
