//! The shelf: for each certificate of the plan the pair that is served, and perhaps one that waits.
//!
//! It lives as long as the server, across its generations; whoever does a handshake reads the served pair of that
//! moment, so that a renewal reaches new handshakes at once and no session notices. The rules:
//!
//! - A pair with the key that is served replaces the served pair at once: it is a renewal, and TLSA stays true.
//! - A pair with another key replaces it at once if no TLSA record is wanted for the certificate. Otherwise it waits
//!   until [`Shelf::promote`]: its record must be seen everywhere first (RFC 7671 §8.1).
//! - What is served is on disk before it is served, and survives a restart.
//!
//! A certificate is known by the first of its names; a further one of the same first name has `+2` behind it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;

use super::kept::{Kept, KeptError, Place};
use super::pair::{Pair, SpkiHex};
use crate::plan::Plan;
use crate::plan::document::{Certificate, DnsData};
use crate::runtime::net::tls::matches;

/// Why the shelf could not do it.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    #[error(transparent)]
    Kept(#[from] KeptError),
    #[error("no certificate of this server is called `{0}`")]
    Unknown(String),
}

/// A key that waits until its TLSA records are seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub certificate: String,
    pub served: SpkiHex,
    pub next: SpkiHex,
}

/// What became of an offered pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placed {
    /// It is served, or waits, already.
    Known,
    Served,
    Waits,
}

/// How an offered pair is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Whether TLSA records are wanted for the certificate, so that another key has to wait.
    pub held: bool,
    /// Whether the offer says what there is (files): a pair that waits and is not offered any more goes.
    pub whole: bool,
}

/// One certificate's place on the shelf.
#[derive(Debug)]
pub struct Slot {
    id: String,
    served: ArcSwapOption<Pair>,
    waiting: ArcSwapOption<Pair>,
}

impl Slot {
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What handshakes present now.
    pub fn served(&self) -> Option<Arc<Pair>> {
        self.served.load_full()
    }

    pub fn waiting(&self) -> Option<Arc<Pair>> {
        self.waiting.load_full()
    }
}

/// All certificates of one server.
#[derive(Debug)]
pub struct Shelf {
    kept: Kept,
    /// Held while a slot changes, on disk and in memory.
    slots: Mutex<BTreeMap<String, Arc<Slot>>>,
}

impl Shelf {
    /// The shelf of a state folder. Nothing is read yet.
    pub fn open(state: &Path) -> Self {
        Self { kept: Kept::new(state), slots: Mutex::default() }
    }

