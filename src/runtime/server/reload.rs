//! From one plan to the next: bind first, then swap, then let go.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use super::certificates::stock::Unusable;
use super::generation::Generation;
use super::{Server, ServerError, outgoing, session};
use crate::plan::digest::Digest;
use crate::runtime::net::listener::bind_socket;

impl Server {
    /// Binds the sockets of the first generation.
    pub(super) async fn listen(self: &Arc<Self>) -> Result<(), ServerError> {
        let mut tasks = self.listeners.lock().await;
        let bound = bind_missing(&self.current.load(), &tasks)?;
        tasks.extend(accept_on(self, bound)?);
        Ok(())
    }
}

/// Swaps `server` to the plan kept under `digest`; see [`Server::activate`].
pub(super) async fn swap(server: &Arc<Server>, digest: &Digest, base: &Path) -> Result<(), ServerError> {
    let mut tasks = server.listeners.lock().await;
    let plan = Arc::new(server.state.plan(digest)?);
    let former = server.current.load_full();
    if plan.storage != former.plan.storage {
        return Err(ServerError::NeedsRestart("the plan stores mail elsewhere".into()));
    }
    if plan.logging != former.plan.logging {
        return Err(ServerError::NeedsRestart("the plan logs differently".into()));
    }
    let mut next = {
        let (state, digest, base) = (server.state.clone(), digest.clone(), base.to_owned());
        let desk = server.certificates.clone();
        let load =
            tokio::task::spawn_blocking(move || Generation::load(plan, digest, &base, &state, &desk, Unusable::Refuse));
        load.await.map_err(|error| ServerError::NeedsRestart(error.to_string()))??
    };
    let bound = bind_missing(&next, &tasks)?;
    let gone: Vec<SocketAddr> = tasks.keys().filter(|s| !next.sockets().any(|n| n == **s)).copied().collect();
    tracing::info!(digest = %next.digest, opened = bound.len(), closed = gone.len(), "swapping to another plan");
    next.settle(&server.certificates)?;
    server.rolling.enter(Some(&former.plan), &mut next).await?;
    let courier = Arc::new(outgoing::courier(&server.store, &next)?);
    server.current.store(Arc::new(next));
    server.certificates.look();
    for socket in gone {
        if let Some(task) = tasks.remove(&socket) {
            task.abort();
            // The socket closes when the task is gone; only then is the port really refused.
            let _ = task.await;
        }
    }
    tasks.extend(accept_on(server, bound)?);
    server.courier.send_replace(courier);
    Ok(())
}

type Tasks = HashMap<SocketAddr, tokio::task::JoinHandle<()>>;

fn bind_missing(
    generation: &Generation,
    tasks: &Tasks,
) -> Result<Vec<(SocketAddr, std::net::TcpListener)>, ServerError> {
    let mut missing: Vec<SocketAddr> = generation.sockets().filter(|s| !tasks.contains_key(s)).collect();
    missing.sort();
    missing.into_iter().map(|socket| Ok((socket, bind_socket(socket)?))).collect()
}

fn accept_on(server: &Arc<Server>, bound: Vec<(SocketAddr, std::net::TcpListener)>) -> Result<Tasks, ServerError> {
    let mut tasks = Tasks::new();
    for (socket, listener) in bound {
        let listener = tokio::net::TcpListener::from_std(listener).map_err(ServerError::Control)?;
        tasks.insert(socket, tokio::spawn(session::accept(server.clone(), socket, listener)));
    }
    Ok(tasks)
}
