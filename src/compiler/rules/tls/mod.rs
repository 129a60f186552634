//! TLS: versions, and the presence of a certificate.
//!
//! Standards: RFC 8996 and RFC 8997 (old versions withdrawn), RFC 9325 (recommendations), RFC 7435 (opportunistic security). Cipher suites
//! are those of the TLS library and cannot be chosen.

pub mod tls_1_3_only_for_servers;
pub mod tls_version_withdrawn;
pub mod tls_without_certificate;
