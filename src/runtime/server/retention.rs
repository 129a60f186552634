//! Retention: once an hour, what has been in Trash and Junk for longer than the plan says is removed.
//!
//! The work goes through the store's writer in small jobs, one mailbox at a time, so that deliveries go
//! between; open IMAP sessions hear of it like of any other client's EXPUNGE. What was interrupted is found
//! again by the next sweep.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::watch;

use super::Server;
use crate::ground::clock::Timestamp;
use crate::ground::limits::{RETENTION_MAILBOXES_MAX, RETENTION_SWEEP_SECONDS, STORE_BATCH_MESSAGES_MAX};
use crate::plan::document::Retention;
use crate::state::store::{MailboxId, Store, StoreError, retention};
use crate::vocabulary::mail::SpecialUse;

/// Sweeps until the server drains or is gone.
pub(super) async fn run(server: Weak<Server>) {
    loop {
        let Some((store, plan, mut draining)) =
            server.upgrade().map(|s| (s.store.clone(), s.current.load().plan.clone(), s.draining.subscribe()))
        else {
            return;
        };
        match sweep(&store, plan.retention, Timestamp::now(), &draining).await {
            Ok(0) => {}
            Ok(messages) => tracing::info!(messages, "removed after their time in Trash and Junk"),
            Err(error) => tracing::error!(%error, "old messages could not be removed; tried again later"),
        }
        drop(store);
        let pause = tokio::time::sleep(Duration::from_secs(RETENTION_SWEEP_SECONDS));
        tokio::select! {
            () = pause => {}
            stopped = draining.wait_for(|draining| *draining) => {
                let _ = stopped;
                return;
            }
        }
    }
}

/// One sweep over all mailboxes. How many messages it removed.
async fn sweep(
    store: &Arc<Store>,
    periods: Retention,
    now: Timestamp,
    draining: &watch::Receiver<bool>,
) -> Result<usize, StoreError> {
    let mut removed = 0;
    for (special_use, seconds) in [(SpecialUse::Junk, periods.junk_seconds), (SpecialUse::Trash, periods.trash_seconds)]
    {
        let Some(period) = seconds.map(Duration::from_secs) else { continue };
        let mut after = MailboxId(0);
        loop {
            let reader = store.clone();
            let batch = tokio::task::spawn_blocking(move || {
                reader.read(|view| retention::mailboxes(view, special_use, after, RETENTION_MAILBOXES_MAX))
            });
            let mailboxes = batch.await.unwrap_or(Err(StoreError::Panicked))?;
            let Some(last) = mailboxes.last() else { break };
            after = *last;
            for mailbox in mailboxes {
                removed += sweep_mailbox(store, mailbox, period, now, draining).await?;
            }
        }
    }
    Ok(removed)
}

