//! ACC: accounts, aliases and who receives what.
//!
//! Standards: RFC 5321 §3.9 (aliases), §4.5.1 (postmaster), RFC 2142 (abuse), RFC 5233 (subaddresses). Addresses are compared
//! in canonical form, without case. The graph itself is walked in `compiler::config::alias_graph`; these rules put its
//! problems into words.

pub mod account_would_be_destroyed;
pub mod address_given_twice;
pub mod alias_domain_with_own_addresses;
pub mod alias_loop;
pub mod alias_shadows_account;
pub mod alias_with_too_many_members;
pub mod asterisk_out_of_place;
pub mod catch_all;
pub mod domain_not_served;
pub mod domain_with_two_directories;
pub mod keep_copy_without_forward;
pub mod malformed_address;
pub mod pattern_takes_subaddresses;
pub mod postmaster_must_be_reachable;
pub mod separator_in_account;
pub mod target_does_not_exist;
pub mod too_many_app_passwords;

use crate::compiler::rules::Rule;

/// The rules of this topic. A new rule is one file and one line here.
pub const RULES: &[&Rule] = &[
    &alias_shadows_account::RULE,
    &catch_all::RULE,
    &alias_loop::RULE,
    &target_does_not_exist::RULE,
    &postmaster_must_be_reachable::RULE,
    &domain_not_served::RULE,
    &address_given_twice::RULE,
    &separator_in_account::RULE,
    &alias_with_too_many_members::RULE,
    &account_would_be_destroyed::RULE,
    &domain_with_two_directories::RULE,
    &malformed_address::RULE,
    &alias_domain_with_own_addresses::RULE,
    &asterisk_out_of_place::RULE,
    &pattern_takes_subaddresses::RULE,
    &too_many_app_passwords::RULE,
    &keep_copy_without_forward::RULE,
];
