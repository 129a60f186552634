//! ACC: accounts, aliases and who receives what.
//!
//! Standards: RFC 5321 §3.9 (aliases), §4.5.1 (postmaster), RFC 2142 (abuse), RFC 5233 (subaddresses). Addresses are compared
//! in canonical form, without case. The graph itself is walked in `compiler::config::alias_graph`; these rules put its
//! problems into words.

pub mod address_given_twice;
pub mod alias_loop;
pub mod alias_shadows_account;
pub mod alias_with_too_many_members;
pub mod domain_not_served;
pub mod malformed_address;
pub mod postmaster_must_be_reachable;
pub mod target_does_not_exist;

use crate::compiler::rules::Rule;

/// The rules of this topic. A new rule is one file and one line here.
pub const RULES: &[&Rule] = &[
    &alias_shadows_account::RULE,
    &alias_loop::RULE,
    &target_does_not_exist::RULE,
    &postmaster_must_be_reachable::RULE,
    &domain_not_served::RULE,
    &address_given_twice::RULE,
    &alias_with_too_many_members::RULE,
    &malformed_address::RULE,
];
