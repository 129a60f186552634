//! When an authority is asked, and when not: arithmetic on times alone.
//!
//! A certificate is renewed when two thirds of its life are over, or when the authority's renewal information says
//! (RFC 9773 §4.2). After a failure the pause doubles, with jitter, from a quarter of an hour to a day: Let's Encrypt
//! takes five failed validations of a name in an hour, and lifts no limit for whoever is in a hurry.

use std::time::Duration;

use super::super::pair::Pair;
use super::super::standing::Standing;
use crate::ground::clock::Timestamp;

/// After the first failure.
const PAUSE_MIN: Duration = Duration::from_secs(15 * 60);
const PAUSE_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// Who runs into a limit of the authority rests as after so many failures: two hours and more (RFC 8555 §6.6).
pub const FAILURES_OF_A_LIMIT: u32 = 4;
/// Between two orders that nobody asked for. Let's Encrypt issues five certificates of the same names in a week.
const ORDER_PAUSE: Duration = Duration::from_secs(60 * 60);
/// Between an order and one that somebody asks for by hand; the latter waits.
pub const ASKED_PAUSE: Duration = Duration::from_secs(5);
/// RFC 9773 §4.3.2: what `Retry-After` may say.
const INFO_PAUSE_MIN: Duration = Duration::from_secs(60);
const INFO_PAUSE_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// RFC 9773 §4.3.3: after an answer that cannot be used, six hours.
pub const INFO_PAUSE_FAILED: Duration = Duration::from_secs(6 * 60 * 60);

/// Why a certificate is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The plan's authority has not issued the served one.
    First,
    /// The plan has other names.
    Names,
    Renewal,
}

/// What an automatic order depends on.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    pub standing: &'a Standing,
    pub served: Option<&'a Pair>,
    pub directory: &'a str,
    /// Lower case.
    pub names: &'a [String],
}

impl Case<'_> {
    /// Why to order at `now`; `None`: not yet.
    pub fn due(self, now: Timestamp) -> Option<Reason> {
        if self.standing.next_try.is_some_and(|next| now < next) {
            return None;
        }
        let Some(served) = self.served.filter(|pair| self.standing.is_of(self.directory, pair)) else {
            return Some(Reason::First);
        };
        let left_out = &self.standing.left_out;
        if !self.names.iter().all(|name| left_out.contains(name) || served.covers(name)) {
            return Some(Reason::Names);
        }
        let rested = self.standing.tried.is_none_or(|tried| now >= tried.after(ORDER_PAUSE));
        (rested && now >= self.renewal(served)).then_some(Reason::Renewal)
    }

    /// Whether to look if the names that were left out lead somewhere by now.
    pub fn look_again(self, now: Timestamp) -> bool {
        let rested = self.standing.tried.is_none_or(|tried| now >= tried.after(ORDER_PAUSE));
        rested && self.standing.next_try.is_none() && !self.standing.left_out.is_empty()
    }

    /// When the served certificate is to be renewed.
    pub fn renewal(self, served: &Pair) -> Timestamp {
        let usual = two_thirds(served.not_before, served.not_after);
        // Whatever the authority suggests, a certificate must not end here.
        let last = Timestamp(served.not_after.saturating_mul(1000));
        self.standing.renew_at.map_or(usual, |said| said.min(last))
    }
}

/// When two thirds of a life are over; both in seconds since the epoch.
pub fn two_thirds(not_before: i64, not_after: i64) -> Timestamp {
    let life = not_after.saturating_sub(not_before).max(0);
    Timestamp(not_before.saturating_add(life / 3 * 2).saturating_mul(1000))
}

/// Whether more than nine tenths of a life are over: a renewal has failed for long.
pub fn urgent(served: &Pair, now: Timestamp) -> bool {
    let life = served.not_after.saturating_sub(served.not_before);
    served.not_after.saturating_sub(now.seconds()) < life / 10
}

/// The pause after `failures` in a row, between three quarters and five quarters of its middle. `chance` is from 0 to 1.
pub fn pause(failures: u32, chance: f64) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let middle = PAUSE_MIN.saturating_mul(1 << doublings).min(PAUSE_MAX);
    middle.mul_f64(0.75 + chance.clamp(0.0, 1.0) / 2.0)
}

/// RFC 9773 §4.2: a moment of the suggested window by chance; at once if it is over.
pub fn within(start: Timestamp, end: Timestamp, chance: f64) -> Timestamp {
    let width = end.since(start);
    start.after(width.mul_f64(chance.clamp(0.0, 1.0)))
}