    pub fn kept(&self) -> &Kept {
        &self.kept
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The place of certificate `id`, as it was kept; empty if it is new.
    ///
    /// # Errors
    /// [`ShelfError`] if what was kept cannot be used.
    pub fn slot(&self, id: &str) -> Result<Arc<Slot>, ShelfError> {
        self.slot_in(&mut self.lock(), id)
    }

    fn slot_in(&self, slots: &mut BTreeMap<String, Arc<Slot>>, id: &str) -> Result<Arc<Slot>, ShelfError> {
        if let Some(slot) = slots.get(id) {
            return Ok(slot.clone());
        }
        let served = self.kept.read(id, Place::Served)?.map(Arc::new);
        let mut waiting = self.kept.read(id, Place::Waiting)?.map(Arc::new);
        // A promotion that was interrupted between its two steps.
        if served.as_ref().zip(waiting.as_ref()).is_some_and(|(s, w)| s.spki == w.spki) {
            waiting = None;
        }
        let slot = Arc::new(Slot { id: id.to_owned(), served: served.into(), waiting: waiting.into() });
        slots.insert(id.to_owned(), slot.clone());
        Ok(slot)
    }

    /// Puts a pair on the shelf by the rules above.
    ///
    /// # Errors
    /// [`ShelfError`]; then nothing is served that was not before.
    pub fn offer(&self, id: &str, pair: Pair, terms: Terms) -> Result<Placed, ShelfError> {
        let mut slots = self.lock();
        let slot = self.slot_in(&mut slots, id)?;
        let served = slot.served();
        let renews = served.as_ref().is_none_or(|served| served.spki == pair.spki);
        if !renews && terms.held {
            if slot.waiting().is_some_and(|waiting| waiting.same(&pair)) {
                return Ok(Placed::Known);
            }
            self.kept.write(id, Place::Waiting, &pair)?;
            slot.waiting.store(Some(Arc::new(pair)));
            return Ok(Placed::Waits);
        }
        // The offered key is served from here on, so that it does not wait too; and another does only if it is still
        // to come.
        let goes = slot.waiting().is_some_and(|w| terms.whole || !renews || w.spki == pair.spki);
        let known = served.is_some_and(|served| served.same(&pair));
        if !known {
            self.kept.write(id, Place::Served, &pair)?;
            slot.served.store(Some(Arc::new(pair)));
        }
        if goes {
            self.kept.remove(id, Place::Waiting)?;
            slot.waiting.store(None);
        }
        Ok(if known { Placed::Known } else { Placed::Served })
    }

    /// Serves the pair that waits. `false` if none does.
    ///
    /// # Errors
    /// [`ShelfError`]; the former pair is then still served, and the other one waits.
    pub fn promote(&self, certificate: &str) -> Result<bool, ShelfError> {
        let slots = self.lock();
        let slot = slots.get(certificate).ok_or_else(|| ShelfError::Unknown(certificate.to_owned()))?;
        let Some(next) = slot.waiting() else { return Ok(false) };
        self.kept.write(certificate, Place::Served, &next)?;
        slot.served.store(Some(next));
        self.kept.remove(certificate, Place::Waiting)?;
        slot.waiting.store(None);
        Ok(true)
    }

    /// The key that certificate `name` is served with.
    pub fn served(&self, name: &str) -> Option<SpkiHex> {
        self.lock().get(name)?.served().map(|pair| pair.spki.clone())
    }

    /// The keys that wait, by certificate.
    pub fn waiting(&self) -> Vec<Waiting> {
        let waiting = |slot: &Arc<Slot>| {
            let (served, next) = (slot.served()?, slot.waiting()?);
            Some(Waiting { certificate: slot.id.clone(), served: served.spki.clone(), next: next.spki.clone() })
        };
        self.lock().values().filter_map(waiting).collect()
    }

    /// The keys to be announced, by a certificate's first name: what is served and what waits.
    pub fn spki(&self) -> BTreeMap<String, Vec<SpkiHex>> {
        let mut keys: BTreeMap<String, Vec<SpkiHex>> = BTreeMap::new();
        for slot in self.lock().values() {
            let own = keys.entry(first_name(&slot.id).to_owned()).or_default();
            for pair in [slot.served(), slot.waiting()].into_iter().flatten() {
                if !own.contains(&pair.spki) {
                    own.push(pair.spki.clone());
                }
            }
        }
        keys
    }
}

/// The plan's certificates with what the shelf calls them.
pub fn named(plan: &Plan) -> Vec<(String, &Certificate)> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let named = plan.certificates.iter().map(|certificate| {
        let first = certificate.names.first().map_or("", String::as_str);
        let count = seen.entry(first).or_default();
        *count += 1;
        let id = if *count == 1 { first.to_owned() } else { format!("{first}+{count}") };
        (id, certificate)
    });
    named.collect()
}

/// The name behind an id of the shelf. No name of a host has a `+`.
fn first_name(id: &str) -> &str {
    id.split('+').next().unwrap_or(id)
}

/// Whether the plan wants TLSA records for a host that the certificate is for: another key then has to wait.
pub fn held(plan: &Plan, certificate: &Certificate) -> bool {
    plan.dns.iter().any(|record| match &record.data {
        DnsData::TlsaGenerated { certificate: wanted } => certificate.names.first() == Some(wanted),
        DnsData::Tlsa { .. } => {
            let host = tlsa_host(&record.name);
            certificate.names.iter().any(|name| matches(name, host))
        }
        _ => false,
    })
}

/// RFC 6698 §3: `_25._tcp.host`.
fn tlsa_host(owner: &str) -> &str {
    owner.splitn(3, '.').nth(2).unwrap_or(owner)
}

