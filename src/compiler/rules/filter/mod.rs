//! FILT: what happens to a message on its way.
//!
//! Standards: RFC 7208 for what forwarding does to SPF. This version has no filters of its own yet; what is checked is that no
//! mail is promised a way that it cannot go.

pub mod forwarding_to_another_server;

use crate::compiler::rules::Rule;

/// The rules of this topic. A new rule is one file and one line here.
pub const RULES: &[&Rule] = &[&forwarding_to_another_server::RULE];
