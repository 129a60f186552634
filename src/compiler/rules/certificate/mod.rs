//! CERT: certificates and their keys.
//!
//! Standards: RFC 5280 (validity), RFC 9525 (names), RFC 7468 (PEM). Most need the files themselves and look at
//! `compiler::config::material`. Chains are not built and revocation is not asked for: that needs the network.

pub mod certificate_file_unusable;
pub mod certificate_for_other_names;
pub mod certificate_not_valid_now;
pub mod certificate_without_its_key;
pub mod self_signed_in_production;
