//! FW: the packet filter and what listens behind it.
//!
//! The ruleset follows from the plan, so that an open port without a listener, or a listener behind a closed port,
//! can only come from what the file says besides: `closed`, `open`, `admin`, `outgoing`, and a container runtime that
//! passes the rules by.

pub mod backend_cannot_do_it;
pub mod closed_names_no_listener;
pub mod docker_passes_the_firewall_by;
pub mod figures_in_public;
pub mod inbound_listener_closed;
pub mod ipv6_unfiltered;
pub mod kernel_bound_below_ours;
pub mod operators_shut_out;
pub mod port_open_for_nothing;
pub mod way_out_blocked;

use crate::compiler::rules::Rule;

/// The rules of this topic. A new rule is one file and one line here.
pub const RULES: &[&Rule] = &[
    &inbound_listener_closed::RULE,
    &port_open_for_nothing::RULE,
    &figures_in_public::RULE,
    &docker_passes_the_firewall_by::RULE,
    &ipv6_unfiltered::RULE,
    &way_out_blocked::RULE,
    &kernel_bound_below_ours::RULE,
    &closed_names_no_listener::RULE,
    &backend_cannot_do_it::RULE,
    &operators_shut_out::RULE,
];
