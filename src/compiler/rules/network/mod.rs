//! NET: the addresses of the host.
//!
//! Standards: RFC 6890 and the registries behind it, RFC 1918, RFC 4193, RFC 6598. An address in `host.addresses` is published in DNS, so it
//! must be one that others reach. Local addresses of listeners are free.

pub mod address_not_public;

use crate::compiler::rules::Rule;

/// The rules of this topic. A new rule is one file and one line here.
pub const RULES: &[&Rule] = &[&address_not_public::RULE];
