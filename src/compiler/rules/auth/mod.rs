//! AUTH: logging in, where and with what.
//!
//! Standards: RFC 4954, RFC 6409, RFC 8314. Users never log in without TLS and never on port 25, and a listener for
//! users never works without a login. SASL mechanisms (RFC 4422) may be fewer than the server speaks, never others.

pub mod exemption_for_everybody;
pub mod login_failures_unbounded;
pub mod login_in_clear;
pub mod login_mechanism_missing;
pub mod login_on_port_25;
pub mod obsolete_mechanism;
pub mod scram_only_with_hashes;
pub mod unknown_mechanism;
pub mod users_without_login;
pub mod weak_password_hash;

use crate::compiler::rules::Rule;

/// The rules of this topic. A new rule is one file and one line here.
pub const RULES: &[&Rule] = &[
    &login_in_clear::RULE,
    &login_on_port_25::RULE,
    &users_without_login::RULE,
    &obsolete_mechanism::RULE,
    &scram_only_with_hashes::RULE,
    &login_mechanism_missing::RULE,
    &weak_password_hash::RULE,
    &login_failures_unbounded::RULE,
    &exemption_for_everybody::RULE,
    &unknown_mechanism::RULE,
];