/// When to ask for renewal information again.
pub fn info_pause(retry_after: Duration) -> Duration {
    retry_after.clamp(INFO_PAUSE_MIN, INFO_PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "https://ca.test/dir";
    const HOUR: u64 = 60 * 60;

    fn pair() -> Pair {
        let mut params = rcgen::CertificateParams::new(vec!["a.test".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2026, 4, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        let chain = params.self_signed(&key).unwrap().pem();
        Pair::from_pem(chain.as_bytes(), key.serialize_pem().as_bytes()).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    fn due(standing: &Standing, names: &[&str], now: &str) -> Option<Reason> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let served = pair();
        let mut standing = standing.clone();
        if let Some(directory) = standing.issued_by.clone() {
            standing.issued(&directory, served.fingerprint());
        }
        Case { standing: &standing, served: Some(&served), directory: HERE, names: &names }.due(at(now))
    }

    fn issued() -> Standing {
        Standing { issued_by: Some(HERE.to_owned()), ..Standing::default() }
    }

    #[test]
    fn a_certificate_is_renewed_at_two_thirds_of_its_life() {
        // 90 days: 60 of them end on 2 March.
        assert_eq!(two_thirds(0, 90), Timestamp(60_000));
        assert_eq!(two_thirds(90, 0), Timestamp(90_000), "a life that ends before it begins");
        assert_eq!(due(&issued(), &["a.test"], "2026-03-01T23:59:59Z"), None);
        assert_eq!(due(&issued(), &["a.test"], "2026-03-02T00:00:00Z"), Some(Reason::Renewal));
    }

    #[test]
    fn the_last_tenth_of_a_life_is_urgent() {
        assert!(!urgent(&pair(), at("2026-03-22T23:00:00Z")));
        assert!(urgent(&pair(), at("2026-03-23T01:00:00Z")));
    }

    #[test]
    fn the_authority_may_say_when() {
        let early = Standing { renew_at: Some(at("2026-01-05T00:00:00Z")), ..issued() };
        assert_eq!(due(&early, &["a.test"], "2026-01-05T00:00:00Z"), Some(Reason::Renewal));
        let late = Standing { renew_at: Some(at("2030-01-01T00:00:00Z")), ..issued() };
        assert_eq!(due(&late, &["a.test"], "2026-03-20T00:00:00Z"), None);
        assert_eq!(due(&late, &["a.test"], "2026-04-01T00:00:00Z"), Some(Reason::Renewal), "before it ends, at last");
    }

    #[test]
    fn other_names_and_another_authority_are_reasons() {
        assert_eq!(due(&issued(), &["a.test", "b.test"], "2026-01-02T00:00:00Z"), Some(Reason::Names));
        assert_eq!(due(&Standing::default(), &["a.test"], "2026-01-02T00:00:00Z"), Some(Reason::First));
        let other = Standing { issued_by: Some("https://staging.test/dir".to_owned()), ..Standing::default() };
        assert_eq!(due(&other, &["a.test"], "2026-01-02T00:00:00Z"), Some(Reason::First));
    }

    #[test]
    fn a_certificate_of_somebody_else_is_no_certificate_of_the_authority() {
        let mut standing = issued();
        standing.issued(HERE, "of another certificate".to_owned());
        let served = pair();
        let case = Case { standing: &standing, served: Some(&served), directory: HERE, names: &[] };
        assert_eq!(case.due(at("2026-01-02T00:00:00Z")), Some(Reason::First));
    }

    #[test]
    fn names_that_lead_nowhere_are_no_reason_and_are_looked_for_again() {
        let standing =
            Standing { left_out: vec!["b.test".to_owned()], tried: Some(at("2026-01-02T00:00:00Z")), ..issued() };
        assert_eq!(due(&standing, &["a.test", "b.test"], "2026-01-02T00:10:00Z"), None);
        assert_eq!(due(&standing, &["a.test", "c.test"], "2026-01-02T00:10:00Z"), Some(Reason::Names));
        let case = Case { standing: &standing, served: None, directory: HERE, names: &[] };
        assert!(!case.look_again(at("2026-01-02T00:59:59Z")));
        assert!(case.look_again(at("2026-01-02T01:00:00Z")));
    }

    #[test]
    fn nothing_is_tried_before_its_time() {
        let waits = Standing { next_try: Some(at("2026-03-05T00:00:00Z")), ..Standing::default() };
        assert_eq!(due(&waits, &["a.test"], "2026-03-04T23:59:59Z"), None);
        assert_eq!(due(&waits, &["a.test"], "2026-03-05T00:00:00Z"), Some(Reason::First));
        let just = Standing { tried: Some(at("2026-03-10T00:00:00Z")), ..issued() };
        assert_eq!(due(&just, &["a.test"], "2026-03-10T00:59:59Z"), None, "an authority that issues old ones");
        assert_eq!(due(&just, &["a.test"], "2026-03-10T01:00:00Z"), Some(Reason::Renewal));
    }

    #[test]
    fn pauses_double_up_to_a_day_and_vary() {
        assert_eq!(pause(1, 0.5), Duration::from_secs(HOUR / 4));
        assert_eq!(pause(3, 0.5), Duration::from_secs(HOUR));
        for failures in [8, 100, u32::MAX] {
            assert_eq!(pause(failures, 0.5), Duration::from_secs(24 * HOUR));
        }
        assert_eq!((pause(2, 0.0), pause(2, 1.0)), (PAUSE_MIN.mul_f64(1.5), PAUSE_MIN.mul_f64(2.5)));
        // In the first hour at most four tries, whatever the chance.
        assert!(pause(1, 0.0) + pause(2, 0.0) + pause(3, 0.0) > Duration::from_secs(HOUR));
    }

    #[test]
    fn windows_and_pauses_of_renewal_information_are_bounded() {
        let (start, end) = (Timestamp(1_000), Timestamp(3_000));
        assert_eq!(within(start, end, 0.5), Timestamp(2_000));
        assert_eq!((within(start, end, -1.0), within(start, end, 7.0)), (start, end));
        assert_eq!(within(end, start, 0.5), end, "a window that ends before it begins");
        assert_eq!(info_pause(Duration::ZERO), Duration::from_secs(60));
        assert_eq!(info_pause(Duration::from_secs(u64::MAX)), Duration::from_secs(24 * HOUR));
    }
}
