//! How names are proved: what the authority comes to look for is put where it looks, and taken away again.
//!
//! RFC 8555 §8.3 (http-01), §8.4 (dns-01), RFC 8737 §3 (tls-alpn-01). For dns-01 the records are pushed to the primary
//! server, and the authority is told only when every authoritative server answers with them: it asks whichever it
//! likes, and remembers what it did not find.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use instant_acme::{ChallengeType, KeyAuthorization};
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::sign::CertifiedKey;

use super::AcmeError;
use crate::artefact::reconcile::dns::SetChange;
use crate::ground::secret::Secret;
use crate::plan::Plan;
use crate::plan::document::{AcmeChallenge, DnsData, PublishWay};
use crate::runtime::net::authority::{Authorities, zone_of};
use crate::runtime::net::resolver::DnsResolver;
use crate::runtime::net::tls::provider;
use crate::runtime::net::update::Updater;
use crate::runtime::server::challenge::Challenges;

/// How long secondaries may take to follow.
const SIGHT_PATIENCE: Duration = Duration::from_secs(5 * 60);
const SIGHT_PAUSE: Duration = Duration::from_secs(2);
/// The records live for minutes.
const TTL_SECONDS: u32 = 60;

/// The challenge of RFC 8555 for a word of the plan.
pub fn kind(challenge: AcmeChallenge) -> ChallengeType {
    match challenge {
        AcmeChallenge::Dns01 => ChallengeType::Dns01,
        AcmeChallenge::Http01 => ChallengeType::Http01,
        AcmeChallenge::TlsAlpn01 => ChallengeType::TlsAlpn01,
    }
}

/// Where proofs for one order are put.
pub struct Proofs {
    challenges: Arc<Challenges>,
    tokens: Vec<String>,
    names: Vec<String>,
    dns: Option<Dns>,
}

struct Dns {
    updater: Updater,
    resolver: DnsResolver,
    /// Values by the record's name: a wildcard and its parent share one.
    values: BTreeMap<String, BTreeSet<String>>,
    /// What was pushed, with its zone.
    pushed: Vec<(String, String)>,
}

impl Proofs {
    /// # Errors
    /// [`AcmeError`] if the plan has no way for the challenge.
    pub fn new(
        plan: &Plan,
        base: &Path,
        challenge: AcmeChallenge,
        challenges: Arc<Challenges>,
        resolver: &DnsResolver,
    ) -> Result<Self, AcmeError> {
        let dns = match (challenge, &plan.publication.way) {
            (AcmeChallenge::Dns01, PublishWay::Rfc2136 { server, key_name, algorithm, key }) => {
                let secret = Secret::read(key, base).map_err(|error| AcmeError::Proof(error.to_string()))?;
                let updater = Updater::new(*server, key_name, *algorithm, &secret)
                    .map_err(|error| AcmeError::Proof(error.to_string()))?;
                let resolver = resolver.clone();
                Some(Dns { updater, resolver, values: BTreeMap::new(), pushed: Vec::new() })
            }
            (AcmeChallenge::Dns01, _) => return Err(AcmeError::NoWay),
            _ => None,
        };
        Ok(Self { challenges, tokens: Vec::new(), names: Vec::new(), dns })
    }

    /// Puts the proof of one name in its place; of dns-01, once all are there, by [`Self::publish`].
    ///
    /// # Errors
    /// [`AcmeError`].
    pub fn offer(
        &mut self,
        kind: &ChallengeType,
        name: &str,
        token: &str,
        authorization: &KeyAuthorization,
    ) -> Result<(), AcmeError> {
        let failed = |error: &dyn std::fmt::Display| AcmeError::Proof(error.to_string());
        match (kind, &mut self.dns) {
            (ChallengeType::Http01, _) => {
                let text = authorization.as_str().to_owned();
                self.challenges.offer_http(token, text).map_err(|error| failed(&error))?;
                self.tokens.push(token.to_owned());
            }
            (ChallengeType::TlsAlpn01, _) => {
                let key = certificate(name, authorization.digest().as_ref()).map_err(|error| failed(&error))?;
                self.challenges.offer_alpn(name, Arc::new(key)).map_err(|error| failed(&error))?;
                self.names.push(name.to_owned());
            }
            (_, Some(dns)) => {
                let owner = format!("_acme-challenge.{name}");
                dns.values.entry(owner).or_default().insert(authorization.dns_value());
            }
            (_, None) => return Err(AcmeError::NoWay),
        }
        Ok(())
    }

    /// Pushes the records of dns-01, and returns when they are seen everywhere.
    ///
    /// # Errors
    /// [`AcmeError`].
    pub async fn publish(&mut self) -> Result<(), AcmeError> {
        match &mut self.dns {
            Some(dns) => dns.publish().await,
            None => Ok(()),
        }
    }

