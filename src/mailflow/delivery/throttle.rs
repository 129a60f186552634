//! How many connections at once: in all, and to one next hop.
//!
//! Many receivers answer 421 to more than a handful of connections from one address; twenty to one hop is
//! what Postfix allows itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::next_hop::NextHop;

/// Connections to one next hop at once.
const HOP_CONNECTIONS_MAX: usize = 20;

/// The next hops that are being talked to.
#[derive(Debug, Default)]
pub(super) struct Throttle(Mutex<HashMap<NextHop, Arc<Semaphore>>>);

/// The right to one connection. Dropped, it passes on.
#[derive(Debug)]
pub(super) struct Ticket {
    _all: OwnedSemaphorePermit,
    _hop: OwnedSemaphorePermit,
}

impl Throttle {
    /// Waits for the hop's turn first, so that a crowd for one hop does not use up everybody's tickets.
    /// `None` when `all` was closed: delivery stops.
    pub async fn admit(&self, hop: &NextHop, all: &Arc<Semaphore>) -> Option<Ticket> {
        let turn = {
            let mut hops = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // Nobody but the table holds a hop's semaphore: it is idle.
            hops.retain(|_, semaphore| Arc::strong_count(semaphore) > 1);
            hops.entry(hop.clone()).or_insert_with(|| Arc::new(Semaphore::new(HOP_CONNECTIONS_MAX))).clone()
        };
        let hop = turn.acquire_owned().await.ok()?;
        let all = all.clone().acquire_owned().await.ok()?;
        Some(Ticket { _all: all, _hop: hop })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_crowd_for_one_hop_leaves_room_for_others() {
        let throttle = Throttle::default();
        let all = Arc::new(Semaphore::new(HOP_CONNECTIONS_MAX + 1));
        let crowded = NextHop::Domain("a.test".parse().unwrap());
        let mut tickets = Vec::new();
        for _ in 0..HOP_CONNECTIONS_MAX {
            tickets.push(throttle.admit(&crowded, &all).await.unwrap());
        }
        let one_more = tokio::time::timeout(std::time::Duration::from_millis(20), throttle.admit(&crowded, &all)).await;
        assert!(one_more.is_err(), "the hop is full");
        assert!(throttle.admit(&NextHop::Relay("smart".to_owned()), &all).await.is_some());
        tickets.pop();
        assert!(throttle.admit(&crowded, &all).await.is_some());
        all.close();
        assert!(throttle.admit(&NextHop::Relay("smart".to_owned()), &all).await.is_none());
    }
}
