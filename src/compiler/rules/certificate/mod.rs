//! CERT: certificates and their keys.
//!
//! Standards: RFC 5280 (validity), RFC 9525 (names), RFC 7468 (PEM). Most need the files themselves and look at
//! `compiler::config::material`. Chains are not built and revocation is not asked for: that needs the network.

pub mod acme_beside_self_signed;
pub mod acme_name_malformed;
pub mod certificate_file_unusable;
pub mod certificate_for_other_names;
pub mod certificate_not_valid_now;
pub mod certificate_without_its_key;
pub mod chain_incomplete;
pub mod challenge_cannot_reach_us;
pub mod contact_depends_on_this_server;
pub mod dns_challenge_without_updates;
pub mod self_signed_in_production;
pub mod too_many_names;
pub mod wildcard_without_dns_challenge;

use crate::compiler::rules::Rule;

/// The rules of this topic. A new rule is one file and one line here.
pub const RULES: &[&Rule] = &[
    &certificate_without_its_key::RULE,
    &certificate_not_valid_now::RULE,
    &chain_incomplete::RULE,
    &certificate_for_other_names::RULE,
    &self_signed_in_production::RULE,
    &challenge_cannot_reach_us::RULE,
    &wildcard_without_dns_challenge::RULE,
    &too_many_names::RULE,
    &contact_depends_on_this_server::RULE,
    &certificate_file_unusable::RULE,
    &acme_name_malformed::RULE,
    &acme_beside_self_signed::RULE,
    &dns_challenge_without_updates::RULE,
];
