//! A compose file for the container image.
//!
//! Two forms. Where every listener is bound to wildcards the container gets a network of its own and
//! publishes the plan's ports. Where one is bound to an address of the machine that address exists only
//! in the machine's network, so the container uses that, and needs the right to bind low ports.

use std::net::{IpAddr, SocketAddr};

use serde::Serialize;

use super::template::{Format, render};
use super::unit::references;
use crate::ground::secret::SecretRef;
use crate::plan::Plan;
use crate::plan::document::Storage;

const TEMPLATE: &str = include_str!("compose.yaml.j2");

/// What a stop takes besides draining: the last transaction, the last sync.
const STOP_MARGIN_SECONDS: u64 = 30;

#[derive(Serialize)]
struct Values {
    host: String,
    host_network: bool,
    ports: Vec<Port>,
    environment: Vec<String>,
    credentials: Vec<Credential>,
    storage: Option<String>,
    stop: String,
}

#[derive(Serialize)]
struct Port {
    listener: String,
    text: String,
}

#[derive(Serialize)]
struct Credential {
    name: String,
    file: String,
}

/// The text of `compose.yaml`, to stand in the folder of `mailserver.yaml`.
pub fn compose(plan: &Plan) -> String {
    let published: Vec<(&String, SocketAddr, u16)> = plan
        .listeners
        .iter()
        .flat_map(|(name, l)| l.sockets.iter().map(move |socket| (name, *socket, l.public_port())))
        .collect();
    let Storage::Embedded { path } = &plan.storage;
    let mut values = Values {
        host: plan.host.name.to_string(),
        host_network: published.iter().any(|(_, socket, _)| !socket.ip().is_unspecified()),
        // IPv6 clients of a published port arrive from the bridge's own address unless the engine
        // translates IPv6 too, so IPv6 is published by hand where that is known.
        ports: published
            .iter()
            .filter(|(_, socket, _)| matches!(socket.ip(), IpAddr::V4(_)))
            .map(|(name, socket, public)| Port {
                listener: (*name).clone(),
                text: format!("{}:{public}:{}", socket.ip(), socket.port()),
            })
            .collect(),
        environment: Vec::new(),
        credentials: Vec::new(),
        storage: path.as_ref().map(|path| path.display().to_string()),
        stop: format!("{}s", plan.limits.drain_seconds.saturating_add(STOP_MARGIN_SECONDS)),
    };
    for reference in references(plan) {
        match reference {
            SecretRef::Credential(name) => {
                values.credentials.push(Credential { name: name.clone(), file: format!("./credentials/{name}") });
            }
            SecretRef::Env(name) => values.environment.push(name.clone()),
            // Relative files stand in the folder that is mounted; absolute ones are the operator's to mount.
            SecretRef::File(_) => {}
        }
    }
    render(TEMPLATE, Format::Yaml, &values)
}
