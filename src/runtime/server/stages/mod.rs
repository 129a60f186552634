//! Drives the roll-overs ([`crate::artefact::reconcile::stage`]): looks, moves on, and does what may be done.
//!
//! One turn: everything that the stages wait for is looked at (`look`); the stages are advanced and written to
//! `stages.json`; only then are records pushed (where the plan says `rfc2136`), selectors switched, keys promoted and
//! policies served. A turn that is interrupted is made again, and does nothing twice that matters. Turns come as often
//! as the shortest TTL under way asks for (a quarter of it, between `TURN_SECONDS_MIN` and `TURN_SECONDS_MAX`); while
//! nothing is under way, once in `TURN_SECONDS_MAX`.
//!
//! Where records are published by hand, a turn only looks: the stages go on when every name server has been seen with
//! them.
//!
//! Not here: what may change when (that is pure, and tested with adversarial caches), and asking DNS (`runtime/net`).

mod look;
pub mod push;

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, Notify, watch};

use super::Server;
use super::activation::{StateError, StateFolder};
use super::certificates::Certificates;
use super::generation::Generation;
use super::keyring::Keyring;
use crate::artefact::reconcile::stage::Stages;
use crate::artefact::reconcile::stage::operator::Thing;
use crate::artefact::reconcile::stage::sight::Keys;
use crate::artefact::reconcile::stage::target::target;
use crate::artefact::reconcile::stage::wait::Wait;
use crate::artefact::reconcile::world::{World, world};
use crate::artefact::render::dns::Known;
use crate::ground::clock::Timestamp;
use crate::plan::Plan;
use crate::plan::document::DkimSelector;
use crate::vocabulary::mail::Domain;

/// Name servers are asked no more often than this.
const TURN_SECONDS_MIN: u64 = 1;
/// And no less often.
const TURN_SECONDS_MAX: u64 = 60;

/// Where the keys of certificates are: which are served, which wait.
pub trait KeyShelf: Send + Sync {
    /// By the certificate's first name.
    fn keys(&self) -> BTreeMap<String, Keys>;

    /// Serves the key that waits.
    ///
    /// # Errors
    /// A text that says why it is not served; the former one then is.
    fn promote(&self, certificate: &str) -> Result<(), String>;

    /// Does from here on what the stages want of the certificates.
    ///
    /// # Errors
    /// A text; then nothing changes.
    fn need(&self, plan: &Plan, known: &Known, stages: &Stages, world: &World) -> Result<(), String>;
}

/// A server whose keys change with its plan alone.
pub struct NoShelf;

impl KeyShelf for NoShelf {
    fn keys(&self) -> BTreeMap<String, Keys> {
        BTreeMap::new()
    }

    fn promote(&self, certificate: &str) -> Result<(), String> {
        Err(format!("no key waits for {certificate}"))
    }

    fn need(&self, _: &Plan, _: &Known, _: &Stages, _: &World) -> Result<(), String> {
        Ok(())
    }
}

/// The shelf of a running server.
pub struct DeskShelf(pub Arc<Certificates>);

impl KeyShelf for DeskShelf {
    fn keys(&self) -> BTreeMap<String, Keys> {
        let shelf = &self.0.shelf;
        let mut keys: BTreeMap<String, Keys> = BTreeMap::new();
        for name in shelf.spki().into_keys() {
            if let Some(served) = shelf.served(&name) {
                keys.insert(name, Keys { served, waiting: None });
            }
        }
        for waiting in shelf.waiting() {
            if let Some(keys) = keys.get_mut(&waiting.certificate) {
                keys.waiting = Some(waiting.next);
            }
        }
        keys
    }

    fn promote(&self, certificate: &str) -> Result<(), String> {
        self.0.shelf.promote(certificate).map(|_| ()).map_err(|error| error.to_string())
    }

