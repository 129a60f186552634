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
        let (mut problems, mut entries, mut offers) = (Vec::new(), Vec::new(), Vec::new());
        for (id, certificate) in named(plan) {
            let slot = match desk.shelf.slot(&id) {
                Ok(slot) => slot,
                Err(error) => {
                    problems.push(error.to_string());
                    continue;
                }
            };
            let terms = desk.terms(plan, certificate);
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
        Ok(Self { presented: Arc::new(Presented::new(entries, desk.needs.clone(), desk.challenges.clone())), offers })
    }

    /// Puts on the shelf what was found; once.
    ///
    /// # Errors
    /// [`ShelfError`] at the first that cannot be kept.
    pub fn settle(&mut self, desk: &Certificates) -> Result<(), ShelfError> {
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
