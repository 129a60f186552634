//! The server: executes one plan, and swaps to another without dropping a session.
//!
//! [`Server`] is the composition root: it owns the store, the listeners and the current
//! [`generation::Generation`]. A connection is accepted, admitted, and driven with the generation of that
//! moment; [`answer`] is what sessions hear from the world.
//!
//! Invariants: behaviour is a function of the plan and the state folder; the YAML is never read. A
//! reload binds every new socket and loads every secret before anything is swapped; sockets that both
//! plans have stay open; sessions keep the generation they began with. A stop drains: no new
//! connections, open transactions end, then the store closes.
//!
//! Not here: how bytes move ([`crate::runtime::net`]), who decides about a message
//! ([`crate::mailflow`]), and the comparison of the server with its plan ([`crate::apply`]).

mod abuse;
pub mod activation;
pub mod answer;
pub mod certificates;
pub mod challenge;
pub mod control;
pub mod credentials;
pub mod figures;
pub mod generation;
pub mod guard;
pub mod keyring;
mod outgoing;
mod relays;
mod reload;
mod retention;
mod session;
pub mod stages;
pub mod web;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, watch};

use crate::artefact::reconcile::world::World;
use crate::ground::clock::Timestamp;
use crate::mailflow::delivery::courier::Courier;
use crate::mailflow::delivery::worker;
use crate::plan::digest::Digest;
use crate::runtime::net::admission::Admission;
use crate::runtime::net::listener::BindError;
use crate::runtime::net::resolver::ResolverError;
use crate::state::store::{Store, StoreError};

use crate::vocabulary::mail::Domain;

use abuse::AbuseFeed;
use activation::{StateError, StateFolder};
use certificates::Certificates;
use certificates::asks::Ask;
use certificates::stock::Unusable;
use challenge::Challenges;
use generation::{Generation, LoadError};
use guard::{LoginGuard, Pace};

