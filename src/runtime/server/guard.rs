//! Against guessing and flooding: failed logins by source, submissions by account.
//!
//! Both are counted in memory and begin anew with the server; a reload keeps them. Time comes as a value.
//!
//! Known limits: connections that are open at the same time may each try once more than allowed, since a
//! failure counts when it is known. A login that succeeds takes nothing back, or whoever owns one account
//! could guess at all the others.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::ground::clock::Timestamp;
use crate::ground::limits::{LOGIN_SOURCES_MAX, PACED_ACCOUNTS_MAX};
use crate::plan::document::LoginFailures;
use crate::runtime::net::admission::source_of;
use crate::vocabulary::mail::Address;

/// Failed logins of all protocols. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct LoginGuard(Arc<Mutex<Sources>>);

#[derive(Debug, Default)]
struct Sources {
    /// Failures and the time of the first.
    failures: HashMap<IpAddr, (u32, Timestamp)>,
    /// The keys of `failures` in the order of their first failure.
    oldest: VecDeque<IpAddr>,
}

impl LoginGuard {
    /// Whether nobody at `peer` may log in now.
    pub fn refuses(&self, peer: IpAddr, limit: &LoginFailures, now: Timestamp) -> bool {
        if exempt(peer, limit) {
            return false;
        }
        let mut sources = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sources.forget(limit, now);
        sources.failures.get(&source_of(peer)).is_some_and(|(count, _)| *count >= limit.max)
    }

    /// Counts a failed login. True if it is the last that is allowed.
    pub fn failed(&self, peer: IpAddr, limit: &LoginFailures, now: Timestamp) -> bool {
        if exempt(peer, limit) {
            return false;
        }
        let source = source_of(peer);
        let mut sources = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sources.forget(limit, now);
        if !sources.failures.contains_key(&source) {
            if sources.failures.len() >= LOGIN_SOURCES_MAX
                && let Some(oldest) = sources.oldest.pop_front()
            {
                sources.failures.remove(&oldest);
            }
            sources.oldest.push_back(source);
        }
        let (count, _) = sources.failures.entry(source).or_insert((0, now));
        *count = count.saturating_add(1);
        *count == limit.max
    }
}

fn exempt(peer: IpAddr, limit: &LoginFailures) -> bool {
    limit.exempt.iter().any(|network| network.contains(peer))
}

impl Sources {
    fn forget(&mut self, limit: &LoginFailures, now: Timestamp) {
        let window = Duration::from_secs(limit.window_seconds);
        while let Some(source) = self.oldest.front() {
            // A clock that was set back lets the window begin anew instead of lasting for years.
            let over = self.failures.get(source).is_none_or(|(_, first)| *first > now || now.since(*first) >= window);
            if !over {
                return;
            }
            self.failures.remove(source);
            self.oldest.pop_front();
        }
    }
}

/// An hour, in slots that are forgotten one by one.
const SLOTS: usize = 12;
const SLOT_SECONDS: i64 = 5 * 60;

/// Submitted messages by account. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Pace(Arc<Mutex<HashMap<Address, Hour>>>);

#[derive(Debug, Default)]
struct Hour {
    /// Messages by slot, the newest last; the slot that is being filled and [`SLOTS`] before it, so that
    /// every full hour is within.
    slots: [u32; SLOTS + 1],
    newest: i64,
}

impl Pace {
    /// Whether `account` may submit another message now.
    pub fn allows(&self, account: &Address, per_hour_max: u32, now: Timestamp) -> bool {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.get_mut(account).is_none_or(|hour| hour.sent(now) < u64::from(per_hour_max))
    }

    /// Counts a message that `account` begins to submit, if it may.
    pub fn count(&self, account: &Address, per_hour_max: u32, now: Timestamp) -> bool {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if accounts.len() >= PACED_ACCOUNTS_MAX && !accounts.contains_key(account) {
            accounts.retain(|_, hour| hour.sent(now) > 0);
        }
        let hour = accounts.entry(account.clone()).or_default();
        let allowed = hour.sent(now) < u64::from(per_hour_max);
        if allowed && let Some(newest) = hour.slots.last_mut() {
            *newest = newest.saturating_add(1);
        }
        allowed
    }
}