async fn sweep_mailbox(
    store: &Store,
    mailbox: MailboxId,
    period: Duration,
    now: Timestamp,
    draining: &watch::Receiver<bool>,
) -> Result<usize, StoreError> {
    let mut removed = 0;
    loop {
        if *draining.borrow() {
            return Ok(removed);
        }
        let (send, receive) = tokio::sync::oneshot::channel();
        store.submit(
            Vec::new(),
            move |tx, _| retention::sweep(tx, mailbox, period, now, STORE_BATCH_MESSAGES_MAX),
            move |result| {
                // Nobody waits any more if the server stops.
                let _ = send.send(result);
            },
        );
        match receive.await.unwrap_or(Err(StoreError::Closed)) {
            Ok((count, _durable)) => {
                removed += count;
                if count < STORE_BATCH_MESSAGES_MAX {
                    return Ok(removed);
                }
            }
            // Its owner deleted it meanwhile.
            Err(StoreError::NoMailbox) => return Ok(removed),
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::store::{Options, account, mailbox, message};
    use crate::vocabulary::mail::{Address, Flags};

    const DAY: i64 = 24 * 60 * 60 * 1000;

    /// A store with the one account `a@example.org`, and its Trash.
    fn store(folder: &std::path::Path) -> (Arc<Store>, MailboxId, MailboxId) {
        let store = Arc::new(Store::open(folder, Options::default()).unwrap());
        let address: Address = "a@example.org".parse().unwrap();
        let made = store.write_blocking(Vec::new(), move |tx, _| {
            let account = account::ensure(tx, &address, Timestamp(DAY))?;
            Ok((account.inbox, mailbox::find(tx, account.id, "Trash")?.unwrap().id))
        });
        let ((inbox, trash), _) = made.unwrap();
        (store, inbox, trash)
    }

    fn append(store: &Store, to: MailboxId, internal_date: Timestamp) {
        let mut staged = store.stage();
        staged.append(b"Subject: x\r\n\r\n").unwrap();
        let (_appended, _durable) = store
            .write_blocking(vec![staged], move |tx, contents| {
                message::append(tx, to, contents[0], &Flags::default(), internal_date)
            })
            .unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_message_stays_in_trash_for_its_period_whatever_its_date() {
        let folder = tempfile::tempdir().unwrap();
        let (store, inbox, trash) = store(&folder.path().join("store"));
        let periods = Retention { trash_seconds: Some(30 * 24 * 60 * 60), junk_seconds: None };
        let (_stop, running) = watch::channel(false);
        let count = |mailbox| store.read(|view| mailbox::status(view, mailbox)).unwrap().messages;
        append(&store, inbox, Timestamp(0));
        append(&store, trash, Timestamp(0));
        assert_eq!(sweep(&store, periods, Timestamp(100 * DAY), &running).await.unwrap(), 0, "seen for the first time");
        // A week later a message as old is thrown away.
        let moved = store.write_blocking(Vec::new(), move |tx, _| message::move_to(tx, inbox, &[1], trash));
        assert_eq!(moved.unwrap().0.uids.len(), 1);
        assert_eq!(sweep(&store, periods, Timestamp(107 * DAY), &running).await.unwrap(), 0);
        assert_eq!(sweep(&store, periods, Timestamp(130 * DAY - 1), &running).await.unwrap(), 0);
        let (call, called) = std::sync::mpsc::channel();
        let _subscription = store.changes().subscribe(trash, move || call.send(()).unwrap());
        assert_eq!(sweep(&store, periods, Timestamp(130 * DAY), &running).await.unwrap(), 1);
        called.recv_timeout(Duration::from_secs(30)).expect("open sessions hear of it");
        assert_eq!(count(trash), 1);
        assert_eq!(sweep(&store, periods, Timestamp(137 * DAY - 1), &running).await.unwrap(), 0);
        assert_eq!(sweep(&store, periods, Timestamp(137 * DAY), &running).await.unwrap(), 1);
        assert_eq!((count(trash), count(inbox)), (0, 0));
        assert!(store.read(crate::state::store::audit).unwrap().is_empty());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_has_no_period_stays_and_a_stop_interrupts() {
        let folder = tempfile::tempdir().unwrap();
        let (store, inbox, trash) = store(&folder.path().join("store"));
        append(&store, inbox, Timestamp(0));
        append(&store, trash, Timestamp(0));
        let (stop, running) = watch::channel(false);
        for day in [1, 1000] {
            let swept = sweep(&store, Retention::default(), Timestamp(day * DAY), &running).await;
            assert_eq!(swept.unwrap(), 0);
        }
        let periods = Retention { trash_seconds: Some(60), junk_seconds: Some(60) };
        assert_eq!(sweep(&store, periods, Timestamp(1001 * DAY), &running).await.unwrap(), 0);
        stop.send_replace(true);
        assert_eq!(sweep(&store, periods, Timestamp(1002 * DAY), &running).await.unwrap(), 0);
        stop.send_replace(false);
        // The clock jumps back: nothing is removed until a whole period has passed again.
        assert_eq!(sweep(&store, periods, Timestamp(500 * DAY), &running).await.unwrap(), 0);
        assert_eq!(sweep(&store, periods, Timestamp(500 * DAY + 59_000), &running).await.unwrap(), 0);
        assert_eq!(sweep(&store, periods, Timestamp(500 * DAY + 60_000), &running).await.unwrap(), 1);
        assert_eq!(store.read(|view| mailbox::status(view, inbox)).unwrap().messages, 1);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn marks_and_batches_are_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _, trash) = store(&folder.path().join("store"));
        let period = Duration::from_secs(200);
        let at = |second: i64| Timestamp(second * 1000);
        let step = |second: i64, limit: usize| {
            let swept =
                store.write_blocking(Vec::new(), move |tx, _| retention::sweep(tx, trash, period, at(second), limit));
            swept.unwrap().0
        };
        for second in 0..200 {
            append(&store, trash, at(second));
            assert_eq!(step(second, 10), 0);
        }
        // At 200 the first mark, made with the first message, is ripe; then one for each two messages.
        assert_eq!(step(200, 10), 1);
        assert_eq!(step(202, 1), 1, "as many as allowed");
        assert_eq!(step(202, 10), 1);
        assert_eq!(step(202, 10), 0);
    }
}
