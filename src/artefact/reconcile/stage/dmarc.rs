//! DMARC: from `none` over `quarantine` to `reject`, one step at a time.
//!
//! Whoever writes `reject` while `none` is published may have senders that he does not know of. Each step stands for a
//! period in which reports (RFC 7489 §7.2, daily) can tell. A weaker policy is published at once.

use std::time::Duration;

use super::Data;
use super::lineage::{Lineage, caches};
use crate::ground::clock::Timestamp;
use crate::plan::document::{DnsData, Profile};

/// How long a step is published before the next, in production: reports of two weeks show who sends once a week.
pub const STEP: Duration = Duration::from_secs(14 * 86_400);

/// `p=` and `sp=` in the order of their strictness.
const POLICIES: [&str; 3] = ["none", "quarantine", "reject"];

/// How strict a record is; `None` if it is no DMARC record.
pub fn strictness(text: &str) -> Option<usize> {
    tags(text).find(|(tag, _)| *tag == "p").and_then(|(_, value)| POLICIES.iter().position(|p| *p == value))
}

fn tags(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let text = text.strip_prefix("v=DMARC1").unwrap_or_default();
    text.split(';').filter_map(|tag| tag.split_once('=')).map(|(tag, value)| (tag.trim(), value.trim()))
}

fn of(data: &Data) -> Option<usize> {
    data.iter().find_map(|data| match data {
        DnsData::Txt(text) => strictness(text),
        _ => None,
    })
}

/// When the next step may be published; `None` before the current one was seen everywhere.
pub fn next_step(lineage: &Lineage, profile: Profile) -> Option<Timestamp> {
    let period = match profile {
        Profile::Lab => caches(lineage.longest_ttl_seconds),
        Profile::Production => STEP,
    };
    lineage.seen.map(|seen| seen.after(period))
}

/// What may be published now, on the way to `wanted`.
pub fn next(lineage: &Lineage, wanted: &Data, profile: Profile, now: Timestamp) -> Data {
    let (Some(published), Some(goal)) = (of(&lineage.current), of(wanted)) else { return wanted.clone() };
    if goal <= published {
        return wanted.clone();
    }
    let allowed = if next_step(lineage, profile).is_some_and(|at| at <= now) { published + 1 } else { published };
    wanted.iter().map(|data| capped(data, allowed)).collect()
}

fn capped(data: &DnsData, strictest: usize) -> DnsData {
    let DnsData::Txt(text) = data else { return data.clone() };
    if strictness(text).is_none() {
        return data.clone();
    }
    let cap = |tag: &str| {
        let Some((name, value)) = tag.split_once('=') else { return tag.to_owned() };
        match POLICIES.iter().position(|p| *p == value.trim()) {
            Some(rank) if matches!(name.trim(), "p" | "sp") && rank > strictest => {
                format!("{name}={}", POLICIES.get(strictest).unwrap_or(&"none"))
            }
            _ => tag.to_owned(),
        }
    };
    DnsData::Txt(text.split(';').map(cap).collect::<Vec<_>>().join(";"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn txt(text: &str) -> Data {
        Data::from([DnsData::Txt(text.to_owned())])
    }

    #[test]
    fn one_step_at_a_time() {
        let reject = txt("v=DMARC1; p=reject; sp=quarantine; rua=mailto:a@b.test");
        let mut lineage = Lineage::new("b.test", 60, txt("v=DMARC1; p=none; rua=mailto:a@b.test"), Timestamp(0));
        let at = |lineage: &Lineage, seconds: i64| next(lineage, &reject, Profile::Lab, Timestamp(seconds * 1000));
        assert_eq!(at(&lineage, 1_000), txt("v=DMARC1; p=none; sp=none; rua=mailto:a@b.test"), "not seen");
        lineage.seen = Some(Timestamp(1_000_000));
        assert_eq!(at(&lineage, 1_119), txt("v=DMARC1; p=none; sp=none; rua=mailto:a@b.test"));
        assert_eq!(at(&lineage, 1_120), txt("v=DMARC1; p=quarantine; sp=quarantine; rua=mailto:a@b.test"));
        lineage.current = txt("v=DMARC1; p=quarantine; rua=mailto:a@b.test");
        assert_eq!(at(&lineage, 1_120), reject);
        lineage.current = txt("v=DMARC1; p=reject");
        let none = txt("v=DMARC1; p=none");
        assert_eq!(next(&lineage, &none, Profile::Production, Timestamp(0)), none, "weaker at once");
    }
}
