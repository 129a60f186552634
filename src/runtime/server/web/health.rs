//! Whether the server does its work: it listens where the plan says, and its store takes writes.
//!
//! A look costs a commit, so one look serves everybody who asks in the next `limits::HEALTH_LOOK_MILLIS`, and those
//! who ask at the same time wait for the same one.

use std::time::{Duration, Instant};

use tokio::sync::{Mutex, oneshot};
use tokio::time::timeout;

use crate::ground::clock::Timestamp;
use crate::ground::limits::{HEALTH_LOOK_MILLIS, HEALTH_PATIENCE_MILLIS};
use crate::runtime::server::Server;
use crate::state::store::heartbeat;

/// The last look.
#[derive(Debug, Default)]
pub struct Health {
    last: Mutex<Option<(Instant, bool)>>,
}

impl Server {
    /// Whether it does its work.
    pub(super) async fn healthy(&self) -> bool {
        let mut last = self.health.last.lock().await;
        if let Some((when, healthy)) = *last
            && when.elapsed() < Duration::from_millis(HEALTH_LOOK_MILLIS)
        {
            return healthy && !*self.draining.borrow();
        }
        let healthy = !*self.draining.borrow() && self.listens() && self.writes().await;
        *last = Some((Instant::now(), healthy));
        healthy
    }

    /// Whether every socket of the plan is accepted on. While a plan is being swapped nobody can tell, and nothing
    /// is wrong.
    fn listens(&self) -> bool {
        let Ok(tasks) = self.listeners.try_lock() else { return true };
        let accepted = |socket| tasks.get(&socket).is_some_and(|task| !task.is_finished());
        self.current.load().sockets().all(accepted)
    }

    async fn writes(&self) -> bool {
        let (send, receive) = oneshot::channel();
        let now = Timestamp::now();
        self.store.submit(
            Vec::new(),
            move |tx, _| heartbeat::beat(tx, now),
            move |result| {
                // Whoever waited may have given up.
                let _ = send.send(result.map(drop));
            },
        );
        match timeout(Duration::from_millis(HEALTH_PATIENCE_MILLIS), receive).await {
            Ok(Ok(Ok(()))) => true,
            Ok(Ok(Err(error))) => {
                tracing::error!(%error, "the store takes no writes");
                false
            }
            Ok(Err(_)) | Err(_) => {
                tracing::error!("the store does not answer");
                false
            }
        }
    }
}
