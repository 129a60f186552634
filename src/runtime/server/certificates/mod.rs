//! Certificates: what is served, what waits, and how new ones come.
//!
//! [`shelf`] holds the pairs and the rules for changing them; [`present`] is what handshakes ask. They come from
//! files ([`watch`]ed by content), are made here ([`local`]), or are issued by an authority ([`acme`]). [`stock`] is
//! what one plan needs of that, [`standing`] how each one stands, [`tend`] the task that looks after them.
//!
//! Standards: RFC 5280, RFC 6066 §3 (SNI), RFC 7671 and RFC 7672 (TLSA `3 1 1`: keys are kept across renewals, and
//! another key waits until its records are seen), RFC 7633 (must-staple is refused).
//!
//! Invariants: an open session never ends because of a certificate. A certificate that cannot be renewed goes on being
//! served, and is reported. A private key leaves this folder only to be kept in the state folder, for its owner alone.
//!
//! Not here: OCSP and CRLs. Nothing is stapled, and no client of ours asks: authorities have ceased to answer, and
//! certificates live for weeks.

pub mod acme;
pub mod asks;
pub mod kept;
pub mod local;
mod needs;
pub mod pair;
pub mod present;
pub mod shelf;
pub mod standing;
pub mod stock;
pub mod tend;
pub mod watch;

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::watch as signal;

use crate::ground::limits::CERTIFICATE_FILE_OCTETS_MAX;
use crate::plan::Plan;
use crate::plan::document::CertificateSource;
use crate::runtime::server::challenge::Challenges;
use asks::{Ask, Asks};
use needs::Needs;
use pair::Pair;
use shelf::{Shelf, ShelfError, named};
use standing::{CertificateStatus, Standings, overview};

/// All that lives as long as the server.
pub struct Certificates {
    pub shelf: Shelf,
    pub challenges: Arc<Challenges>,
    pub standings: Standings,
    /// Rung when there may be something to do before the next look.
    bell: signal::Sender<()>,
    pub asks: Asks,
    /// What roll-overs want besides the plan.
    needs: Arc<ArcSwap<Needs>>,
}

/// Why nothing is done for somebody who asks.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error("`{0}` is in files: whoever makes them makes the new key, and it is found there")]
    FilesRoll(String),
    #[error("no certificate of the plan is called `{0}`; `mailctl certificates list` names them")]
    Unknown(String),
}

impl Certificates {
    /// Of a state folder. Nothing is read yet.
    pub fn open(state: &Path) -> Self {
        let shelf = Shelf::open(state);
        let standings = Standings::open(shelf.kept().clone());
        Self {
            shelf,
            challenges: Arc::default(),
            standings,
            bell: signal::Sender::new(()),
            asks: Asks::default(),
            needs: Arc::default(),
        }
    }

    /// Has whoever looks after the certificates look now.
    pub fn look(&self) {
        self.bell.send_replace(());
    }

    /// Changes whenever there may be something to do before the next look.
    pub fn bell(&self) -> signal::Receiver<()> {
        self.bell.subscribe()
    }

    /// Has `ask` done for a certificate of `plan`, or for all of them.
    ///
    /// # Errors
    /// [`AskError`]; then nothing is done for any.
    pub fn ask(&self, plan: &Plan, name: Option<&str>, ask: Ask) -> Result<(), AskError> {
        let wanted: Vec<_> = named(plan).into_iter().filter(|(id, _)| name.is_none_or(|name| name == id)).collect();
        if let Some(name) = name.filter(|_| wanted.is_empty()) {
            return Err(AskError::Unknown(name.to_owned()));
        }
        for (id, certificate) in &wanted {
            if ask == Ask::Roll && matches!(certificate.source, CertificateSource::Files { .. }) {
                return Err(AskError::FilesRoll(id.clone()));
            }
        }
        for (id, _) in wanted {
            self.asks.put(&id, ask);
        }
        self.look();
        Ok(())
    }

    /// How the certificates of `plan` stand.
    ///
    /// # Errors
    /// [`ShelfError`] if what was kept of one cannot be read.
    pub fn overview(&self, plan: &Plan) -> Result<Vec<CertificateStatus>, ShelfError> {
        let mut all = overview(plan, &self.shelf, &self.standings)?;
        for status in &mut all {
            status.busy = self.asks.busy(&status.certificate);
        }
        Ok(all)
    }
}

/// The leaf certificates (DER) that a plan's listeners present, in the plan's order, as the state folder has them.
///
/// # Errors
/// [`ShelfError`] if what was kept of one cannot be read.
pub fn served_leaves(plan: &Plan, state: &Path) -> Result<Vec<Vec<u8>>, ShelfError> {
    let shelf = Shelf::open(state);
    let mut leaves = Vec::new();
    for (id, _) in named(plan) {
        leaves.extend(shelf.slot(&id)?.served().map(|pair| pair.leaf().to_vec()));
    }
    Ok(leaves)
}

/// A pair from two files.
///
/// # Errors
/// Which file it is and what is wrong.
pub fn read_files(chain: &Path, key: &Path) -> Result<Pair, String> {
    let (chain_pem, key_pem) = (read(chain)?, read(key)?);
    Pair::from_pem(&chain_pem, &key_pem).map_err(|error| format!("{} with {}: {error}", chain.display(), key.display()))
}

/// A PEM file, of a bounded length.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(CERTIFICATE_FILE_OCTETS_MAX as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > CERTIFICATE_FILE_OCTETS_MAX {
        return Err(format!("{}: longer than {CERTIFICATE_FILE_OCTETS_MAX} octets", path.display()));
    }
    Ok(bytes)
}
