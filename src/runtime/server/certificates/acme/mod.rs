//! Certificates from an authority that speaks ACME (RFC 8555): asked for when they are due, with the key that is
//! served already, and put on the shelf.
//!
//! [`schedule`] says when, `account` who we are, `order` and `proof` do it, `http` carries it. An authority
//! that fails changes nothing that is served; it is asked again after a pause that grows, across restarts, and
//! `status` and the log say so.
//!
//! Not here: revocation of certificates (a key that was lost is rolled over and its certificate revoked with the
//! authority's own tools), and CNAMEs at `_acme-challenge`.

mod account;
mod http;
mod order;
mod proof;
pub mod schedule;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use instant_acme::{Account, CertificateIdentifier, Error};
use tokio::sync::watch as signal;

use super::asks::Ask;
use super::kept::KeptError;
use super::local::key_of;
use super::pair::{Pair, PairError};
use super::shelf::{Placed, ShelfError, named};
use super::standing::Standing;
use super::{Certificates, read};
use crate::ground::clock::Timestamp;
use crate::ground::limits::CERTIFICATE_LOOK_SECONDS;
use crate::ground::secret::Secret;
use crate::plan::Plan;
use crate::plan::document::{AcmeAccount, AcmeChallenge, Certificate, CertificateSource};
use crate::runtime::net::connector::client_config;
use crate::runtime::net::resolver::DnsResolver;
use crate::runtime::net::tls::matches;
use crate::vocabulary::dns::Resolver as _;
use crate::vocabulary::mail::Domain;
use account::Applicant;
use http::Https;
use order::Wish;
use proof::Proofs;
use schedule::{Case, Reason};

/// For a whole order, secondaries of name servers included.
const ORDER_PATIENCE: Duration = Duration::from_secs(15 * 60);

