//! TLS: versions, suites and the presence of a certificate; TLS to other servers.
//!
//! Standards: RFC 8996 and RFC 8997 (old versions withdrawn), RFC 9325 (recommendations), RFC 7435 (opportunistic
//! security), RFC 7672 (DANE) before RFC 8461 (MTA-STS). What weakens the general rule has a reason in the file.

pub mod broken_cipher_suite;
pub mod dane_on_hearsay;
pub mod outbound_never_encrypted;
pub mod outbound_verified_for_everybody;
pub mod own_dh_parameters;
pub mod profile_against_version;
pub mod session_tickets_on;
pub mod sts_over_dane;
pub mod tls_1_3_only_for_servers;
pub mod tls_version_withdrawn;
pub mod tls_without_certificate;
pub mod weaker_policy_without_reason;

use crate::compiler::rules::Rule;

/// The rules of this topic. A new rule is one file and one line here.
pub const RULES: &[&Rule] = &[
    &tls_without_certificate::RULE,
    &tls_version_withdrawn::RULE,
    &tls_1_3_only_for_servers::RULE,
    &broken_cipher_suite::RULE,
    &own_dh_parameters::RULE,
    &outbound_never_encrypted::RULE,
    &outbound_verified_for_everybody::RULE,
    &sts_over_dane::RULE,
    &dane_on_hearsay::RULE,
    &session_tickets_on::RULE,
    &weaker_policy_without_reason::RULE,
    &profile_against_version::RULE,
];
