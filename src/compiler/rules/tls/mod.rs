//! TLS: versions, and the presence of a certificate.
//!
//! Standards: RFC 8996 and RFC 8997 (old versions withdrawn), RFC 9325 (recommendations), RFC 7435 (opportunistic security). Cipher suites
//! are those of the TLS library and cannot be chosen.

pub mod tls_1_3_only_for_servers;
pub mod tls_version_withdrawn;
pub mod tls_without_certificate;

use crate::compiler::rules::Rule;

/// The rules of this topic. A new rule is one file and one line here.
pub const RULES: &[&Rule] =
    &[&tls_without_certificate::RULE, &tls_version_withdrawn::RULE, &tls_1_3_only_for_servers::RULE];
