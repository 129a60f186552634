//! Tells the kernel who guesses passwords, where the plan has an abuse set.
//!
//! A login never waits for it: bans go into a bounded queue that one thread empties, and what does not fit is let go,
//! since the server itself refuses those addresses anyway ([`super::guard`]). A kernel that cannot be told is logged
//! once, until it can be told again.

use std::net::IpAddr;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};

use crate::ground::limits::{ABUSE_BATCH_MAX, ABUSE_QUEUE_MAX};
use crate::runtime::net::admission::source_of;
use crate::runtime::net::packet_filter::{self, Ban, FilterError};

/// Where bans go. Cheap to clone; the thread begins with the first ban and ends with the last clone.
#[derive(Debug, Clone, Default)]
pub struct AbuseFeed(Arc<OnceLock<SyncSender<Ban>>>);

impl AbuseFeed {
    /// Has the kernel refuse whoever comes from where `peer` is, for a while. Never waits.
    pub fn ban(&self, peer: IpAddr, seconds: u64) {
        let _ = self.0.get_or_init(|| begin(packet_filter::ban)).try_send(Ban { source: source_of(peer), seconds });
    }
}

fn begin(tell: impl Fn(&[Ban]) -> Result<(), FilterError> + Send + 'static) -> SyncSender<Ban> {
    let (sender, receiver) = sync_channel(ABUSE_QUEUE_MAX);
    std::thread::spawn(move || feed(&receiver, tell));
    sender
}

fn feed(bans: &Receiver<Ban>, tell: impl Fn(&[Ban]) -> Result<(), FilterError>) {
    let mut failing = false;
    while let Ok(first) = bans.recv() {
        let batch: Vec<Ban> = std::iter::once(first).chain(bans.try_iter()).take(ABUSE_BATCH_MAX).collect();
        match tell(&batch) {
            Ok(()) => {
                failing = false;
                tracing::info!(addresses = batch.len(), "the packet filter refuses who guessed passwords");
            }
            Err(error) if !failing => {
                failing = true;
                tracing::warn!(%error, "the packet filter was not told who guesses passwords; the server refuses them by itself");
            }
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::{Duration, Instant};

    use super::*;

    fn feed_of(sender: SyncSender<Ban>) -> AbuseFeed {
        AbuseFeed(Arc::new(OnceLock::from(sender)))
    }

    #[test]
    fn a_kernel_that_does_not_answer_keeps_nobody_waiting() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let gate = told.clone();
        let held = told.lock().unwrap();
        let feed = feed_of(begin(move |bans: &[Ban]| {
            gate.lock().unwrap().extend_from_slice(bans);
            Ok(())
        }));
        let start = Instant::now();
        for n in 0..ABUSE_QUEUE_MAX as u32 * 3 {
            feed.ban(IpAddr::from(n.to_be_bytes()), 60);
        }
        assert!(start.elapsed() < Duration::from_secs(5));
        drop(held);
        drop(feed);
        while Arc::strong_count(&told) > 1 {
            std::thread::sleep(Duration::from_millis(5));
        }
        let told = told.lock().unwrap();
        let most = ABUSE_QUEUE_MAX + ABUSE_BATCH_MAX;
        assert!((ABUSE_QUEUE_MAX..=most).contains(&told.len()), "{}", told.len());
    }

    #[test]
    fn a_failure_does_not_end_the_feed() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let to = told.clone();
        let sender = begin(move |bans: &[Ban]| {
            to.lock().unwrap().extend_from_slice(bans);
            Err(FilterError::Missing("nft".to_owned()))
        });
        for n in 1..=3_u8 {
            sender.send(Ban { source: [192, 0, 2, n].into(), seconds: 60 }).unwrap();
        }
        drop(sender);
        while Arc::strong_count(&told) > 1 {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(told.lock().unwrap().len(), 3);
    }
}
