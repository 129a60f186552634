//! PORT: listeners, and the table of ports and TLS modes.
//!
//! Standards: RFC 3207 for mail between servers, RFC 8314 for people. The table holds by protocol, so that a listener
//! that is moved to another port keeps its TLS mode, in a lab too. Who is served where follows from `host.role`, and
//! what the Internet sees from `published`. Each rule owns one wrong combination: no listener is reported twice for one
//! mistake.

pub mod address_family_not_served;
pub mod http_under_tls;
pub mod https_not_served;
pub mod implicit_port_without_implicit_tls;
pub mod listener_outside_role;
pub mod listeners_overlap;
pub mod no_inbound_listener;
pub mod nothing_can_be_handed_in;
pub mod old_clients_only;
pub mod port_not_reachable;
pub mod port_of_another_service;
pub mod published_port_twice;
pub mod smtp_requires_tls;
pub mod smtp_with_implicit_tls;
pub mod smtp_without_starttls;
pub mod starttls_port_with_implicit_tls;
pub mod starttls_without_implicit_twin;
pub mod unknown_listener;
pub mod unusual_public_port;
pub mod user_port_without_required_tls;

use crate::compiler::rules::Rule;

/// The rules of this topic. A new rule is one file and one line here.
pub const RULES: &[&Rule] = &[
    &listeners_overlap::RULE,
    &smtp_with_implicit_tls::RULE,
    &smtp_requires_tls::RULE,
    &implicit_port_without_implicit_tls::RULE,
    &user_port_without_required_tls::RULE,
    &starttls_port_with_implicit_tls::RULE,
    &starttls_without_implicit_twin::RULE,
    &old_clients_only::RULE,
    &no_inbound_listener::RULE,
    &unusual_public_port::RULE,
    &port_of_another_service::RULE,
    &address_family_not_served::RULE,
    &https_not_served::RULE,
    &unknown_listener::RULE,
    &smtp_without_starttls::RULE,
    &published_port_twice::RULE,
    &listener_outside_role::RULE,
    &nothing_can_be_handed_in::RULE,
    &http_under_tls::RULE,
    &port_not_reachable::RULE,
];
