//! What delivery works with under one plan: the courier, made of the generation and the runtime's hands.

use std::sync::Arc;

use super::generation::Generation;
use crate::ground::clock::Timestamp;
use crate::mailflow::delivery::courier::{Courier, Equipment};
use crate::runtime::net::resolver::{DnsResolver, ResolverError};
use crate::state::store::Store;

/// The courier of `generation`. Within a tokio runtime only.
///
/// # Errors
/// [`ResolverError`] if there are no name servers to ask.
pub(super) fn courier(store: &Arc<Store>, generation: &Generation) -> Result<Courier, ResolverError> {
    let equipment = Equipment {
        store: store.clone(),
        router: generation.router.clone(),
        forwarding: generation.forwarding.clone(),
        signers: generation.signers.clone(),
        resolver: Arc::new(DnsResolver::new(&generation.plan.outbound.resolver)?),
        connector: Arc::new(generation.connector.clone()),
        relays: generation.relays.clone(),
        clock: Timestamp::now,
    };
    Ok(Courier::new(&generation.plan, equipment))
}