/// Why the server cannot start or swap.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error("the control socket: {0}")]
    Control(std::io::Error),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("{0}; stop the server, run `mailctl apply`, start it again")]
    NeedsRestart(String),
    #[error(transparent)]
    Resolver(#[from] ResolverError),
    #[error(transparent)]
    State(#[from] StateError),
    #[error("the store: {0}")]
    Store(#[from] StoreError),
}

/// The running server.
pub struct Server {
    state: StateFolder,
    store: Arc<Store>,
    current: ArcSwap<Generation>,
    admission: Admission,
    guard: LoginGuard,
    abuse: AbuseFeed,
    pace: Pace,
    /// Accepting tasks by socket. Held while a reload runs, so that reloads are one at a time.
    listeners: Mutex<HashMap<SocketAddr, tokio::task::JoinHandle<()>>>,
    draining: watch::Sender<bool>,
    /// The delivery worker's current courier; a new one also has it look at the queue.
    courier: watch::Sender<Arc<Courier>>,
    /// The delivery worker, until the stop has waited for it.
    worker: Mutex<Option<tokio::task::JoinHandle<()>>>,
    /// Removes old messages; ends by itself when the server drains.
    retention: Mutex<Option<tokio::task::JoinHandle<()>>>,
    health: web::health::Health,
    figures: figures::Figures,
    /// The shelf and what belongs to it: lives across generations.
    certificates: Arc<Certificates>,
    /// Looks after the certificates; ends by itself when the server drains.
    tending: Mutex<Option<tokio::task::JoinHandle<()>>>,
    /// The roll-overs under way, and what others should see of us now.
    rolling: Arc<stages::Rolling>,
    rolls: Mutex<Option<tokio::task::JoinHandle<()>>>,
    started: Timestamp,
}

impl Server {
    /// Opens the store, loads the active plan, binds everything and serves in the background.
    ///
    /// # Errors
    /// [`ServerError`]; nothing is left running.
    pub async fn start(state: StateFolder) -> Result<Arc<Self>, ServerError> {
        let (activation, plan) = state.active_plan()?;
        let folder = state.store_folder(&plan, &activation.base);
        let store = Store::open(&folder, crate::state::store::Options::default())?;
        let certificates = Arc::new(Certificates::open(state.root()));
        let (plan, digest, base) = (Arc::new(plan), activation.digest, activation.base);
        stages::prime(&state, &plan, &certificates)?;
        let mut generation = Generation::load(plan, digest, &base, &state, &certificates, Unusable::ServeKept)?;
        generation.settle(&certificates)?;
        let shelf = Box::new(stages::DeskShelf(certificates.clone()));
        let rolling = stages::Rolling::start(&state, &generation.plan, shelf)?;
        rolling.resume(&mut generation).await;
        let store = Arc::new(store);
        let courier = Arc::new(outgoing::courier(&store, &generation)?);
        let server = Arc::new(Self {
            store,
            admission: Admission::default(),
            guard: LoginGuard::default(),
            abuse: AbuseFeed::default(),
            pace: Pace::default(),
            listeners: Mutex::default(),
            draining: watch::Sender::new(false),
            courier: watch::Sender::new(courier),
            certificates,
            tending: Mutex::default(),
            worker: Mutex::default(),
            retention: Mutex::default(),
            health: web::health::Health::default(),
            figures: figures::Figures::default(),
            rolling: Arc::new(rolling),
            rolls: Mutex::default(),
            started: Timestamp::now(),
            current: ArcSwap::from_pointee(generation),
            state,
        });
        server.listen().await?;
        let control = control::bind(&server.state.control_socket()).map_err(ServerError::Control)?;
        tokio::spawn(control::serve(server.clone(), control));
        let worker = worker::run(server.courier.subscribe(), server.draining.subscribe());
        *server.worker.lock().await = Some(tokio::spawn(worker));
        *server.retention.lock().await = Some(tokio::spawn(retention::run(Arc::downgrade(&server))));
        *server.tending.lock().await = Some(tokio::spawn(server.tend_certificates()));
        *server.rolls.lock().await = Some(tokio::spawn(stages::run(Arc::downgrade(&server))));
        Ok(server)
    }

    /// Looks after the certificates of whatever plan is current.
    fn tend_certificates(self: &Arc<Self>) -> impl Future<Output = ()> + use<> {
        let (server, desk) = (Arc::downgrade(self), self.certificates.clone());
        let wider = desk.clone();
        let current = move || {
            let generation = server.upgrade()?.current.load_full();
            Some((wider.with_names(&generation.plan), generation.base.clone()))
        };
        let (ours, theirs) = (self.draining.subscribe(), self.draining.subscribe());
        async move {
            let local = certificates::tend::run(desk.clone(), current.clone(), ours);
            let issued = certificates::acme::run(desk, current, theirs);
            tokio::join!(local, issued);
        }
    }

    /// Has something done for the certificates of the current plan.
    ///
    /// # Errors
    /// [`certificates::AskError`].
    pub fn ask_certificates(&self, name: Option<&str>, ask: Ask) -> Result<(), certificates::AskError> {
        self.certificates.ask(&self.current.load().plan, name, ask)
    }

    /// What others should see of us now: records, policies, selectors, keys.
    pub fn world(&self) -> Arc<World> {
        self.rolling.world()
    }

    /// Swaps to the plan kept under `digest`.
    ///
    /// # Errors
    /// [`ServerError`]; the former plan is then still served, on the same sockets.
    pub async fn activate(self: &Arc<Self>, digest: &Digest, base: &Path) -> Result<(), ServerError> {
        reload::swap(self, digest, base).await
    }

    /// Where answers to an ACME authority are put.
    pub fn challenges(&self) -> &Challenges {
        &self.certificates.challenges
    }

    /// The MTA-STS policy that `domain` has now and that is served here, octet for octet (RFC 8461 §3.2).
    fn policy(&self, domain: &Domain) -> Option<String> {
        let world = self.rolling.world();
        let policy = world.policies.get(domain).filter(|policy| policy.served_here)?;
        Some(policy.text.clone())
    }

    /// Has the delivery worker look at the queue now.
    pub fn flush_queue(&self) {
        self.courier.send_modify(|_| {});
    }

    /// What `mailctl status` shows.
    pub async fn status(&self) -> control::Status {
        let generation = self.current.load_full();
        let listeners = generation.plan.listeners.iter().flat_map(|(name, listener)| {
            listener.sockets.iter().map(|socket| control::ListenerStatus {
                name: name.clone(),
                protocol: listener.protocol,
                tls: listener.tls,
                socket: *socket,
            })
        });
        control::Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            process: std::process::id(),
            digest: generation.digest.clone(),
            started: self.started,
            connections: self.admission.total(),
            listeners: listeners.collect(),
            certificates: self.certificates.overview(&generation.plan).unwrap_or_default(),
            stages: self.rolling.waits(&generation.plan).await.unwrap_or_default(),
            stages_problem: self.rolling.problem(),
        }
    }

    /// Drains: closes the listeners, lets sessions end, and returns when they have or time is up.
    pub async fn stop(&self) {
        for (_, task) in self.listeners.lock().await.drain() {
            task.abort();
        }
        self.draining.send_replace(true);
        let patience = Duration::from_secs(self.current.load().plan.limits.drain_seconds);
        let _ = tokio::time::timeout(patience, async {
            while self.admission.total() > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            if let Some(worker) = self.worker.lock().await.as_mut() {
                let _ = worker.await;
            }
            for task in [&self.retention, &self.rolls] {
                if let Some(task) = task.lock().await.as_mut() {
                    let _ = task.await;
                }
            }
        })
        .await;
        // What the worker did not finish was not recorded, so it is due again at the next start.
        for task in [&self.worker, &self.retention, &self.tending, &self.rolls] {
            if let Some(task) = task.lock().await.take() {
                task.abort();
            }
        }
        let _ = std::fs::remove_file(self.state.control_socket());
        let left = self.admission.total();
        if left > 0 {
            tracing::warn!(sessions = left, "sessions were cut off at the end of the drain");
        }
    }
}