impl Hour {
    /// The messages of the last hour, and of up to a slot before it.
    fn sent(&mut self, now: Timestamp) -> u64 {
        let slot = now.seconds().div_euclid(SLOT_SECONDS);
        let passed = usize::try_from(slot - self.newest).unwrap_or(0).min(self.slots.len());
        // A clock that was set back adds to the newest slot until it has caught up, at most an hour's worth.
        if slot > self.newest || self.newest - slot > SLOTS as i64 {
            self.newest = slot;
        }
        self.slots.rotate_left(passed);
        self.slots.iter_mut().rev().take(passed).for_each(|emptied| *emptied = 0);
        self.slots.iter().map(|count| u64::from(*count)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp((1_795_000_000 + seconds) * 1000)
    }

    const LIMIT: &LoginFailures = &LoginFailures { max: 3, window_seconds: 600, exempt: Vec::new() };
    const ONE: &LoginFailures = &LoginFailures { max: 1, window_seconds: 600, exempt: Vec::new() };

    #[test]
    fn a_source_that_failed_too_often_waits_for_the_windows_end() {
        let guard = LoginGuard::default();
        let (a, b): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        assert!(!guard.failed(a, LIMIT, at(0)));
        assert!(!guard.failed(a, LIMIT, at(300)));
        assert!(!guard.refuses(a, LIMIT, at(300)));
        assert!(guard.failed(a, LIMIT, at(301)), "the third is the last");
        assert!(guard.refuses(a, LIMIT, at(599)));
        assert!(!guard.refuses(b, LIMIT, at(599)));
        assert!(!guard.refuses(a, LIMIT, at(600)));
        assert!(!guard.failed(a, LIMIT, at(600)), "and counting begins anew");
    }

    #[test]
    fn a_whole_64_is_one_source() {
        let guard = LoginGuard::default();
        for host in 1..=3 {
            guard.failed(format!("2001:db8::{host}").parse().unwrap(), LIMIT, at(0));
        }
        assert!(guard.refuses("2001:db8::ffff".parse().unwrap(), LIMIT, at(1)));
        assert!(!guard.refuses("2001:db8:0:1::1".parse().unwrap(), LIMIT, at(1)));
        guard.failed("::ffff:192.0.2.1".parse().unwrap(), ONE, at(1));
        assert!(guard.refuses("192.0.2.1".parse().unwrap(), ONE, at(1)));
    }

    #[test]
    fn an_exempt_network_guesses_as_it_likes() {
        let guard = LoginGuard::default();
        let limit = LoginFailures { exempt: vec!["192.0.2.0/28".parse().unwrap()], ..ONE.clone() };
        let (inside, outside): (IpAddr, IpAddr) = ("::ffff:192.0.2.15".parse().unwrap(), "192.0.2.16".parse().unwrap());
        for peer in [inside, outside] {
            guard.failed(peer, &limit, at(0));
        }
        assert!(!guard.refuses(inside, &limit, at(1)) && guard.refuses(outside, &limit, at(1)));
        assert!(!guard.refuses(inside, ONE, at(1)), "nor was it counted");
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_goes_first() {
        let guard = LoginGuard::default();
        let source = |n: usize| IpAddr::from(u32::try_from(n).unwrap().to_be_bytes());
        for n in 0..=LOGIN_SOURCES_MAX {
            guard.failed(source(n), ONE, at(0));
        }
        assert!(!guard.refuses(source(0), ONE, at(0)));
        assert!(guard.refuses(source(1), ONE, at(0)) && guard.refuses(source(LOGIN_SOURCES_MAX), ONE, at(0)));
        assert_eq!(guard.0.lock().unwrap().failures.len(), LOGIN_SOURCES_MAX);
        assert!(!guard.refuses(source(1), ONE, at(600)));
        assert!(guard.0.lock().unwrap().failures.is_empty() && guard.0.lock().unwrap().oldest.is_empty());
    }

    #[test]
    fn a_clock_set_back_locks_nobody_out_for_long() {
        let guard = LoginGuard::default();
        let a: IpAddr = "192.0.2.1".parse().unwrap();
        guard.failed(a, ONE, at(1_000_000));
        assert!(!guard.refuses(a, ONE, at(0)));
    }

    #[test]
    fn no_hour_holds_more_messages_than_allowed() {
        let (pace, account) = (Pace::default(), "a@example.org".parse().unwrap());
        // Tries every ten seconds for five hours.
        let sent: Vec<i64> = (0..1800).map(|n| n * 10).filter(|n| pace.count(&account, 20, at(*n))).collect();
        assert!(sent.iter().all(|begin| sent.iter().filter(|n| (*begin..begin + 3600).contains(*n)).count() <= 20));
        assert!(sent.len() >= 80, "an hour lasts little more than an hour: {}", sent.len());
        assert!(pace.allows(&"b@example.org".parse().unwrap(), 20, at(0)));
    }

    #[test]
    fn asking_does_not_count() {
        let (pace, account) = (Pace::default(), "a@example.org".parse().unwrap());
        assert!((0..9).all(|_| pace.allows(&account, 1, at(0))));
        assert!(pace.count(&account, 1, at(0)));
        assert!(!pace.allows(&account, 1, at(3599)) && !pace.count(&account, 1, at(3599)));
        assert!(pace.allows(&account, 1, at(3900)));
        assert!(!Pace::default().count(&account, 0, at(0)));
    }
}
