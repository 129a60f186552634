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