    /// Takes everything away again.
    pub async fn withdraw(&mut self) {
        self.withdraw_here();
        if let Some(dns) = &mut self.dns {
            dns.withdraw().await;
        }
    }
}

impl Proofs {
    fn withdraw_here(&mut self) {
        for token in self.tokens.drain(..) {
            self.challenges.withdraw_http(&token);
        }
        for name in self.names.drain(..) {
            self.challenges.withdraw_alpn(&name);
        }
    }
}

/// An order that is given up leaves nothing here.
impl Drop for Proofs {
    fn drop(&mut self) {
        self.withdraw_here();
    }
}

impl Dns {
    async fn publish(&mut self) -> Result<(), AcmeError> {
        let failed = |error: &dyn std::fmt::Display| AcmeError::Proof(error.to_string());
        for (owner, values) in &self.values {
            let zone = zone_of(&self.resolver, owner).await.map_err(|error| failed(&error))?;
            let zone = zone.ok_or_else(|| AcmeError::Proof(format!("no zone holds {owner}")))?;
            let data = values.iter().cloned().map(DnsData::Txt).collect();
            let change = SetChange { name: owner.clone(), kind: "TXT", ttl_seconds: TTL_SECONDS, data };
            // Recorded before it is done: what may be there is taken away.
            self.pushed.push((zone.clone(), owner.clone()));
            self.updater.replace(&zone, &[change]).await.map_err(|error| failed(&error))?;
        }
        for (zone, owner) in &self.pushed {
            let servers = Authorities::of(&self.resolver, zone).await;
            if servers.servers.is_empty() {
                return Err(AcmeError::Proof(format!("no name server of {zone} is known")));
            }
            let values = self.values.get(owner).into_iter().flatten();
            let wanted: BTreeSet<DnsData> = values.cloned().map(DnsData::Txt).collect();
            seen(&servers, owner, &wanted).await?;
        }
        Ok(())
    }

    async fn withdraw(&mut self) {
        for (zone, owner) in self.pushed.drain(..) {
            let change = SetChange { name: owner.clone(), kind: "TXT", ttl_seconds: TTL_SECONDS, data: Vec::new() };
            if let Err(error) = self.updater.replace(&zone, &[change]).await {
                tracing::warn!(owner, %error, "the record of a challenge could not be taken away");
            }
        }
    }
}

/// Returns when every server has `wanted` at `owner`.
async fn seen(servers: &Authorities, owner: &str, wanted: &BTreeSet<DnsData>) -> Result<(), AcmeError> {
    let end = tokio::time::Instant::now() + SIGHT_PATIENCE;
    loop {
        let answers = servers.answers(owner, "TXT").await;
        let lacking: Vec<String> = answers
            .iter()
            .filter(|(_, answer)| !answer.as_ref().is_ok_and(|set| wanted.iter().all(|data| set.data.contains(data))))
            .map(|(server, _)| server.to_string())
            .collect();
        if lacking.is_empty() && !answers.is_empty() {
            return Ok(());
        }
        if tokio::time::Instant::now() > end {
            let who = if lacking.is_empty() { "no server".to_owned() } else { lacking.join(", ") };
            return Err(AcmeError::Proof(format!("{who} did not come to have the record {owner}")));
        }
        tokio::time::sleep(SIGHT_PAUSE).await;
    }
}

/// RFC 8737 §3: self-signed, for the name alone, with the digest of the key authorization.
fn certificate(name: &str, digest: &[u8]) -> Result<CertifiedKey, String> {
    let make = || {
        let mut params = CertificateParams::new(vec![name.to_owned()])?;
        params.custom_extensions.push(CustomExtension::new_acme_identifier(digest));
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        Ok::<_, rcgen::Error>((certificate.der().clone(), key.serialize_der()))
    };
    let (certificate, key) = make().map_err(|error| error.to_string())?;
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(key).into();
    let key = provider().key_provider.load_private_key(key).map_err(|error| error.to_string())?;
    // Its one critical extension says what it is for; nobody but the authority knows it, our own checks included.
    Ok(CertifiedKey::new(vec![certificate], key))
}

#[cfg(test)]
mod tests {
    use x509_parser::prelude::{FromDer, X509Certificate};

    use super::*;

    /// RFC 8737 §3: one name, and the digest in a critical extension.
    #[test]
    fn a_proof_by_tls_holds_the_digest_and_the_name() {
        let key = certificate("a.test", &[7; 32]).unwrap();
        let (_, parsed) = X509Certificate::from_der(&key.cert[0]).unwrap();
        let extension = parsed.extensions().iter().find(|e| e.oid.to_id_string() == "1.3.6.1.5.5.7.1.31").unwrap();
        assert!(extension.critical);
        assert_eq!(extension.value, [&[4, 32][..], &[7; 32]].concat());
        let names = &parsed.subject_alternative_name().unwrap().unwrap().value.general_names;
        assert_eq!(format!("{names:?}"), "[DNSName(\"a.test\")]");
    }
}