/// The keys of a plan's certificates as they are kept, for commands without a server; as [`Shelf::spki`].
///
/// # Errors
/// [`ShelfError`] if there is a file that cannot be used.
pub fn kept_spki(state: &Path, plan: &Plan) -> Result<BTreeMap<String, Vec<SpkiHex>>, ShelfError> {
    let shelf = Shelf::open(state);
    for (id, _) in named(plan) {
        shelf.slot(&id)?;
    }
    let mut keys = shelf.spki();
    keys.retain(|_, keys| !keys.is_empty());
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELD: Terms = Terms { held: true, whole: false };
    const FREE: Terms = Terms { held: false, whole: false };

    fn key() -> rcgen::KeyPair {
        rcgen::KeyPair::generate().unwrap()
    }

    fn pair(key: &rcgen::KeyPair) -> Pair {
        let chain = rcgen::CertificateParams::new(vec!["a.test".to_owned()]).unwrap().self_signed(key).unwrap().pem();
        Pair::from_pem(chain.as_bytes(), key.serialize_pem().as_bytes()).unwrap()
    }

    #[test]
    fn a_renewal_is_served_at_once_and_survives() {
        let state = tempfile::tempdir().unwrap();
        let (shelf, key) = (Shelf::open(state.path()), key());
        let (first, second) = (pair(&key), pair(&key));
        let (leaf, spki) = (second.leaf().to_vec(), second.spki.clone());
        assert!(!first.same(&second));
        assert_eq!(shelf.offer("a.test", first, HELD).unwrap(), Placed::Served);
        let slot = shelf.slot("a.test").unwrap();
        assert_eq!(shelf.offer("a.test", second, HELD).unwrap(), Placed::Served);
        assert_eq!(slot.served().unwrap().leaf(), leaf, "who holds the slot sees it");
        let again = Shelf::open(state.path());
        assert_eq!(again.slot("a.test").unwrap().served().unwrap().leaf(), leaf);
        assert_eq!(again.served("a.test"), Some(spki));
    }

    #[test]
    fn another_key_waits_where_tlsa_is_wanted() {
        let state = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(state.path());
        let (one, two) = (key(), key());
        let (old, new) = (pair(&one), pair(&two));
        let (old_spki, new_spki) = (old.spki.clone(), new.spki.clone());
        shelf.offer("a.test", old, HELD).unwrap();
        assert!(!shelf.promote("a.test").unwrap(), "nothing waits");
        assert_eq!(shelf.offer("a.test", new, HELD).unwrap(), Placed::Waits);
        let expected = Waiting { certificate: "a.test".into(), served: old_spki.clone(), next: new_spki.clone() };
        // The wait survives a restart, and a renewal of the served key does not end it.
        let shelf = Shelf::open(state.path());
        shelf.slot("a.test").unwrap();
        assert_eq!(shelf.waiting(), std::slice::from_ref(&expected));
        assert_eq!(shelf.offer("a.test", pair(&one), HELD).unwrap(), Placed::Served);
        assert_eq!(shelf.waiting(), [expected]);
        assert_eq!(shelf.spki()["a.test"], [old_spki, new_spki.clone()]);
        assert!(shelf.promote("a.test").unwrap());
        assert_eq!((shelf.served("a.test"), shelf.waiting()), (Some(new_spki.clone()), vec![]));
        assert_eq!(Shelf::open(state.path()).slot("a.test").unwrap().served().unwrap().spki, new_spki);
    }

    #[test]
    fn another_key_does_not_wait_where_no_tlsa_is_wanted() {
        let state = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(state.path());
        shelf.offer("a.test", pair(&key()), HELD).unwrap();
        shelf.offer("a.test", pair(&key()), HELD).unwrap();
        let third = pair(&key());
        let spki = third.spki.clone();
        assert_eq!(shelf.offer("a.test", third, FREE).unwrap(), Placed::Served);
        assert_eq!((shelf.served("a.test"), shelf.waiting()), (Some(spki), vec![]));
    }

    #[test]
    fn files_that_went_back_leave_nothing_waiting() {
        let state = tempfile::tempdir().unwrap();
        let (shelf, one) = (Shelf::open(state.path()), key());
        let files = Terms { held: true, whole: true };
        let first = pair(&one);
        let text = first.pem();
        shelf.offer("a.test", first, files).unwrap();
        shelf.offer("a.test", pair(&key()), files).unwrap();
        assert_eq!(shelf.waiting().len(), 1);
        let back = Pair::from_pem(text.expose(), text.expose()).unwrap();
        assert_eq!(shelf.offer("a.test", back, files).unwrap(), Placed::Known);
        assert_eq!(shelf.waiting(), []);
        let again = Shelf::open(state.path());
        again.slot("a.test").unwrap();
        assert_eq!(again.waiting(), []);
    }

    #[test]
    fn an_interrupted_promotion_is_ended() {
        let state = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(state.path());
        shelf.offer("a.test", pair(&key()), HELD).unwrap();
        let next = pair(&key());
        // The power fails after the first of the two steps.
        shelf.kept().write("a.test", Place::Waiting, &next).unwrap();
        shelf.kept().write("a.test", Place::Served, &next).unwrap();
        let again = Shelf::open(state.path());
        assert_eq!(again.slot("a.test").unwrap().served().unwrap().spki, next.spki);
        assert_eq!(again.waiting(), []);
    }

    #[test]
    fn what_cannot_be_kept_is_not_served() {
        let state = tempfile::tempdir().unwrap();
        std::fs::write(state.path().join("certificates"), "in the way").unwrap();
        let shelf = Shelf::open(state.path());
        assert!(shelf.offer("a.test", pair(&key()), FREE).is_err());
        assert_eq!(shelf.served("a.test"), None);
        assert!(matches!(shelf.promote("b.test"), Err(ShelfError::Unknown(_))));
    }

    #[test]
    fn tlsa_owners_name_their_host() {
        assert_eq!(tlsa_host("_25._tcp.mail.a.test"), "mail.a.test");
    }
}