/// Why no certificate was issued.
#[derive(Debug, thiserror::Error)]
pub enum AcmeError {
    #[error(transparent)]
    Acme(#[from] Error),
    #[error("the authority file: {0}")]
    Authority(String),
    #[error("the key of the external account is not base64url")]
    ExternalKey,
    #[error(transparent)]
    Kept(#[from] KeptError),
    #[error("the request could not be made: {0}")]
    Made(#[from] rcgen::Error),
    #[error("dns-01 needs `dns: {{ publish: {{ rfc2136: ... }} }}`")]
    NoWay,
    #[error("the authority does not offer the challenge {0:?}")]
    NotOffered(AcmeChallenge),
    #[error("the authority issued a certificate for other names: {0}")]
    OtherNames(String),
    #[error("what the authority issued cannot be served: {0}")]
    Pair(#[from] PairError),
    #[error("the proof could not be given: {0}")]
    Proof(String),
    #[error("the authority refused: {0}")]
    Refused(String),
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    #[error("the order took longer than {} s", ORDER_PATIENCE.as_secs())]
    TooLong,
}

/// Looks once a minute, or when the bell rings, at the certificates that an authority issues, until the server drains
/// or is gone.
pub async fn run(
    desk: Arc<Certificates>,
    current: impl Fn() -> Option<(Arc<Plan>, PathBuf)>,
    mut draining: signal::Receiver<bool>,
) {
    let mut bell = desk.bell();
    loop {
        // First: what rings from here on is looked at next.
        bell.mark_unchanged();
        let Some((plan, base)) = current() else { return };
        let look = async {
            for (id, certificate) in named(&plan) {
                attend(&desk, &plan, &base, &id, certificate).await;
            }
            let pause = Duration::from_secs(CERTIFICATE_LOOK_SECONDS);
            let _ = tokio::time::timeout(pause, bell.changed()).await;
        };
        tokio::select! {
            () = look => {}
            _ = draining.wait_for(|draining| *draining) => return,
        }
    }
}

/// A certificate that was issued.
struct Issued {
    placed: Placed,
    /// Names of the plan that it is not for, because they lead nowhere.
    left_out: Vec<String>,
    fingerprint: String,
}

/// One certificate at an authority.
struct Customer<'a> {
    desk: &'a Certificates,
    plan: &'a Plan,
    base: &'a Path,
    id: &'a str,
    certificate: &'a Certificate,
    directory: &'a str,
    challenge: AcmeChallenge,
    contact: Option<&'a str>,
    external: Option<&'a AcmeAccount>,
    authority: Option<&'a PathBuf>,
}

/// Does what is due for one certificate; nothing for those of other sources.
async fn attend(desk: &Certificates, plan: &Plan, base: &Path, id: &str, certificate: &Certificate) {
    let CertificateSource::Acme { directory, challenge, contact, external_account, authority } = &certificate.source
    else {
        return;
    };
    let customer = Customer {
        desk,
        plan,
        base,
        id,
        certificate,
        directory,
        challenge: *challenge,
        contact: contact.as_deref(),
        external: external_account.as_ref(),
        authority: authority.as_ref(),
    };
    let Ok(slot) = desk.shelf.slot(id) else { return };
    let (served, now) = (slot.served(), Timestamp::now());
    let standing = desk.standings.of(id);
    let case = Case { standing: &standing, served: served.as_deref(), directory, names: &certificate.names };
    let ask = desk.asks.take(id);
    let reason = match ask {
        Some(Ask::Renew) => Some("asked for"),
        Some(Ask::Roll) => Some("asked for, with a new key"),
        None => case.due(now).map(|reason| match reason {
            Reason::First => "this authority has not issued one yet",
            Reason::Names => "the plan has other names",
            Reason::Renewal => "it is time to renew",
        }),
    };
    let reason = match reason {
        None if case.look_again(now) => customer.found_again(&standing.left_out).await,
        reason => reason,
    };
    match reason {
        Some(reason) => {
            if let Some(tried) = standing.tried.filter(|_| ask.is_some()) {
                // Whoever is in a hurry is not to hammer the authority either.
                tokio::time::sleep(tried.after(schedule::ASKED_PAUSE).since(now).min(schedule::ASKED_PAUSE)).await;
            }
            tracing::info!(certificate = id, reason, directory, "a certificate is ordered");
            customer.order(served.as_deref(), ask == Some(Ask::Roll)).await;
            desk.asks.done(id);
        }
        None if served.is_some() && standing.renewal_info_due.is_some_and(|due| now >= due) => {
            customer.renewal_info(served.as_deref()).await;
        }
        None => {}
    }
}

impl Customer<'_> {
    /// Orders, and records how it went.
    async fn order(&self, served: Option<&Pair>, roll: bool) {
        let issued = tokio::time::timeout(ORDER_PATIENCE, self.issue(served, roll)).await;
        let issued = issued.unwrap_or(Err(AcmeError::TooLong));
        let now = Timestamp::now();
        match &issued {
            Ok(Issued { placed: Placed::Waits, .. }) => tracing::warn!(
                certificate = self.id,
                "the certificate with the new key waits until its TLSA records are published and seen"
            ),
            Ok(Issued { left_out, .. }) => {
                tracing::info!(certificate = self.id, ?left_out, "the certificate that was issued is served")
            }
            Err(error) => {
                let ends = served.map(|pair| Timestamp(pair.not_after.saturating_mul(1000)).rfc3339());
                if served.is_some_and(|pair| schedule::urgent(pair, now)) {
                    tracing::error!(certificate = self.id, ends, "the certificate ends soon and is not renewed");
                }
                tracing::warn!(certificate = self.id, %error, ends, "no certificate was issued; the one before is served still");
            }
        }
        self.record(|standing| {
            standing.tried = Some(now);
            match issued {
                Ok(Issued { placed, left_out, fingerprint }) => {
                    let former = std::mem::take(standing);
                    standing.issued_by = former.issued_by;
                    standing.issued = former.issued;
                    standing.issued(self.directory, fingerprint);
                    (standing.tried, standing.left_out) = (Some(now), left_out);
                    standing.renewal_info_due = Some(now);
                    if placed == Placed::Waits {
                        standing.renewal_info_due = None;
                    }
                }
                Err(error) => {
                    standing.failed(&error.to_string());
                    if matches!(&error, AcmeError::Acme(Error::Api(problem)) if order::is(problem, "rateLimited")) {
                        standing.failures = standing.failures.max(schedule::FAILURES_OF_A_LIMIT);
                    }
                    standing.next_try = Some(now.after(schedule::pause(standing.failures, chance())));
                }
            }
        });
    }

    fn record(&self, edit: impl FnOnce(&mut Standing)) {
        if let Err(error) = self.desk.standings.change(self.id, edit) {
            tracing::warn!(certificate = self.id, %error, "how the certificate stands could not be kept");
        }
    }

    async fn issue(&self, served: Option<&Pair>, roll: bool) -> Result<Issued, AcmeError> {
        // The key stays, so that TLSA and whatever else is pinned stays true (RFC 7671 §8.1).
        let key = key_of(served.filter(|_| !roll)).map_err(|error| AcmeError::Proof(error.to_string()))?;
        let resolver = self.resolver()?;
        let http = self.http(&resolver)?;
        let standing = self.desk.standings.of(self.id);
        let ours = served.filter(|pair| standing.is_of(self.directory, pair));
        let replaces = ours.and_then(|pair| pair.renewal_id.as_deref());
        let reachable = self.reachable(&resolver).await;
        let names = without_repetitions(&reachable);
        let wish = Wish { names: &names, challenge: self.challenge, key: &key, replaces };
        let proofs = || Proofs::new(self.plan, self.base, self.challenge, self.desk.challenges.clone(), &resolver);
        let secret = self.secret()?;
        let applicant = self.applicant(secret.as_ref());
        let account = applicant.account(self.desk.shelf.kept(), &http).await?;
        let pair = match order::issue(&account, &wish, proofs()?).await {
            Err(AcmeError::Acme(Error::Api(problem))) if order::is(&problem, "accountDoesNotExist") => {
                tracing::warn!(
                    directory = self.directory,
                    "the authority has forgotten our account; a new one is made"
                );
                let account = applicant.register(self.desk.shelf.kept(), &http).await?;
                order::issue(&account, &wish, proofs()?).await?
            }
            outcome => outcome?,
        };
        let left_out = self.certificate.names.iter().filter(|name| !reachable.contains(name)).cloned().collect();
        let fingerprint = pair.fingerprint();
        let placed = self.desk.shelf.offer(self.id, pair, self.desk.terms(self.plan, self.certificate))?;
        Ok(Issued { placed, left_out, fingerprint })
    }

    /// Names that the authority can find; for dns-01 it need not. One name that leads nowhere would spoil the order for
    /// all others, and what follows from the domains may not be published yet. The first must lead here.
    async fn reachable(&self, resolver: &DnsResolver) -> Vec<String> {
        let mut found = Vec::new();
        for (n, name) in self.certificate.names.iter().enumerate() {
            if n == 0 || self.challenge == AcmeChallenge::Dns01 || leads_somewhere(resolver, name).await {
                found.push(name.clone());
            }
        }
        found
    }

    async fn found_again(&self, left_out: &[String]) -> Option<&'static str> {
        let resolver = self.resolver().ok()?;
        for name in left_out.iter().filter(|name| self.certificate.names.contains(name)) {
            if leads_somewhere(&resolver, name).await {
                return Some("a name that was left out leads somewhere now");
            }
        }
        self.record(|standing| standing.tried = Some(Timestamp::now()));
        None
    }

    fn resolver(&self) -> Result<DnsResolver, AcmeError> {
        DnsResolver::new(&self.plan.outbound.resolver).map_err(|error| AcmeError::Proof(error.to_string()))
    }

    fn http(&self, resolver: &DnsResolver) -> Result<Https, AcmeError> {
        let pem = self.authority.map(|path| read(&self.base.join(path))).transpose().map_err(AcmeError::Authority)?;
        let tls = client_config("acme", pem.as_deref()).map_err(|error| AcmeError::Authority(error.to_string()))?;
        Ok(Https::new(resolver.clone(), tls))
    }

    fn secret(&self) -> Result<Option<Secret>, AcmeError> {
        let read = |external: &AcmeAccount| Secret::read(&external.key, self.base);
        self.external.map(read).transpose().map_err(|error| AcmeError::Proof(error.to_string()))
    }

    fn applicant<'a>(&'a self, secret: Option<&'a Secret>) -> Applicant<'a> {
        let external = self.external.map(|external| external.id.as_str()).zip(secret);
        Applicant { directory: self.directory, contact: self.contact, external }
    }

    /// Asks when to renew (RFC 9773 §4.2). Without an answer two thirds of the life count.
    async fn renewal_info(&self, served: Option<&Pair>) {
        let asked = tokio::time::timeout(ORDER_PATIENCE, self.ask_renewal_info(served)).await;
        let now = Timestamp::now();
        match asked.unwrap_or(Err(AcmeError::TooLong)) {
            Ok(Some((renew_at, pause))) => self.record(|standing| {
                standing.renew_at = Some(renew_at);
                standing.renewal_info_due = Some(now.after(schedule::info_pause(pause)));
            }),
            // Not offered: the next certificate may be of an authority that does.
            Ok(None) => self.record(|standing| standing.renewal_info_due = None),
            Err(error) => {
                tracing::info!(certificate = self.id, %error, "the authority gave no renewal information");
                self.record(|standing| standing.renewal_info_due = Some(now.after(schedule::INFO_PAUSE_FAILED)));
            }
        }
    }

    async fn ask_renewal_info(&self, served: Option<&Pair>) -> Result<Option<(Timestamp, Duration)>, AcmeError> {
        let Some((authority, serial)) = served.and_then(|pair| pair.renewal_id.as_deref()?.split_once('.')) else {
            return Ok(None);
        };
        let id = CertificateIdentifier { authority_key_identifier: authority.into(), serial: serial.into() };
        let secret = self.secret()?;
        let http = self.http(&self.resolver()?)?;
        let account: Account = self.applicant(secret.as_ref()).account(self.desk.shelf.kept(), &http).await?;
        let (info, pause) = match account.renewal_info(&id).await {
            Err(Error::Unsupported(_)) => return Ok(None),
            answer => answer?,
        };
        let moment = |at: i64| Timestamp(at.saturating_mul(1000));
        let window = info.suggested_window;
        let (start, end) = (moment(window.start.unix_timestamp()), moment(window.end.unix_timestamp()));
        let known = self.desk.standings.of(self.id).renew_at;
        // A moment of the same window stays: drawn again each time it would come ever later.
        let kept = known.filter(|at| (start..=end).contains(at));
        Ok(Some((kept.unwrap_or_else(|| schedule::within(start, end, chance())), pause)))
    }
}

/// The names that an order holds: what a wildcard among them covers is not asked for too, which Let's Encrypt refuses.
fn without_repetitions(names: &[String]) -> Vec<String> {
    let covered = |name: &String| names.iter().any(|other| other != name && matches(other, name));
    names.iter().filter(|name| !covered(name)).cloned().collect()
}

/// Whether a name has an address; who cannot be asked counts as yes, for the authority asks others.
async fn leads_somewhere(resolver: &DnsResolver, name: &str) -> bool {
    let Ok(name) = name.parse::<Domain>() else { return true };
    resolver.addresses(&name).await.map_or(true, |answer| !answer.records.is_empty())
}

/// From 0 to 1, for jitter.
fn chance() -> f64 {
    let mut octets = [0; 4];
    match SystemRandom::new().fill(&mut octets) {
        Ok(()) => f64::from(u32::from_ne_bytes(octets)) / f64::from(u32::MAX),
        Err(_) => 0.5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_wildcard_covers_is_not_asked_for_too() {
        let names = ["mail.a.test", "*.a.test", "x.mail.a.test", "a.test"].map(str::to_owned);
        assert_eq!(without_repetitions(&names), ["*.a.test", "x.mail.a.test", "a.test"]);
    }
}
