//! RLY: smart hosts and direct delivery.
//!
//! Standards: RFC 8314 §3.3 (465), RFC 6409 (587), RFC 5321 §5 (MX). Credentials and mail never go to a relay in clear; the certificate is
//! verified always, and there is no key to switch that off.

pub mod mx_port_outside_lab;
pub mod relay_465_without_implicit_tls;
pub mod relay_credentials_half_given;
pub mod relay_is_this_host;
pub mod relay_may_be_clear;
pub mod relay_starttls_port_with_implicit_tls;
pub mod retry_schedule_unusual;

use crate::compiler::rules::Rule;

/// The rules of this topic. A new rule is one file and one line here.
pub const RULES: &[&Rule] = &[
    &relay_465_without_implicit_tls::RULE,
    &relay_starttls_port_with_implicit_tls::RULE,
    &relay_may_be_clear::RULE,
    &relay_is_this_host::RULE,
    &relay_credentials_half_given::RULE,
    &retry_schedule_unusual::RULE,
    &mx_port_outside_lab::RULE,
];