    fn need(&self, plan: &Plan, known: &Known, stages: &Stages, world: &World) -> Result<(), String> {
        self.0.need(plan, known, stages, world).map_err(|error| error.to_string())
    }
}

/// The stages of one server.
pub struct Rolling {
    state: StateFolder,
    shelf: Box<dyn KeyShelf>,
    /// Held while anything moves, so that a plan and a turn never cross.
    stages: Mutex<Stages>,
    world: ArcSwap<World>,
    /// What the last turn could not do, for `status`.
    problem: ArcSwap<Option<String>>,
    wake: Notify,
}

impl Rolling {
    /// Goes on where the state folder says.
    ///
    /// # Errors
    /// [`StateError`] if what is kept cannot be read.
    pub fn start(state: &StateFolder, plan: &Plan, shelf: Box<dyn KeyShelf>) -> Result<Self, StateError> {
        let stages = state.stages()?;
        let known = known(state, plan, shelf.as_ref())?;
        let world = world(plan, &known, &stages);
        need(shelf.as_ref(), plan, &known, &stages, &world);
        Ok(Self {
            state: state.clone(),
            shelf,
            stages: Mutex::new(stages),
            world: ArcSwap::from_pointee(world),
            problem: ArcSwap::from_pointee(None),
            wake: Notify::new(),
        })
    }

    /// What others should see of us now.
    pub fn world(&self) -> Arc<World> {
        self.world.load_full()
    }

    /// What is under way, and what holds it.
    ///
    /// # Errors
    /// [`StateError`].
    pub async fn waits(&self, plan: &Plan) -> Result<Vec<Wait>, StateError> {
        let known = known(&self.state, plan, self.shelf.as_ref())?;
        Ok(self.stages.lock().await.waits(plan, &target(plan, &known)))
    }

    /// What the last turn could not do.
    pub fn problem(&self) -> Option<String> {
        self.problem.load().as_ref().clone()
    }

    /// The plan of `next` follows that of `former`: the stages of the way there are opened and written, and `next`
    /// signs as they say.
    ///
    /// # Errors
    /// [`StateError`]; then nothing has changed.
    pub async fn enter(&self, former: Option<&Plan>, next: &mut Generation) -> Result<(), StateError> {
        let mut stages = self.stages.lock().await;
        let plan = next.plan.clone();
        let known = both_known(&self.state, former, &plan, self.shelf.as_ref())?;
        let opened = stages.clone().open(former, &plan, &known, Timestamp::now());
        self.state.keep_stages(&opened)?;
        *stages = opened;
        let world = world(&plan, &known, &stages);
        need(self.shelf.as_ref(), &plan, &known, &stages, &world);
        self.sign(next, &stages, &world);
        self.world.store(Arc::new(world));
        self.wake.notify_one();
        Ok(())
    }

    /// Has a generation sign with the selectors of the world, those of former plans included.
    pub async fn resume(&self, generation: &mut Generation) {
        let stages = self.stages.lock().await;
        self.sign(generation, &stages, &self.world());
    }

    fn sign(&self, generation: &mut Generation, stages: &Stages, world: &World) {
        let problems = generation.sign_also(&former_selectors(&generation.plan, stages), &self.state);
        for problem in problems {
            tracing::warn!(problem, "a selector of a former plan cannot sign any more");
        }
        generation.signers.select(Some(world.signing.clone()));
    }

    /// An operator forces a roll-over. `false`: there is none of that name.
    ///
    /// # Errors
    /// [`StateError`] if it could not be written; then nothing was forced.
    pub async fn skip(&self, thing: &Thing, plan: &Plan) -> Result<bool, StateError> {
        let mut stages = self.stages.lock().await;
        let mut next = stages.clone();
        let known = known(&self.state, plan, self.shelf.as_ref())?;
        let found = next.skip(thing, &target(plan, &known));
        if found {
            self.state.keep_stages(&next)?;
            *stages = next;
            self.wake.notify_one();
        }
        Ok(found)
    }

