//! How far the world is from the plan: looked at now and then, told in the log when it changes, counted in the figures.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::ground::clock::Timestamp;
use crate::ground::limits::{DRIFT_LOOK_LAB_SECONDS, DRIFT_LOOK_SECONDS};
use crate::plan::document::Profile;
use crate::runtime::server::Server;

/// What is wrong by the area where it is; an area without problems is there too.
pub type Areas = BTreeMap<&'static str, BTreeSet<String>>;

/// The last look.
#[derive(Debug)]
pub struct Seen {
    pub when: Timestamp,
    /// Or why nobody knows.
    pub areas: Result<Areas, String>,
}

/// Has `look` look for drift until the server stops, as long as the plan serves figures. It may block and take its time.
pub async fn watch(server: Weak<Server>, look: impl Fn() -> Result<Areas, String> + Clone + Send + 'static) {
    let mut known = Areas::new();
    loop {
        let Some((wanted, pause, mut draining)) = server.upgrade().map(|server| terms(&server)) else { return };
        if wanted {
            let areas = tokio::select! {
                areas = apart(look.clone()) => areas,
                _ = draining.wait_for(|draining| *draining) => return,
            };
            match &areas {
                Ok(areas) => {
                    tell(&known, areas);
                    known.clone_from(areas);
                }
                Err(reason) => tracing::warn!(reason, "drift cannot be looked at"),
            }
            let Some(server) = server.upgrade() else { return };
            server.figures.drift.store(Some(Arc::new(Seen { when: Timestamp::now(), areas })));
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = draining.wait_for(|draining| *draining) => return,
        }
    }
}

/// Runs `look` in a thread of its own. Not among the runtime's blocking tasks: those are waited for when it ends, and name
/// servers that do not answer would hold up a stop.
async fn apart(look: impl FnOnce() -> Result<Areas, String> + Send + 'static) -> Result<Areas, String> {
    let (send, receive) = oneshot::channel();
    let run = move || {
        // Nobody waits any more once the server stops.
        let _ = send.send(look());
    };
    std::thread::Builder::new().name("drift".to_owned()).spawn(run).map_err(|error| error.to_string())?;
    receive.await.unwrap_or_else(|_| Err("the look broke off".to_owned()))
}

fn terms(server: &Server) -> (bool, Duration, tokio::sync::watch::Receiver<bool>) {
    let generation = server.current.load();
    let lab = generation.plan.profile == Profile::Lab;
    let pause = Duration::from_secs(if lab { DRIFT_LOOK_LAB_SECONDS } else { DRIFT_LOOK_SECONDS });
    (generation.plan.metrics.is_some(), pause, server.draining.subscribe())
}

fn tell(before: &Areas, now: &Areas) {
    let nothing = BTreeSet::new();
    for (area, problems) in now {
        let known = before.get(area).unwrap_or(&nothing);
        for problem in problems.difference(known) {
            tracing::warn!(area, problem, "drift");
        }
        if problems.is_empty() && !known.is_empty() {
            tracing::info!(area, "as the plan has it again");
        }
    }
}
