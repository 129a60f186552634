//! When a deferred recipient is tried again, and when no more (RFC 5321 §4.5.4.1).

use std::time::Duration;

use crate::ground::clock::Timestamp;

/// The waits between attempts and the end of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    waits: Vec<Duration>,
    lifetime: Duration,
}

/// What follows a temporary failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Too old: give up, tell the sender.
    Expired,
    Retry(Timestamp),
}

/// The wait where the plan gives none.
const WAIT_DEFAULT: Duration = Duration::from_secs(30 * 60);

impl Schedule {
    /// `retry_after_seconds`: the wait after the first, second, ... failed attempt; the last repeats.
    pub fn new(retry_after_seconds: &[u64], lifetime_seconds: u64) -> Self {
        let waits = retry_after_seconds.iter().map(|s| Duration::from_secs((*s).max(1))).collect();
        Self { waits, lifetime: Duration::from_secs(lifetime_seconds) }
    }

    /// When a message received at `received` expires.
    pub fn expires(&self, received: Timestamp) -> Timestamp {
        received.after(self.lifetime)
    }

    /// After the `attempts`-th failed attempt (from 1) that ended `now`. The last attempt before the end is
    /// made at the end itself, so that the whole lifetime is used.
    pub fn after_failure(&self, attempts: u32, now: Timestamp, expires: Timestamp) -> Next {
        if now >= expires {
            return Next::Expired;
        }
        let at = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
        let wait = self.waits.get(at).or(self.waits.last()).copied().unwrap_or(WAIT_DEFAULT);
        Next::Retry(now.after(wait).min(expires))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc5321_4_5_4_1_waits_grow_and_end() {
        let schedule = Schedule::new(&[60, 300], 1000);
        let at = |seconds: i64| Timestamp(seconds * 1000);
        let expires = schedule.expires(at(0));
        assert_eq!(expires, at(1000));
        assert_eq!(schedule.after_failure(1, at(0), expires), Next::Retry(at(60)));
        assert_eq!(schedule.after_failure(2, at(60), expires), Next::Retry(at(360)));
        assert_eq!(schedule.after_failure(9, at(400), expires), Next::Retry(at(700)));
        assert_eq!(schedule.after_failure(9, at(900), expires), Next::Retry(at(1000)), "the end is used");
        assert_eq!(schedule.after_failure(9, at(1000), expires), Next::Expired);
    }

    #[test]
    fn an_empty_or_zero_schedule_does_not_spin() {
        let now = Timestamp(0);
        assert_eq!(
            Schedule::new(&[], 9999).after_failure(1, now, Timestamp(i64::MAX)),
            Next::Retry(now.after(WAIT_DEFAULT))
        );
        assert_eq!(Schedule::new(&[0], 9999).after_failure(1, now, Timestamp(i64::MAX)), Next::Retry(Timestamp(1000)));
    }
}
