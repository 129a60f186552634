//! Who wants to hear of changes. Called after the commit, on the writer's thread.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::MailboxId;

type Callback = Arc<dyn Fn() + Send + Sync>;

/// Subscriptions to mailboxes and to the queue. Clones share them.
#[derive(Clone, Default)]
pub struct Hub(Arc<Mutex<Watchers>>);

#[derive(Default)]
struct Watchers {
    next: u64,
    mailboxes: BTreeMap<(MailboxId, u64), Callback>,
    queue: BTreeMap<u64, Callback>,
}

/// Ends when dropped. A call that is already on its way may still come.
pub struct Subscription {
    watchers: Weak<Mutex<Watchers>>,
    mailbox: Option<MailboxId>,
    number: u64,
}

impl Hub {
    /// Calls `callback` after each commit that changed `mailbox` (deleted it, too). The callback must
    /// be quick and must not block: wake a task, nothing more.
    pub fn subscribe(&self, mailbox: MailboxId, callback: impl Fn() + Send + Sync + 'static) -> Subscription {
        self.add(Some(mailbox), Arc::new(callback))
    }

    /// Calls `callback` after each commit that gave the queue something new or earlier to do.
    pub fn subscribe_queue(&self, callback: impl Fn() + Send + Sync + 'static) -> Subscription {
        self.add(None, Arc::new(callback))
    }

    fn add(&self, mailbox: Option<MailboxId>, callback: Callback) -> Subscription {
        let mut watchers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = watchers.next;
        watchers.next += 1;
        match mailbox {
            Some(mailbox) => watchers.mailboxes.insert((mailbox, number), callback),
            None => watchers.queue.insert(number, callback),
        };
        Subscription { watchers: Arc::downgrade(&self.0), mailbox, number }
    }

    /// Tells everybody concerned, outside the lock, so that a callback may subscribe anew.
    pub(super) fn announce(&self, touched: &BTreeSet<MailboxId>, queue_work: bool) {
        let mut calls: Vec<Callback> = Vec::new();
        {
            let watchers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if !watchers.mailboxes.is_empty() {
                for mailbox in touched {
                    let range = (*mailbox, 0)..=(*mailbox, u64::MAX);
                    calls.extend(watchers.mailboxes.range(range).map(|(_, callback)| callback.clone()));
                }
            }
            if queue_work {
                calls.extend(watchers.queue.values().cloned());
            }
        }
        for call in calls {
            call();
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let Some(watchers) = self.watchers.upgrade() else { return };
        let mut watchers = watchers.lock().unwrap_or_else(PoisonError::into_inner);
        // Dropped after the lock is free, in case the callback owns something that takes it.
        let callback = match self.mailbox {
            Some(mailbox) => watchers.mailboxes.remove(&(mailbox, self.number)),
            None => watchers.queue.remove(&self.number),
        };
        drop(watchers);
        drop(callback);
    }
}
