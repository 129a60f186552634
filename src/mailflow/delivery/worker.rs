//! The worker: takes what is due from the queue and sends couriers, a bounded number at a time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinSet;
use tracing::error;

use super::courier::Courier;
use crate::ground::clock::Timestamp;
use crate::ground::limits::DELIVERIES_CONCURRENT_MAX;
use crate::state::queue::{self, Due};
use crate::state::store::StoreError;

/// Recipients leased in one go.
const LEASE_RECIPIENTS_MAX: usize = 256;
/// Entries under way at once. More than connections, so that entries that wait for a crowded next hop do
/// not keep others from leaving.
const ENTRIES_MAX: usize = 4 * DELIVERIES_CONCURRENT_MAX;
/// The longest sleep: a clock that was set back must not silence the queue for long.
const SLEEP_MAX: Duration = Duration::from_secs(60);
/// The pause after the store failed.
const STORE_FAILED_PAUSE: Duration = Duration::from_secs(5);

/// Delivers until `stop` turns true, then waits for the journeys that have begun. To stop sooner, drop the
/// future: what was not recorded is due again at the next start.
///
/// `courier` is the current plan's; a new value serves every entry leased after it.
pub async fn run(mut courier: watch::Receiver<Arc<Courier>>, mut stop: watch::Receiver<bool>) {
    let work = Arc::new(Notify::new());
    let awake = work.clone();
    let store = courier.borrow().equipment.store.clone();
    let _subscription = store.changes().subscribe_queue(move || awake.notify_one());
    let tickets = Arc::new(Semaphore::new(DELIVERIES_CONCURRENT_MAX));
    let mut journeys: JoinSet<()> = JoinSet::new();
    while !*stop.borrow_and_update() {
        let current = courier.borrow_and_update().clone();
        let pause = match lease(&current, ENTRIES_MAX.saturating_sub(journeys.len())).await {
            Ok((entries, pause)) => {
                for due in entries {
                    journeys.spawn(current.clone().carry(due, tickets.clone()));
                }
                pause
            }
            Err(error) => {
                error!(%error, "the queue cannot be read");
                STORE_FAILED_PAUSE
            }
        };
        tokio::select! {
            // Only an end of the sender, or true, ends the loop.
            changed = stop.changed() => if changed.is_err() { break },
            () = work.notified() => {}
            // Without a sender there is no new plan; the current one goes on.
            Ok(()) = courier.changed() => {}
            Some(_) = journeys.join_next(), if !journeys.is_empty() => {}
            () = tokio::time::sleep(pause) => {}
        }
        while journeys.try_join_next().is_some() {}
    }
    // Groups that wait for a ticket go home; those that talk to a server finish and record.
    tickets.close();
    while journeys.join_next().await.is_some() {}
}

/// What is due now, and how long until there is more.
async fn lease(courier: &Arc<Courier>, entries_max: usize) -> Result<(Vec<Due>, Duration), StoreError> {
    if entries_max == 0 {
        return Ok((Vec::new(), SLEEP_MAX));
    }
    let courier = courier.clone();
    let reading = tokio::task::spawn_blocking(move || {
        let store = &courier.equipment.store;
        let now = (courier.equipment.clock)();
        let mut due = queue::due(store, now, LEASE_RECIPIENTS_MAX)?;
        // What is too much goes back by being dropped.
        due.truncate(entries_max);
        Ok((due, sleep_until(queue::next_due(store)?, now)))
    });
    reading.await.unwrap_or(Err(StoreError::Closed))
}

fn sleep_until(next: Option<Timestamp>, now: Timestamp) -> Duration {
    // Due already means that the lease's limit was reached: soon, but without spinning.
    next.map_or(SLEEP_MAX, |next| next.since(now).clamp(Duration::from_millis(20), SLEEP_MAX))
}
