//! RLY: smart hosts, routes, direct delivery, and for whom this server relays.
//!
//! Standards: RFC 8314 §3.3 (465), RFC 6409 (587), RFC 5321 §5 (MX), RFC 2505 §2.1 (no relaying for strangers).
//! Credentials and mail never go to a relay in clear; its certificate is verified always, and there is no key to switch
//! that off. Every route leads somewhere and is used by some mail.

pub mod backup_for_itself;
pub mod backup_role_without_domains;
pub mod backup_takes_everybody;
pub mod fallback_is_the_same_way;
pub mod mx_port_outside_lab;
pub mod no_address_family_left;
pub mod override_reason_without_need;
pub mod port_25_blocked_by_provider;
pub mod relay_465_without_implicit_tls;
pub mod relay_credentials_half_given;
pub mod relay_for_a_whole_network;
pub mod relay_is_this_host;
pub mod relay_may_be_clear;
pub mod relay_mechanism_unknown;
pub mod relay_name_taken;
pub mod relay_not_in_spf;
pub mod relay_starttls_port_with_implicit_tls;
pub mod relaying_without_smtp;
pub mod relays_for_strangers;
pub mod retry_schedule_unusual;
pub mod route_never_used;
pub mod route_to_nowhere;
pub mod source_address_not_announced;

use crate::compiler::rules::Rule;

/// The rules of this topic. A new rule is one file and one line here.
pub const RULES: &[&Rule] = &[
    &relay_465_without_implicit_tls::RULE,
    &relay_starttls_port_with_implicit_tls::RULE,
    &relay_may_be_clear::RULE,
    &relay_mechanism_unknown::RULE,
    &route_to_nowhere::RULE,
    &relay_is_this_host::RULE,
    &relay_credentials_half_given::RULE,
    &route_never_used::RULE,
    &relay_not_in_spf::RULE,
    &port_25_blocked_by_provider::RULE,
    &relay_for_a_whole_network::RULE,
    &backup_for_itself::RULE,
    &backup_takes_everybody::RULE,
    &retry_schedule_unusual::RULE,
    &no_address_family_left::RULE,
    &mx_port_outside_lab::RULE,
    &override_reason_without_need::RULE,
    &relay_name_taken::RULE,
    &fallback_is_the_same_way::RULE,
    &backup_role_without_domains::RULE,
    &source_address_not_announced::RULE,
    &relaying_without_smtp::RULE,
    &relays_for_strangers::RULE,
];
