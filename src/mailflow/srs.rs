//! Sender Rewriting Scheme (SRS, libsrs2's `SRS0` and `SRS1` forms): a sender of ours that holds another's.
//!
//! A forwarded message cannot keep its reverse-path, because the next server checks SPF for it (RFC 7208
//! §D.2). It leaves as `SRS0=TAG=DAY=domain=local@ours`; a bounce to that comes back here, is verified and
//! goes on to `local@domain`. A sender that another forwarder has rewritten already becomes
//! `SRS1=TAGDAY=forwarder=REST@ours`, REST being what stood behind its `SRS0`; its bounces go to that
//! forwarder, which knows the sender.
//!
//! TAG is 40 bits of an HMAC-SHA-256 over everything else and DAY the day of rewriting, both in base32
//! (RFC 4648 §6), which survives servers that change the case of a local part. The tag is over lower case for
//! the same reason. The schemes of others put no day into `SRS1`; here it stands in the field that only
//! the maker reads.
//!
//! Invariants (property tests below): what was rewritten reverses for [`limits::SRS_DAYS_MAX`] days and no
//! longer; whatever was not made with the key reverses never; an address that was rewritten here is not
//! rewritten again, so it does not grow in a circle.
//!
//! Known limit: a sender too long to be held ([`limits::PATH_OCTETS_MAX`]) is not rewritten.

use std::fmt;

use aws_lc_rs::hmac;
use subtle::ConstantTimeEq;

use crate::ground::clock::Timestamp;
use crate::ground::limits;
use crate::ground::secret::Secret;
use crate::vocabulary::mail::{Address, Domain, LocalPart};

/// Octets of the HMAC that the tag shows; 2^40 guesses by mail, each refused at RCPT TO.
const TAG_OCTETS: usize = 5;
/// Base32 characters of the tag.
const TAG_CHARACTERS: usize = 8;
/// RFC 4648 §6.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Days that two base32 characters can count before they begin again.
const DAYS: i64 = 1024;
const DAY_SECONDS: i64 = 24 * 60 * 60;

/// Rewrites with one key for one domain. Cheap to clone.
#[derive(Clone)]
pub struct Rewriter {
    domain: Domain,
    key: hmac::Key,
}

/// Why an address cannot be reversed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReversalError {
    #[error("the return address has expired")]
    Expired,
    #[error("the return address was not made here")]
    Forged,
}

/// Whether `address` has the form of a rewritten one, of ours or of another's.
pub fn is_rewritten(address: &Address) -> bool {
    Form::of(address.local.as_str()).is_some()
}

