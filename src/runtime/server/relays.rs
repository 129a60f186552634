//! The relays of a plan, with their secrets and who may vouch for them.

use std::collections::BTreeMap;
use std::path::Path;

use crate::ground::secret::Secret;
use crate::mailflow::delivery::{RelayHop, RelayLogin};
use crate::plan::Plan;
use crate::plan::document::{Fallback, NextHop, Relay};
use crate::runtime::net::connector::{Authorities, TcpConnector};

/// Reads every secret and authority.
///
/// # Errors
/// One text for each that cannot be used, and for each relay that a route names and that is none.
pub(super) fn load(plan: &Plan, base: &Path) -> Result<(BTreeMap<String, RelayHop>, TcpConnector), Vec<String>> {
    let outbound = &plan.outbound;
    let mut problems: Vec<String> = unknown(plan).map(|name| format!("no relay has the name {name}")).collect();
    let mut relays = BTreeMap::new();
    let mut authorities = Authorities::default();
    if let Some(path) = &outbound.authority {
        match read(&base.join(path)) {
            Ok(pem) => authorities.mx = Some(pem),
            Err(problem) => problems.push(format!("the authority for MX hosts: {problem}")),
        }
    }
    for (name, relay) in &outbound.relays {
        match hop(relay, base) {
            Ok(hop) => drop(relays.insert(name.clone(), hop)),
            Err(problem) => problems.push(format!("the password of relay {name}: {problem}")),
        }
        match relay.authority.as_ref().map(|path| read(&base.join(path))).transpose() {
            Ok(pem) => authorities.relays.extend(pem.map(|pem| (name.clone(), pem))),
            Err(problem) => problems.push(format!("the authority of relay {name}: {problem}")),
        }
    }
    match TcpConnector::new(&authorities, &outbound.source_addresses) {
        Ok(connector) if problems.is_empty() => Ok((relays, connector)),
        Ok(_) => Err(problems),
        Err(error) => {
            problems.push(error.to_string());
            Err(problems)
        }
    }
}

fn hop(relay: &Relay, base: &Path) -> Result<RelayHop, String> {
    let credentials = relay.credentials.as_ref().map(|known| {
        let password = Secret::read(&known.password, base).map_err(|error| error.to_string())?;
        Ok::<_, String>(RelayLogin { user: known.user.clone(), password })
    });
    Ok(RelayHop {
        host: relay.host.clone(),
        port: relay.port,
        tls: relay.tls,
        credentials: credentials.transpose()?,
        sign: relay.sign,
    })
}

/// Names that lead nowhere.
fn unknown(plan: &Plan) -> impl Iterator<Item = &String> {
    let outbound = &plan.outbound;
    let ways = outbound.routes.iter().flat_map(|route| [Some(&route.via), route.fallback.as_ref().map(via)]);
    let default = [Some(&outbound.default), outbound.default_fallback.as_ref().map(via)];
    ways.chain(default).flatten().filter_map(|hop| match hop {
        NextHop::Relay(name) if !outbound.relays.contains_key(name) => Some(name),
        NextHop::Direct | NextHop::Relay(_) => None,
    })
}

fn via(fallback: &Fallback) -> &NextHop {
    &fallback.via
}

/// A file that a plan names, or which one it is and what is wrong.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}
