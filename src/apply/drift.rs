//! Drift: where the live world is not what it should be now ([`World`]).
//!
//! Five things are looked at from outside: the record sets on every authoritative name server, the listeners, the
//! certificates that they present, the packet filter of the kernel where it may be read and the plan has one that is loaded
//! from here, and whether the running server executes the active plan. What is under way is no
//! drift: the world says how far each roll-over is. Record sets may hold more than ours; only what is missing is
//! drift, and what a roll-over has withdrawn and a server still has.
//!
//! Not here: records that others have added.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::firewall::kernel::{self, Standing};
use super::firewall::loadable;
use super::verify;
use crate::artefact::reconcile::stage::target::SetKey;
use crate::artefact::reconcile::world::World;
use crate::plan::Plan;
use crate::plan::document::{DnsData, Profile};
use crate::runtime::net::authority::Authorities;
use crate::runtime::net::resolver::{DnsResolver, ResolverError};
use crate::runtime::server::activation::{Activation, StateFolder};
use crate::runtime::server::certificates::shelf::ShelfError;
use crate::runtime::server::control::{self, Request, Response};
use crate::runtime::server::figures::Areas;
use crate::runtime::server::stages;

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Drift {
    pub area: Area,
    /// What is so, and should be otherwise.
    pub problem: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(into = "&'static str")]
pub enum Area {
    Dns,
    Firewall,
    Listener,
    Server,
}

impl Area {
    const ALL: [Self; 4] = [Self::Dns, Self::Firewall, Self::Listener, Self::Server];
}

impl From<Area> for &'static str {
    fn from(area: Area) -> Self {
        match area {
            Area::Dns => "dns",
            Area::Firewall => "firewall",
            Area::Listener => "listener",
            Area::Server => "server",
        }
    }
}

/// Why nobody knows.
#[derive(Debug, thiserror::Error)]
pub enum DriftError {
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Resolver(#[from] ResolverError),
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    #[error(transparent)]
    State(#[from] crate::runtime::server::activation::StateError),
}

/// Every difference between the active plan's world and the live one, sorted.
///
/// # Errors
/// [`DriftError`] if it cannot be looked at; what does not answer is a difference.
pub fn drift(state: &StateFolder, active: &Activation, plan: &Plan) -> Result<Vec<Drift>, DriftError> {
    let mut found = Vec::new();
    match control::ask(&state.control_socket(), &Request::Status)? {
        Some(Response::Status(status)) => {
            if status.digest != active.digest {
                let problem = format!("the server executes {}, active is {}", status.digest, active.digest);
                found.push(Drift { area: Area::Server, problem });
            }
            let mismatches = verify::with_state(plan, state.root())?;
            found.extend(mismatches.iter().map(|m| Drift { area: Area::Listener, problem: m.to_string() }));
        }
        _ => found.push(Drift { area: Area::Server, problem: "no server is running".to_owned() }),
    }
    found.extend(firewall(plan).map(|problem| Drift { area: Area::Firewall, problem }));
    let world = stages::kept_world(state, plan)?;
    let former: BTreeMap<SetKey, BTreeSet<DnsData>> = state
        .stages()?
        .sets
        .into_iter()
        .map(|(key, lineage)| {
            let withdrawn = lineage.remembered().flatten().filter(|data| !lineage.current.contains(data)).cloned();
            (key, withdrawn.collect())
        })
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let resolver = runtime.block_on(async { DnsResolver::new(&plan.outbound.resolver) })?;
    found.extend(runtime.block_on(dns(&resolver, &world, &former)));
    found.sort();
    Ok(found)
}

/// The drift of the folder's active plan by area, for the figures of the server that executes it.
///
/// # Errors
/// Why nobody knows, in words.
pub fn by_area(state: &StateFolder) -> Result<Areas, String> {
    let look = || -> Result<Vec<Drift>, DriftError> {
        let (active, plan) = state.active_plan()?;
        drift(state, &active, &plan)
    };
    let mut areas: Areas = Area::ALL.iter().map(|area| ((*area).into(), BTreeSet::new())).collect();
    for drift in look().map_err(|error| error.to_string())? {
        areas.entry(drift.area.into()).or_default().insert(drift.problem);
    }
    Ok(areas)
}

/// Who may not look at the kernel's rules says nothing about them.
fn firewall(plan: &Plan) -> Option<String> {
    let standing = loadable(plan).and_then(|form| kernel::standing(plan, form)).ok()?;
    match standing {
        Standing::AsPlanned => None,
        Standing::Differs(lines) => Some(format!("the kernel's rules differ: {}", lines.join("; "))),
        // A test may well do without.
        Standing::NotLoaded if plan.profile == Profile::Lab => None,
        Standing::NotLoaded => Some("the rules are not loaded: mailctl firewall apply".to_owned()),
    }
}

async fn dns(resolver: &DnsResolver, world: &World, former: &BTreeMap<SetKey, BTreeSet<DnsData>>) -> Vec<Drift> {
    let mut found = Vec::new();
    let mut sets: BTreeMap<(String, SetKey), BTreeSet<DnsData>> = BTreeMap::new();
    for record in world.records.iter().filter(|record| !record.data.is_generated()) {
        sets.entry((record.zone.clone(), SetKey::of(record))).or_default().insert(record.data.clone());
    }
    let mut zones: BTreeMap<String, Authorities> = BTreeMap::new();
    for ((zone, key), wanted) in sets {
        if !zones.contains_key(&zone) {
            let authorities = Authorities::of(resolver, &zone).await;
            if authorities.servers.is_empty() {
                found.push(Drift { area: Area::Dns, problem: format!("no name server of {zone} was found") });
            }
            zones.insert(zone.clone(), authorities);
        }
        let Some(authorities) = zones.get(&zone) else { continue };
        let withdrawn = former.get(&key);
        for (server, answer) in authorities.answers(&key.name, &key.kind).await {
            let problem = match answer {
                Err(error) => format!("{server} {error}, asked for {key}"),
                Ok(set) => {
                    let there: BTreeSet<DnsData> = set.data.into_iter().collect();
                    let missing = wanted.difference(&there).map(|data| format!("lacks {data}"));
                    let left = there.iter().filter(|data| withdrawn.is_some_and(|w| w.contains(data)));
                    let differences: Vec<String> =
                        missing.chain(left.map(|data| format!("still has {data}"))).collect();
                    if differences.is_empty() {
                        continue;
                    }
                    format!("{key} at {server} {}", differences.join(", "))
                }
            };
            found.push(Drift { area: Area::Dns, problem });
        }
    }
    found
}
