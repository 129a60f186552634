//! NET: the addresses of the host, and what stands between it and its clients.
//!
//! Standards: RFC 6890 and the registries behind it, RFC 1918, RFC 4193, RFC 6598; the PROXY protocol of HAProxy. An
//! address in `host.addresses` is published in DNS, so it must be one that others reach. Nothing may be trusted by its
//! address where strangers can seem to come from there: open relays begin so.

pub mod address_not_public;
pub mod container_without_ipv6;
pub mod node_hides_clients;
pub mod probe_without_proxy_header;
pub mod proxied_listener_in_the_open;
pub mod proxy_header_from_anybody;
pub mod proxy_named_and_not_used;
pub mod proxy_trust_too_wide;
pub mod rootless_driver_hides_clients;
pub mod runtime_key_without_effect;
pub mod subnet_for_documentation;
pub mod tls_ends_before_the_server;
pub mod trusted_network_holds_proxy;
pub mod userland_proxy_hides_clients;

use crate::compiler::rules::Rule;

/// The rules of this topic. A new rule is one file and one line here.
pub const RULES: &[&Rule] = &[
    &proxy_header_from_anybody::RULE,
    &proxy_trust_too_wide::RULE,
    &proxied_listener_in_the_open::RULE,
    &probe_without_proxy_header::RULE,
    &trusted_network_holds_proxy::RULE,
    &userland_proxy_hides_clients::RULE,
    &container_without_ipv6::RULE,
    &subnet_for_documentation::RULE,
    &address_not_public::RULE,
    &rootless_driver_hides_clients::RULE,
    &node_hides_clients::RULE,
    &tls_ends_before_the_server::RULE,
    &runtime_key_without_effect::RULE,
    &proxy_named_and_not_used::RULE,
];
