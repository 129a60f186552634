//! The certificates of one generation: found out whole before anything changes, put on the shelf when the generation
//! becomes the served one.

use std::path::Path;
use std::sync::Arc;

use super::asks::Ask;
use super::kept::Kept;
use super::local::{self, LocalAuthority};
use super::pair::Pair;
use super::present::Presented;
use super::shelf::{ShelfError, Slot, Terms, named};
use super::{Certificates, read_files};
use crate::plan::Plan;
use crate::plan::document::{Certificate, CertificateSource, Profile};

/// What happens if a certificate's files cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// The plan is refused: somebody is there to mend it.
    Refuse,
    /// What was served before goes on being served, where there is such a thing: a server that starts again in the
    /// night had better do so.
    ServeKept,
}

/// What a plan's handshakes present, and what is to be put on the shelf for it.
pub struct Stock {
    pub presented: Arc<Presented>,
    offers: Vec<(String, Pair, Terms)>,
    /// Certificates for which no TLSA record is wanted: what waits there has nothing to wait for.
    free: Vec<String>,
}

impl Stock {
    /// Reads files, and makes what is made here. Nothing that is served changes.
    ///
    /// # Errors
    /// One text for each certificate that cannot be had.
    pub fn prepare(
        plan: &Plan,
        base: &Path,
        desk: &Certificates,
        unusable: Unusable,
        now: i64,
    ) -> Result<Self, Vec<String>> {
        let (mut problems, mut entries, mut offers, mut free) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (id, certificate) in named(plan) {
            let slot = match desk.shelf.slot(&id) {
                Ok(slot) => slot,
                Err(error) => {
                    problems.push(error.to_string());
                    continue;
                }
            };
            let terms = desk.terms(plan, certificate);
            if !terms.held {
                free.push(id.clone());
            }
            match wanted(plan.profile, certificate, &slot, base, desk.shelf.kept(), now) {
                Ok(Some(pair)) => offers.push((id, pair, terms)),
                Ok(None) => {}
                Err(problem) if unusable == Unusable::ServeKept && slot.served().is_some() => {
                    tracing::error!(
                        certificate = id,
                        problem,
                        "the certificate that was served before is served still"
                    );
                }
                Err(problem) => {
                    problems.push(format!("the certificate for {}: {problem}", certificate.names.join(", ")));
                }
            }
            entries.push((certificate.names.clone(), slot));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let presented = Presented::new(entries, desk.needs.clone(), desk.challenges.clone());
        Ok(Self { presented: Arc::new(presented), offers, free })
    }

    /// Puts on the shelf what was found; once.
    ///
    /// # Errors
    /// [`ShelfError`] at the first that cannot be kept.
    pub fn settle(&mut self, desk: &Certificates) -> Result<(), ShelfError> {
        for id in self.free.drain(..) {
            desk.shelf.promote(&id)?;
        }
        for (id, pair, terms) in self.offers.drain(..) {
            desk.shelf.offer(&id, pair, terms)?;
        }
        Ok(())
    }
}

/// What should be offered for `certificate`; `None` if what is served is right.
fn wanted(
    profile: Profile,
    certificate: &Certificate,
    slot: &Slot,
    base: &Path,
    kept: &Kept,
    now: i64,
) -> Result<Option<Pair>, String> {
    match &certificate.source {
        CertificateSource::Files { chain, key, .. } => read_files(&base.join(chain), &base.join(key)).map(Some),
        CertificateSource::SelfSigned {} => {
            local_pair(profile, &certificate.names, slot, kept, now, None).map_err(|error| error.to_string())
        }
        // Until the authority has issued one, with the key that will be in the request: TLSA holds from the start.
        CertificateSource::Acme { .. } if slot.served().is_none() => {
            let made = local::key_of(None).and_then(|key| local::self_signed(&certificate.names, &key, now));
            made.map(Some).map_err(|error| error.to_string())
        }
        CertificateSource::Acme { .. } => Ok(None),
    }
}

/// A certificate made here, if the one that is served is not right any more or somebody asks.
///
/// # Errors
/// [`local::LocalError`].
pub fn local_pair(
    profile: Profile,
    names: &[String],
    slot: &Slot,
    kept: &Kept,
    now: i64,
    ask: Option<Ask>,
) -> Result<Option<Pair>, local::LocalError> {
    let served = slot.served();
    let authority = match profile {
        Profile::Lab => Some(LocalAuthority::open(kept.root(), now)?),
        Profile::Production => None,
    };
    let ours = |pair: &Pair| authority.as_ref().map_or(pair.self_issued, |authority| authority.issued(pair));
    if ask.is_none() && served.as_ref().is_some_and(|pair| ours(pair) && local::good(pair, names, now)) {
        return Ok(None);
    }
    let key = local::key_of(served.as_deref().filter(|_| ask != Some(Ask::Roll)))?;
    match authority {
        Some(authority) => authority.issue(names, &key, now),
        None => local::self_signed(names, &key, now),
    }
    .map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::document::{DnsData, DnsRecord};
    use crate::plan::example;

    const NOW: i64 = 1_795_000_000;

    fn plan(folder: &Path, tlsa: bool) -> Plan {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["a.test".to_owned()]).unwrap();
        std::fs::write(folder.join("chain.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
        let (chain, key, spki_sha256) = ("chain.pem".into(), "key.pem".into(), String::new());
        let source = CertificateSource::Files { chain, key, spki_sha256 };
        let association = "00".repeat(32);
        let data = DnsData::Tlsa { usage: 3, selector: 1, matching: 1, association };
        let (zone, name) = ("a.test".to_owned(), "_25._tcp.a.test".to_owned());
        let record = DnsRecord { zone, name, ttl_seconds: 60, data };
        let certificates = vec![Certificate { names: vec!["a.test".to_owned()], source }];
        Plan { certificates, dns: if tlsa { vec![record] } else { Vec::new() }, ..example::full() }
    }

    /// A new pair of files each time. The keys that are served and that wait afterwards.
    fn settle(folder: &Path, desk: &Certificates, tlsa: bool) -> (Option<String>, Option<String>) {
        let mut stock = Stock::prepare(&plan(folder, tlsa), folder, desk, Unusable::Refuse, NOW).unwrap();
        let before = desk.shelf.served("a.test");
        let slot = desk.shelf.slot("a.test").unwrap();
        assert_eq!(slot.served().map(|pair| pair.spki.clone()), before, "nothing changes before it is settled");
        stock.settle(desk).unwrap();
        (desk.shelf.served("a.test"), slot.waiting().map(|pair| pair.spki.clone()))
    }

    #[test]
    fn a_new_key_waits_for_as_long_as_tlsa_records_are_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let desk = Certificates::open(folder.path());
        let (first, none) = settle(folder.path(), &desk, true);
        assert!(first.is_some() && none.is_none());
        let (served, waits) = settle(folder.path(), &desk, true);
        assert_eq!(served, first);
        assert!(waits.is_some());
        let (served, none) = settle(folder.path(), &desk, false);
        assert!(served != first && served != waits && none.is_none(), "the newest, at once");
    }

    #[test]
    fn a_server_that_starts_serves_what_it_had_and_a_plan_that_is_applied_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let desk = Certificates::open(folder.path());
        let (first, _) = settle(folder.path(), &desk, false);
        let plan = plan(folder.path(), false);
        std::fs::write(folder.path().join("key.pem"), "half").unwrap();
        let problems = Stock::prepare(&plan, folder.path(), &desk, Unusable::Refuse, NOW).err().unwrap();
        assert!(problems[0].contains("key.pem"), "{problems:?}");
        let again = Certificates::open(folder.path());
        Stock::prepare(&plan, folder.path(), &again, Unusable::ServeKept, NOW).unwrap().settle(&again).unwrap();
        assert_eq!(again.shelf.served("a.test"), first);
        let empty = tempfile::tempdir().unwrap();
        let nothing = Certificates::open(empty.path());
        assert!(Stock::prepare(&plan, folder.path(), &nothing, Unusable::ServeKept, NOW).is_err());
    }
}
