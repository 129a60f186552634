//! DANE: TLSA records for our own MX host.
//!
//! Standards: RFC 6698, RFC 7671 (operation), RFC 7672 (SMTP).
//!
//! A record is wrong when no key that is served matches it, or when its zone is not signed; both make mail wait.

pub mod domain_without_dnssec;
pub mod key_before_its_tlsa;
pub mod renewal_may_change_the_key;
pub mod tlsa_for_other_names;
pub mod tlsa_form_breaks_at_renewal;
pub mod tlsa_form_unreadable;
pub mod tlsa_in_unsigned_zone;
pub mod tlsa_matches_no_key;
pub mod tlsa_misses_a_key;
pub mod tlsa_of_an_unknown_key;
pub mod tlsa_remembered_long;
pub mod tlsa_usage_of_the_web;

use crate::compiler::rules::Rule;

/// The rules of this topic. A new rule is one file and one line here.
pub const RULES: &[&Rule] = &[
    &tlsa_in_unsigned_zone::RULE,
    &domain_without_dnssec::RULE,
    &tlsa_usage_of_the_web::RULE,
    &tlsa_form_breaks_at_renewal::RULE,
    &tlsa_matches_no_key::RULE,
    &key_before_its_tlsa::RULE,
    &renewal_may_change_the_key::RULE,
    &tlsa_misses_a_key::RULE,
    &tlsa_remembered_long::RULE,
    &tlsa_for_other_names::RULE,
    &tlsa_form_unreadable::RULE,
    &tlsa_of_an_unknown_key::RULE,
];