/// The two forms, with what stands behind `SRS0` or `SRS1`, the separator first.
#[derive(Clone, Copy)]
enum Form<'a> {
    First(&'a str),
    Next(&'a str),
}

impl<'a> Form<'a> {
    fn of(local: &'a str) -> Option<Self> {
        let (name, rest) = local.split_at_checked(4)?;
        // The separator behind the name may be any of three; within, it is `=`.
        if !rest.starts_with(['=', '+', '-']) {
            return None;
        }
        match name.to_ascii_uppercase().as_str() {
            "SRS0" => Some(Self::First(rest)),
            "SRS1" => Some(Self::Next(rest)),
            _ => None,
        }
    }
}

impl Rewriter {
    /// `key` as long as it is, at least [`limits::SRS_KEY_OCTETS_MIN`] if it shall not be guessed.
    pub fn new(domain: Domain, key: &Secret) -> Self {
        Self { domain, key: hmac::Key::new(hmac::HMAC_SHA256, key.expose()) }
    }

    /// The sender under which a message from `sender` is forwarded at `at`; itself if it was rewritten here
    /// before. `None` if it is too long to be held.
    pub fn rewrite(&self, sender: &Address, at: Timestamp) -> Option<Address> {
        let day = day_of(at);
        let local = match Form::of(sender.local.as_str()) {
            Some(_) if sender.domain == self.domain => return Some(sender.clone()),
            Some(Form::First(rest)) => self.next(&day, sender.domain.as_str(), rest),
            Some(Form::Next(rest)) => match forwarder(rest) {
                // The forwarder between is left out: it would only pass the bounce on.
                Some((_, host, rest)) => self.next(&day, host.as_str(), rest),
                None => self.first(&day, sender),
            },
            None => self.first(&day, sender),
        };
        let fits = local.len() + 1 + self.domain.as_str().len() <= limits::PATH_OCTETS_MAX;
        let local = LocalPart::from_unquoted(&local).ok().filter(|_| fits)?;
        Some(Address { local, domain: self.domain.clone() })
    }

    /// Whom a bounce to `address`, which is at our domain, is for.
    ///
    /// # Errors
    /// [`ReversalError`].
    pub fn reverse(&self, address: &Address, at: Timestamp) -> Result<Address, ReversalError> {
        match Form::of(address.local.as_str()) {
            Some(Form::First(rest)) => self.reverse_first(rest, at),
            Some(Form::Next(rest)) => self.reverse_next(rest, at),
            None => Err(ReversalError::Forged),
        }
    }

    fn first(&self, day: &str, sender: &Address) -> String {
        let held = format!("{day}={}={}", sender.domain, sender.local.as_str());
        format!("SRS0={}={held}", self.tag("srs0", &held))
    }

    fn next(&self, day: &str, forwarder: &str, rest: &str) -> String {
        let tag = self.tag("srs1", &format!("{day}={forwarder}={rest}"));
        format!("SRS1={tag}{day}={forwarder}={rest}")
    }

    fn reverse_first(&self, rest: &str, at: Timestamp) -> Result<Address, ReversalError> {
        let (tag, held) = rest.get(1..).and_then(|fields| fields.split_once('=')).ok_or(ReversalError::Forged)?;
        self.verify("srs0", held, tag)?;
        let mut fields = held.splitn(3, '=');
        let (Some(day), Some(domain), Some(local)) = (fields.next(), fields.next(), fields.next()) else {
            return Err(ReversalError::Forged);
        };
        fresh(day, at)?;
        address(local, domain).ok_or(ReversalError::Forged)
    }

    fn reverse_next(&self, rest: &str, at: Timestamp) -> Result<Address, ReversalError> {
        let (maker, host, rest) = forwarder(rest).ok_or(ReversalError::Forged)?;
        let (tag, day) = maker.split_at_checked(TAG_CHARACTERS).ok_or(ReversalError::Forged)?;
        self.verify("srs1", &format!("{day}={host}={rest}"), tag)?;
        fresh(day, at)?;
        address(&format!("SRS0{rest}"), host.as_str()).ok_or(ReversalError::Forged)
    }

    fn verify(&self, form: &str, held: &str, tag: &str) -> Result<(), ReversalError> {
        let right = self.tag(form, held);
        match bool::from(right.as_bytes().ct_eq(tag.to_ascii_uppercase().as_bytes())) {
            true => Ok(()),
            false => Err(ReversalError::Forged),
        }
    }

    fn tag(&self, form: &str, held: &str) -> String {
        let octets = hmac::sign(&self.key, format!("{form}={held}").to_ascii_lowercase().as_bytes());
        let number = octets.as_ref().iter().take(TAG_OCTETS).fold(0, |number, octet| number << 8 | u64::from(*octet));
        base32(number, TAG_CHARACTERS)
    }
}

impl fmt::Debug for Rewriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rewriter").field("domain", &self.domain).finish_non_exhaustive()
    }
}

/// What the maker of an `SRS1` put in, the first forwarder, and what stood behind its `SRS0`.
fn forwarder(rest: &str) -> Option<(&str, Domain, &str)> {
    let (maker, rest) = rest.get(1..)?.split_once('=')?;
    let (host, rest) = rest.split_once('=')?;
    let host: Domain = host.parse().ok()?;
    rest.starts_with(['=', '+', '-']).then_some((maker, host, rest))
}

