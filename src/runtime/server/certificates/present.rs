//! What a handshake presents: the served pair of the certificate that SNI names (RFC 6066 §3), or, to an authority
//! that looks with ALPN `acme-tls/1` alone, the certificate that proves a name (RFC 8737 §3).

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::needs::Needs;
use super::shelf::Slot;
use crate::runtime::net::tls::{ALPN_ACME, matches};
use crate::runtime::server::challenge::Challenges;

/// The certificates of one plan, as the shelf has them at each handshake.
#[derive(Debug)]
pub struct Presented {
    /// In the plan's order; the first serves unknown names.
    certificates: Vec<(Vec<String>, Arc<Slot>)>,
    /// Former certificates go on for some names.
    needs: Arc<ArcSwap<Needs>>,
    challenges: Arc<Challenges>,
}

impl Presented {
    /// Each certificate with the names that it answers to, lower case, `*.` allowed in the left-most label.
    pub fn new(
        certificates: Vec<(Vec<String>, Arc<Slot>)>,
        needs: Arc<ArcSwap<Needs>>,
        challenges: Arc<Challenges>,
    ) -> Self {
        Self { certificates, needs, challenges }
    }

    fn of(&self, name: Option<&str>) -> Option<Arc<CertifiedKey>> {
        let wanted = name.map(str::to_ascii_lowercase);
        let needs = self.needs.load();
        let former = wanted.as_ref().and_then(|name| needs.former.iter().find(|(names, _)| names.contains(name)));
        if let Some(pair) = former.and_then(|(_, slot)| slot.served()) {
            return Some(pair.certified.clone());
        }
        let named = wanted.and_then(|name| {
            self.certificates.iter().find(|(names, _)| names.iter().any(|pattern| matches(pattern, &name)))
        });
        let (_, slot) = named.or_else(|| self.certificates.first())?;
        slot.served().map(|pair| pair.certified.clone())
    }
}

impl ResolvesServerCert for Presented {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let mut protocols = hello.alpn().into_iter().flatten();
        if protocols.next() == Some(ALPN_ACME) && protocols.next().is_none() {
            // Without an open challenge the handshake fails: nothing else may be proved by it.
            return self.challenges.alpn(hello.server_name()?);
        }
        self.of(hello.server_name())
    }
}
