//! How each certificate stands: who issued it, what went wrong last, when the next try is. It survives restarts, so
//! that a server that is started again and again does not ask an authority each time.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::kept::{Kept, KeptError, write};
use super::pair::{Pair, SpkiHex};
use super::shelf::{Shelf, ShelfError, named};
use crate::ground::clock::Timestamp;
use crate::plan::Plan;
use crate::plan::document::CertificateSource;

/// A text of another server as it is kept and shown.
const ERROR_CHARACTERS_MAX: usize = 500;
/// Certificates of an authority that are remembered: what is served, what waits, and those before them.
const ISSUED_MAX: usize = 8;

/// What is known of one certificate besides its pairs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Standing {
    /// The ACME directory whose authority issued what is in `issued`.
    pub issued_by: Option<String>,
    /// Fingerprints of its certificates, the newest last: one is served, one may wait.
    pub issued: Vec<String>,
    /// Failed tries in a row.
    pub failures: u32,
    pub last_error: Option<String>,
    /// The last order, whatever came of it.
    pub tried: Option<Timestamp>,
    /// Names of the plan that are not in the certificate, because they lead nowhere.
    pub left_out: Vec<String>,
    /// Nothing is tried before.
    pub next_try: Option<Timestamp>,
    /// When to renew, if the authority said so (RFC 9773).
    pub renew_at: Option<Timestamp>,
    /// When to ask the authority for that again.
    pub renewal_info_due: Option<Timestamp>,
}

impl Standing {
    /// Whether the authority of `directory` issued that certificate.
    pub fn is_of(&self, directory: &str, pair: &Pair) -> bool {
        self.issued_by.as_deref() == Some(directory) && self.issued.contains(&pair.fingerprint())
    }

    /// Records that the authority of `directory` issued a certificate.
    pub fn issued(&mut self, directory: &str, fingerprint: String) {
        if self.issued_by.as_deref() != Some(directory) {
            self.issued.clear();
        }
        self.issued_by = Some(directory.to_owned());
        self.issued.push(fingerprint);
        let surplus = self.issued.len().saturating_sub(ISSUED_MAX);
        self.issued.drain(..surplus);
    }

    /// Records why a try failed; the text may be another server's.
    pub fn failed(&mut self, error: &str) {
        self.failures = self.failures.saturating_add(1);
        let printable = error.chars().map(|c| if c.is_control() { ' ' } else { c });
        self.last_error = Some(printable.take(ERROR_CHARACTERS_MAX).collect());
    }
}

/// The standings of all certificates.
#[derive(Debug)]
pub struct Standings {
    kept: Kept,
    known: Mutex<BTreeMap<String, Standing>>,
}

impl Standings {
    pub fn open(kept: Kept) -> Self {
        Self { kept, known: Mutex::default() }
    }

    /// As it was kept; a file that cannot be read says nothing.
    pub fn of(&self, id: &str) -> Standing {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(id.to_owned()).or_insert_with(|| self.read(id)).clone()
    }

    fn read(&self, id: &str) -> Standing {
        let bytes = std::fs::read(self.kept.folder(id).join("standing.json")).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// Changes a standing, in memory in any case and on disk if that goes.
    ///
    /// # Errors
    /// [`KeptError`] if it could not be written.
    pub fn change(&self, id: &str, edit: impl FnOnce(&mut Standing)) -> Result<(), KeptError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let standing = known.entry(id.to_owned()).or_insert_with(|| self.read(id));
        let before = standing.clone();
        edit(standing);
        if *standing == before {
            return Ok(());
        }
        let json = serde_json::to_vec_pretty(standing).unwrap_or_default();
        write(&self.kept.folder(id).join("standing.json"), &json)
    }
}

/// One certificate, for `status` and `certificates list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateStatus {
    pub certificate: String,
    pub names: Vec<String>,
    /// `acme`, `files` or `self_signed`.
    pub source: String,
    /// The key that is served.
    pub spki_sha256: Option<SpkiHex>,
    pub not_after: Option<Timestamp>,
    /// The key that waits until its TLSA records are seen.
    pub waiting_spki_sha256: Option<SpkiHex>,
    /// ACME: the served certificate is not the authority's yet.
    pub awaits_first: bool,
    pub renew_at: Option<Timestamp>,
    pub last_error: Option<String>,
    pub next_try: Option<Timestamp>,
    /// Names of the plan that are not asked for, because they lead nowhere.
    #[serde(default)]
    pub left_out: Vec<String>,
    /// Something that was asked for is being done.
    #[serde(default)]
    pub busy: bool,
}

/// All certificates of a plan, in its order.
///
/// # Errors
/// [`ShelfError`] if what was kept of one cannot be read.
pub fn overview(plan: &Plan, shelf: &Shelf, standings: &Standings) -> Result<Vec<CertificateStatus>, ShelfError> {
    let status = |(id, certificate): (String, &crate::plan::document::Certificate)| {
        let slot = shelf.slot(&id)?;
        let (served, standing) = (slot.served(), standings.of(&id));
        let (source, directory) = match &certificate.source {
            CertificateSource::Acme { directory, .. } => ("acme", Some(directory)),
            CertificateSource::Files { .. } => ("files", None),
            CertificateSource::SelfSigned {} => ("self_signed", None),
        };
        Ok(CertificateStatus {
            names: certificate.names.clone(),
            source: source.to_owned(),
            spki_sha256: served.as_ref().map(|pair| pair.spki.clone()),
            not_after: served.as_ref().map(|pair| Timestamp(pair.not_after.saturating_mul(1000))),
            waiting_spki_sha256: slot.waiting().map(|pair| pair.spki.clone()),
            awaits_first: directory.is_some_and(|d| !served.as_ref().is_some_and(|pair| standing.is_of(d, pair))),
            renew_at: standing.renew_at,
            last_error: standing.last_error,
            next_try: standing.next_try,
            left_out: standing.left_out,
            busy: false,
            certificate: id,
        })
    };
    named(plan).into_iter().map(status).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standing_survives_and_holds_no_control_characters() {
        let state = tempfile::tempdir().unwrap();
        let standings = Standings::open(Kept::new(state.path()));
        standings.change("a.test", |s| s.failed(&format!("no\r\nway{}", "x".repeat(1000)))).unwrap();
        let again = Standings::open(Kept::new(state.path())).of("a.test");
        assert_eq!(again.failures, 1);
        let error = again.last_error.unwrap();
        assert!(error.starts_with("no  way") && error.len() == ERROR_CHARACTERS_MAX);
        assert_eq!(standings.of("b.test"), Standing::default());
    }
}
