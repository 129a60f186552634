//! Activation: makes a plan the running one, looks at the result from outside, goes back if it is wrong.
//!
//! The steps of [`apply`]: keep the plan under its digest; load it here (secrets, certificates, keys);
//! have the running server swap; [`verify`] every listener over the network; only then record it as
//! active. Any failure leaves the former plan active and served. Without a running server the sockets
//! are tried instead. At the end the records are written to the file that `dns.publish` names ([`publish`]).
//!
//! What DNS caches make dangerous is opened as stages ([`crate::runtime::server::stages`]): by the running server when
//! it swaps, else here, before the plan is recorded as active.
//!
//! Not here: what changes and whether that is wanted (`mailctl plan`).

pub mod doors;
pub mod drift;
pub mod firewall;
pub mod policy;
pub mod probe;
pub mod proposal;
pub mod publish;
pub mod verify;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::plan::Plan;
use crate::plan::digest::Digest;
use crate::runtime::net::listener::{BindError, bind_socket};
use crate::runtime::server::activation::{Activation, StateError, StateFolder};
use crate::runtime::server::certificates::Certificates;
use crate::runtime::server::certificates::stock::Unusable;
use crate::runtime::server::control::{self, Request, Response};
use crate::runtime::server::generation::{Generation, LoadError};
use crate::runtime::server::stages;
use publish::PublishError;
use verify::Mismatch;

/// Why nothing was activated.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error("the running server does not answer: {0}")]
    Control(#[from] io::Error),
    #[error("the plan cannot be served:\n{0}")]
    Load(#[from] LoadError),
    #[error("the running server refused the plan, and goes on with the former one: {0}")]
    Refused(String),
    #[error("rolled back to the former plan, because the new one did not hold:\n{}", list(.0))]
    RolledBack(Vec<Mismatch>),
    #[error("the new plan did not hold, AND the former one could not be brought back ({reason}); look at the server now:\n{}", list(.mismatches))]
    Stuck { mismatches: Vec<Mismatch>, reason: String },
    #[error("the plan was made when {expected} was active, but now {found} is; run `mailctl plan` again and review it")]
    Stale { expected: String, found: String },
    #[error(transparent)]
    State(#[from] StateError),
}

fn list(mismatches: &[Mismatch]) -> String {
    mismatches.iter().map(|m| format!("  {m}")).collect::<Vec<_>>().join("\n")
}

/// What was done.
#[derive(Debug)]
pub struct Applied {
    pub activation: Activation,
    /// Whether a running server took it over (and was verified); otherwise the next start does.
    pub swapped: bool,
    /// Where the records were written for another tool, if the plan says so. A failure changes nothing about the
    /// activation.
    pub published: Result<Option<PathBuf>, PublishError>,
}

/// The digest that a plan was reviewed against: `None` if the review had no base to compare.
pub type ReviewedAgainst = Option<Option<Digest>>;

/// Activates `plan`. `base` is where its relative paths start; `reviewed_against` what was active when it
/// was reviewed; `rollback_to` the generation it comes from, if this is a rollback.
///
/// # Errors
/// [`ApplyError`]; the former plan is then still active and, unless it says otherwise, still served.
pub fn apply(
    state: &StateFolder,
    plan: &Plan,
    base: &Path,
    reviewed_against: &ReviewedAgainst,
    rollback_to: Option<u64>,
) -> Result<Applied, ApplyError> {
    let former = state.active()?;
    if let Some(expected) = reviewed_against {
        let found = former.as_ref().map(|activation| &activation.digest);
        if expected.as_ref() != found {
            return Err(ApplyError::Stale { expected: named(expected.as_ref()), found: named(found) });
        }
    }
    let running = control::ask(&state.control_socket(), &Request::Status)?.is_some();
    if !running {
        for socket in plan.listeners.values().flat_map(|listener| &listener.sockets).chain(&plan.metrics) {
            drop(bind_socket(*socket)?);
        }
    }
    let digest = Digest::of_plan(plan);
    let desk = Arc::new(Certificates::open(state.root()));
    let before = former.as_ref().map(|former| state.plan(&former.digest)).transpose()?;
    if let Some(before) = &before {
        stages::prime(state, before, &desk)?;
    }
    let mut generation =
        Generation::load(Arc::new(plan.clone()), digest.clone(), base, state, &desk, Unusable::Refuse)?;
    let kept_before = state.plan_path(&digest).exists();
    state.keep(plan)?;
    if running && let Err(error) = swap(state, plan, &digest, base, former.as_ref()) {
        if !kept_before {
            // A plan that never was active leaves no trace.
            let _ = std::fs::remove_file(state.plan_path(&digest));
        }
        return Err(error);
    }
    if !running {
        // What the server would do when it takes the plan over: keys are made when a plan is activated.
        generation.settle(&desk)?;
        stages::open(state, before.as_ref(), plan)?;
    }
    let activation = match former {
        // Applying what is active already changes nothing, so it is no new generation.
        Some(former) if former.digest == digest && former.base == base => former,
        _ => state.activate(plan, base, rollback_to)?,
    };
    // The last step, since it needs the keys that were made on the way.
    let published = publish::publish(plan, base, state);
    Ok(Applied { activation, swapped: running, published })
}

/// Has the running server take `plan` over, verifies it, and brings `former` back if it does not hold.
fn swap(
    state: &StateFolder,
    plan: &Plan,
    digest: &Digest,
    base: &Path,
    former: Option<&Activation>,
) -> Result<(), ApplyError> {
    let activate = |digest: &Digest, base: &Path| {
        let request = Request::Activate { digest: digest.clone(), base: base.to_owned() };
        match control::ask(&state.control_socket(), &request)? {
            Some(Response::Refused { reason }) => Err(ApplyError::Refused(reason)),
            Some(_) => Ok(()),
            None => Err(ApplyError::Control(io::ErrorKind::ConnectionAborted.into())),
        }
    };
    activate(digest, base)?;
    let mismatches = verify::with_state(plan, state.root()).map_err(|error| LoadError(vec![error.to_string()]))?;
    if mismatches.is_empty() {
        return Ok(());
    }
    let Some(former) = former else {
        return Err(ApplyError::Stuck { mismatches, reason: "no plan was active before".to_owned() });
    };
    Err(match activate(&former.digest, &former.base) {
        Ok(()) => ApplyError::RolledBack(mismatches),
        Err(error) => ApplyError::Stuck { mismatches, reason: error.to_string() },
    })
}

fn named(digest: Option<&Digest>) -> String {
    digest.map_or_else(|| "nothing".to_owned(), ToString::to_string)
}
