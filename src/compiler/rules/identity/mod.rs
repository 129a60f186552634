//! ID: names of the host and of the domains.
//!
//! Standards: RFC 5321 §2.3.5, RFC 1035 §2.3, RFC 5890 (international names), RFC 2606 and RFC 6761 (reserved names).
//! Decided from the file alone, except whether the host's name leads to the host: that is said when DNS is asked.

pub mod host_name_is_loopback;
pub mod host_name_is_mail_domain;
pub mod host_name_not_qualified;
pub mod host_name_resolves_elsewhere;
pub mod malformed_domain_name;
pub mod no_domain_or_listed_twice;
pub mod reserved_name;

use crate::compiler::rules::Rule;

/// The rules of this topic. A new rule is one file and one line here.
pub const RULES: &[&Rule] = &[
    &host_name_not_qualified::RULE,
    &host_name_is_mail_domain::RULE,
    &reserved_name::RULE,
    &malformed_domain_name::RULE,
    &host_name_resolves_elsewhere::RULE,
    &host_name_is_loopback::RULE,
    &no_domain_or_listed_twice::RULE,
];
