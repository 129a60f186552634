//! A systemd unit for the server, as closed as the plan allows.

use std::collections::BTreeSet;

use serde::Serialize;

use super::template::{Format, render};
use crate::ground::secret::SecretRef;
use crate::plan::Plan;
use crate::plan::document::{Password, Storage};

const TEMPLATE: &str = include_str!("unit.service.j2");

/// Ports below this one need `CAP_NET_BIND_SERVICE`.
const PRIVILEGED_PORTS_END: u16 = 1024;
/// What a stop takes besides draining: the last transaction, the last sync.
const STOP_MARGIN_SECONDS: u64 = 30;

#[derive(Serialize)]
struct Values {
    host: String,
    /// `CAP_...`, separated by blanks; empty if none is needed.
    capabilities: String,
    /// Whether the server tells the kernel's packet filter who guesses passwords.
    netlink: bool,
    credentials: Vec<String>,
    /// The mail's folder, if it is not in the state folder.
    storage: Option<String>,
    stop_seconds: u64,
}

/// The text of `mailctl.service`. The configuration is at the default place, `/etc/mailctl/mailserver.yaml`.
pub fn unit(plan: &Plan) -> String {
    let Storage::Embedded { path } = &plan.storage;
    let feeds = plan.packet_filter.abuse_set;
    let privileged = plan.listeners.values().any(|listener| listener.port < PRIVILEGED_PORTS_END);
    let wanted = [(privileged, "CAP_NET_BIND_SERVICE"), (feeds, "CAP_NET_ADMIN")];
    let capabilities: Vec<&str> = wanted.into_iter().filter(|(needed, _)| *needed).map(|(_, name)| name).collect();
    let values = Values {
        host: plan.host.name.to_string(),
        capabilities: capabilities.join(" "),
        netlink: feeds,
        credentials: references(plan)
            .into_iter()
            .filter_map(|reference| match reference {
                SecretRef::Credential(name) => Some(name.clone()),
                SecretRef::Env(_) | SecretRef::File(_) => None,
            })
            .collect(),
        storage: path.as_ref().map(|path| path.display().to_string()),
        stop_seconds: plan.limits.drain_seconds.saturating_add(STOP_MARGIN_SECONDS),
    };
    render(TEMPLATE, Format::Unit, &values)
}

/// Every secret that the plan refers to, each once.
pub(super) fn references(plan: &Plan) -> BTreeSet<&SecretRef> {
    let relay = plan.outbound.relays.values().filter_map(|relay| relay.credentials.as_ref());
    let accounts = plan.accounts.values().filter_map(|account| match &account.password {
        Some(Password::Secret(reference)) => Some(reference),
        Some(Password::Hash(_)) | None => None,
    });
    relay.map(|credentials| &credentials.password).chain(accounts).collect()
}