    /// Looks and moves on.
    ///
    /// # Errors
    /// A text for people. What was done before stays done.
    async fn turn(&self, generation: &Generation) -> Result<(), String> {
        let mut stages = self.stages.lock().await;
        let plan = &generation.plan;
        let text = |error: StateError| error.to_string();
        let known = known(&self.state, plan, self.shelf.as_ref()).map_err(text)?;
        // What is looked for has been pushed before: a version that is still on its way must not come after the look.
        push::push(&self.state, plan, &generation.base, &self.world(), &stages).await?;
        let observed = look::look(generation, &known, &stages, &self.world(), self.shelf.as_ref())
            .await
            .map_err(|e| e.to_string())?;
        let next = stages.clone().advance(plan, &known, &observed, Timestamp::now());
        if next != *stages {
            self.state.keep_stages(&next).map_err(text)?;
            *stages = next;
        }
        let world = world(plan, &known, &stages);
        generation.signers.select(Some(world.signing.clone()));
        need(self.shelf.as_ref(), plan, &known, &stages, &world);
        let pushed = match world.records == self.world().records {
            true => Ok(()),
            false => push::push(&self.state, plan, &generation.base, &world, &stages).await,
        };
        self.promote(&world);
        self.world.store(Arc::new(world));
        pushed
    }

    fn promote(&self, world: &World) {
        for (certificate, keys) in self.shelf.keys() {
            let Some(next) = keys.waiting.filter(|next| world.serving.get(&certificate) == Some(next)) else {
                continue;
            };
            match self.shelf.promote(&certificate) {
                Ok(()) => tracing::info!(certificate, spki = next, "the next key is served"),
                Err(error) => tracing::error!(certificate, error, "the next key cannot be served; the old one is"),
            }
        }
    }

    async fn pause(&self) -> Duration {
        let stages = self.stages.lock().await;
        if stages.keys.is_empty() && self.shelf.keys().values().any(|keys| keys.waiting.is_some()) {
            return Duration::from_secs(TURN_SECONDS_MIN);
        }
        let shortest = stages.sets.values().map(|lineage| u64::from(lineage.ttl_seconds)).min();
        let ages = stages.policies.values().flat_map(|stage| stage.current.iter()).map(|p| p.max_age_seconds()).min();
        let shortest = shortest.into_iter().chain(ages).min().unwrap_or(u64::MAX);
        Duration::from_secs((shortest / 4).clamp(TURN_SECONDS_MIN, TURN_SECONDS_MAX))
    }
}

/// Turns until the server drains or is gone.
pub(super) async fn run(server: Weak<Server>) {
    loop {
        let Some(server_now) = server.upgrade() else { return };
        let mut draining = server_now.draining.subscribe();
        let rolling = server_now.rolling.clone();
        let generation = server_now.current.load_full();
        drop(server_now);
        let stopped = |draining: &mut watch::Receiver<bool>| *draining.borrow_and_update();
        if stopped(&mut draining) {
            return;
        }
        let problem = rolling.turn(&generation).await.err();
        if let Some(problem) = problem.as_ref().filter(|problem| rolling.problem().as_ref() != Some(*problem)) {
            tracing::warn!(problem, "a roll-over cannot go on; tried again");
        }
        rolling.problem.store(Arc::new(problem));
        drop(generation);
        let turned = tokio::time::Instant::now();
        // A key that comes to the shelf meanwhile ends the pause.
        while turned.elapsed() < rolling.pause().await {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(TURN_SECONDS_MIN)) => {}
                () = rolling.wake.notified() => break,
                _ = draining.wait_for(|draining| *draining) => return,
            }
        }
    }
}

fn need(shelf: &dyn KeyShelf, plan: &Plan, known: &Known, stages: &Stages, world: &World) {
    if let Err(problem) = shelf.need(plan, known, stages, world) {
        tracing::error!(problem, "a certificate of a former plan cannot be served");
    }
}

