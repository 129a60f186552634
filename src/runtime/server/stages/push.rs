//! Pushes what the world wants changed to the primary name server (RFC 2136), where the plan says so.

use std::path::Path;

use crate::artefact::reconcile::dns::difference::Foreign;
use crate::artefact::reconcile::stage::Stages;
use crate::artefact::reconcile::world::World;
use crate::ground::secret::Secret;
use crate::plan::Plan;
use crate::plan::document::PublishWay;
use crate::runtime::net::publish;
use crate::runtime::net::update::Updater;
use crate::runtime::server::activation::StateFolder;

/// Makes the primary have the world's records while something is under way. Foreign records stay, and so do sets in
/// which they contradict ours (`mailctl dns push` shows them).
///
/// # Errors
/// A text for people; what was not pushed is pushed by the next turn.
pub(super) async fn push(
    state: &StateFolder,
    plan: &Plan,
    base: &Path,
    world: &World,
    stages: &Stages,
) -> Result<(), String> {
    let PublishWay::Rfc2136 { server, key_name, algorithm, key } = &plan.publication.way else { return Ok(()) };
    if stages.sets.is_empty() {
        return Ok(());
    }
    let secret = Secret::read(key, base).map_err(|error| error.to_string())?;
    let updater = Updater::new(*server, key_name, *algorithm, &secret).map_err(|error| error.to_string())?;
    let owner = state.owner(plan).map_err(|error| error.to_string())?;
    let look = publish::look(*server, &world.records, Foreign::Keep, &owner).await;
    let zones = look.map_err(|error| error.to_string())?;
    publish::push(&updater, &zones).await.map_err(|error| error.to_string())
}