fn address(local: &str, domain: &str) -> Option<Address> {
    Some(Address { local: LocalPart::from_unquoted(local).ok()?, domain: domain.parse().ok()? })
}

fn day_of(at: Timestamp) -> String {
    base32(day_number(at).unsigned_abs(), 2)
}

fn day_number(at: Timestamp) -> i64 {
    at.seconds().div_euclid(DAY_SECONDS).rem_euclid(DAYS)
}

/// The lowest `characters` digits of `number`, the highest first.
fn base32(number: u64, characters: usize) -> String {
    let digit = |n: usize| {
        let at = usize::try_from(number >> (5 * n) & 31).unwrap_or(0);
        char::from(BASE32.get(at).copied().unwrap_or(b'A'))
    };
    (0..characters).rev().map(digit).collect()
}

fn fresh(day: &str, at: Timestamp) -> Result<(), ReversalError> {
    let mut number = 0;
    for character in day.to_ascii_uppercase().bytes() {
        let digit = BASE32.iter().position(|known| *known == character).ok_or(ReversalError::Forged)?;
        number = (number * 32 + i64::try_from(digit).unwrap_or(0)) % DAYS;
    }
    match (day_number(at) - number).rem_euclid(DAYS) <= i64::from(limits::SRS_DAYS_MAX) {
        true => Ok(()),
        false => Err(ReversalError::Expired),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp(1_795_000_000_000);

    fn rewriter() -> Rewriter {
        Rewriter::new("srs.example.org".parse().unwrap(), &Secret::new(*b"0123456789abcdef"))
    }

    fn parsed(text: &str) -> Address {
        text.parse().unwrap()
    }

    fn days(count: i64) -> Timestamp {
        Timestamp(NOW.0 + count * DAY_SECONDS * 1000)
    }

    #[test]
    fn a_sender_is_held_and_given_back() {
        let rewritten = rewriter().rewrite(&parsed("Joe.User@example.net"), NOW).unwrap();
        let text = rewritten.to_string();
        assert!(text.starts_with("SRS0=") && text.ends_with("=example.net=Joe.User@srs.example.org"), "{text}");
        assert_eq!(text.split('=').nth(1).unwrap().len(), TAG_CHARACTERS);
        assert_eq!(rewriter().reverse(&rewritten, NOW), Ok(parsed("Joe.User@example.net")));
        assert!(is_rewritten(&rewritten));
        assert!(!is_rewritten(&parsed("srs0x@example.org")) && !is_rewritten(&parsed("srs@example.org")));
    }

    #[test]
    fn a_chain_of_forwarders_stays_short() {
        let first = parsed("SRS0+HHH=TT=example.net=joe@one.example");
        let second = rewriter().rewrite(&first, NOW).unwrap();
        let text = second.to_string();
        assert!(text.starts_with("SRS1=") && text.ends_with("=one.example=+HHH=TT=example.net=joe@srs.example.org"));
        assert_eq!(rewriter().reverse(&second, NOW), Ok(first.clone()));
        assert_eq!(rewriter().reverse(&second, days(22)), Err(ReversalError::Expired));
        // A forwarder behind us makes one of its own from it, and we one of that: always the first is held.
        let third = parsed("SRS1=XXXX=one.example=+HHH=TT=example.net=joe@three.example");
        assert_eq!(rewriter().reverse(&rewriter().rewrite(&third, NOW).unwrap(), NOW), Ok(first));
        // Something that only looks like one is a sender like any other.
        let odd = parsed("srs1=nothing@example.net");
        assert_eq!(rewriter().reverse(&rewriter().rewrite(&odd, NOW).unwrap(), NOW), Ok(odd));
    }

    #[test]
    fn what_is_rewritten_here_is_not_rewritten_again() {
        let once = rewriter().rewrite(&parsed("joe@example.net"), NOW).unwrap();
        assert_eq!(rewriter().rewrite(&once, days(3)), Some(once));
    }

    #[test]
    fn a_sender_too_long_to_be_held_is_left() {
        let long = |local: usize| parsed(&format!("{}@{}.example", "a".repeat(local), "b".repeat(60)));
        assert!(rewriter().rewrite(&long(64), NOW).is_some(), "RFC 5321 §4.5.3.1.1 fits");
        assert!(rewriter().rewrite(&long(180), NOW).is_none());
    }

    #[test]
    fn the_days_begin_again_and_nothing_else_does() {
        // The last day that two digits count.
        let last = Timestamp((DAYS * 18 - 1) * DAY_SECONDS * 1000);
        let rewritten = rewriter().rewrite(&parsed("joe@example.net"), last).unwrap();
        let later = |count: i64| Timestamp(last.0 + count * DAY_SECONDS * 1000);
        assert!(rewriter().reverse(&rewritten, later(21)).is_ok());
        assert_eq!(rewriter().reverse(&rewritten, later(22)), Err(ReversalError::Expired));
        assert_eq!(rewriter().reverse(&rewritten, later(-1)), Err(ReversalError::Expired), "not made yet");
    }

    fn sender() -> impl Strategy<Value = Address> {
        let local = prop_oneof!["[a-zA-Z0-9.=+_-]{1,40}", "SRS0[=+-][a-z0-9=.]{0,30}", "[ -~]{1,40}", "ж[a-я]{0,9}"];
        let domain =
            prop_oneof!["[a-z]{1,10}\\.example", Just("[192.0.2.1]".to_owned()), Just("bücher.example".into())];
        (local, domain).prop_filter_map("an address", |(local, domain)| address(&local, &domain))
    }

    proptest! {
        /// Both ways through SMTP's spelling, in any case, within the time.
        #[test]
        fn what_was_rewritten_reverses(sender in sender(), age in 0i64..=21, shout in any::<bool>()) {
            let rewritten = rewriter().rewrite(&sender, NOW).unwrap();
            prop_assert!(is_rewritten(&rewritten));
            let wire: Address = rewritten.to_string().parse().unwrap();
            prop_assert_eq!(&wire, &rewritten);
            prop_assert_eq!(rewriter().reverse(&wire, days(age)).unwrap(), sender.clone());
            prop_assert_eq!(rewriter().reverse(&wire, days(age + 22)), Err(ReversalError::Expired));
            if shout {
                let local = LocalPart::from_unquoted(&wire.local.as_str().to_ascii_uppercase()).unwrap();
                let reversed = rewriter().reverse(&Address { local, domain: wire.domain }, days(age)).unwrap();
                prop_assert_eq!(reversed.to_string().to_lowercase(), sender.to_string().to_lowercase());
            }
        }

        /// No other key, no changed octet, no text of anybody's making.
        #[test]
        fn what_was_not_made_here_never_reverses(sender in sender(), at in any::<prop::sample::Index>(), text in "[a-zA-Z0-9=+.-]{0,60}") {
            let rewritten = rewriter().rewrite(&sender, NOW).unwrap();
            let other = Rewriter::new("srs.example.org".parse().unwrap(), &Secret::new(*b"fedcba9876543210"));
            prop_assert_eq!(other.reverse(&rewritten, NOW), Err(ReversalError::Forged));
            let characters: Vec<char> = rewritten.local.as_str().chars().collect();
            // Behind the name and its separator.
            let at = 5 + at.index(characters.len() - 5);
            let mut changed = characters.clone();
            changed[at] = if changed[at] == 'x' { 'y' } else { 'x' };
            let differs = !changed[at].eq_ignore_ascii_case(&characters[at]);
            let local: String = changed.into_iter().collect();
            let changed = Address { local: LocalPart::from_unquoted(&local).unwrap(), domain: rewritten.domain };
            prop_assert!(!differs || rewriter().reverse(&changed, NOW).is_err());
            for form in ["SRS0=", "SRS1="] {
                let local = LocalPart::from_unquoted(&format!("{form}{text}")).unwrap();
                let made_up = Address { local, domain: "srs.example.org".parse().unwrap() };
                prop_assert!(rewriter().reverse(&made_up, NOW).is_err());
            }
        }
    }
}