/// Has a desk hold back keys as the stages of the plan that was active want it, before another one is loaded.
///
/// # Errors
/// [`StateError`].
pub fn prime(state: &StateFolder, plan: &Plan, desk: &Arc<Certificates>) -> Result<(), StateError> {
    let shelf = DeskShelf(desk.clone());
    let (known, stages) = (known(state, plan, &shelf)?, state.stages()?);
    need(&shelf, plan, &known, &stages, &world(plan, &known, &stages));
    Ok(())
}

/// The selectors of former plans that sign.
fn former_selectors(plan: &Plan, stages: &Stages) -> Vec<(Domain, DkimSelector)> {
    let mut former = Vec::new();
    for (domain, selectors) in &stages.selectors {
        let planned = plan.domains.get(domain).map(|settings| settings.dkim.as_slice()).unwrap_or_default();
        let gone =
            selectors.iter().filter(|(name, stage)| stage.signs && !planned.iter().any(|s| s.selector == **name));
        former.extend(gone.map(|(_, stage)| (domain.clone(), stage.planned.clone())));
    }
    former
}

/// What the state folder and the shelf know of the keys of a plan.
fn known(state: &StateFolder, plan: &Plan, shelf: &dyn KeyShelf) -> Result<Known, StateError> {
    let keyring = Keyring::new(state.root());
    let unusable = |error: super::keyring::KeyError| StateError::Damaged {
        path: state.root().join("keys"),
        reason: error.to_string(),
    };
    let mut known = keyring.known(plan).map_err(unusable)?;
    for (name, keys) in shelf.keys() {
        known.spki.insert(name, std::iter::once(keys.served).chain(keys.waiting).collect());
    }
    Ok(known)
}

fn both_known(
    state: &StateFolder,
    former: Option<&Plan>,
    next: &Plan,
    shelf: &dyn KeyShelf,
) -> Result<Known, StateError> {
    let mut all = known(state, next, shelf)?;
    if let Some(former) = former {
        let before = known(state, former, shelf)?;
        before.dkim.into_iter().for_each(|(name, key)| {
            all.dkim.entry(name).or_insert(key);
        });
        before.spki.into_iter().for_each(|(name, keys)| {
            all.spki.entry(name).or_insert(keys);
        });
    }
    Ok(all)
}

/// Opens the stages of a plan that no running server takes over.
///
/// # Errors
/// [`StateError`]; then nothing has changed.
pub fn open(state: &StateFolder, former: Option<&Plan>, next: &Plan) -> Result<Stages, StateError> {
    let known = both_known(state, former, next, &NoShelf)?;
    let opened = state.stages()?.open(former, next, &known, Timestamp::now());
    state.keep_stages(&opened)?;
    Ok(opened)
}

/// What `next` would wait for, if it were applied now. Nothing is written.
///
/// # Errors
/// [`StateError`].
pub fn outlook(state: &StateFolder, former: Option<&Plan>, next: &Plan) -> Result<Vec<Wait>, StateError> {
    let known = both_known(state, former, next, &NoShelf)?;
    let opened = state.stages()?.open(former, next, &known, Timestamp::now());
    Ok(opened.waits(next, &target(next, &known)))
}

/// The world of a plan by what the state folder says, for commands.
///
/// # Errors
/// [`StateError`].
pub fn kept_world(state: &StateFolder, plan: &Plan) -> Result<World, StateError> {
    Ok(world(plan, &known(state, plan, &NoShelf)?, &state.stages()?))
}

/// What is under way by what the state folder says.
///
/// # Errors
/// [`StateError`].
pub fn kept_waits(state: &StateFolder, plan: &Plan) -> Result<Vec<Wait>, StateError> {
    Ok(state.stages()?.waits(plan, &target(plan, &known(state, plan, &NoShelf)?)))
}
