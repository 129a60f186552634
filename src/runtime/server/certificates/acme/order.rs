//! One order from beginning to end (RFC 8555 §7.4): names, proofs, request, certificate.

use std::time::Duration;

use instant_acme::{
    Account, AuthorizationStatus, CertificateIdentifier, Error, Identifier, NewOrder, Order, OrderStatus, Problem,
    RetryPolicy,
};
use rcgen::{CertificateParams, DistinguishedName, KeyPair};

use super::AcmeError;
use super::proof::{Proofs, kind};
use crate::plan::document::AcmeChallenge;
use crate::runtime::server::certificates::pair::Pair;

/// While the authority looks, and while it issues.
const POLL: RetryPolicy =
    RetryPolicy::new().initial_delay(Duration::from_millis(500)).backoff(1.5).timeout(Duration::from_secs(180));

/// What is ordered.
pub struct Wish<'a> {
    /// Lower case; `*.` in the left-most label with dns-01 alone.
    pub names: &'a [String],
    pub challenge: AcmeChallenge,
    pub key: &'a KeyPair,
    /// The certificate that this one follows (RFC 9773 §5).
    pub replaces: Option<&'a str>,
}

/// Has a certificate issued. Proofs are taken away whatever happens.
///
/// # Errors
/// [`AcmeError`].
pub async fn issue(account: &Account, wish: &Wish<'_>, mut proofs: Proofs) -> Result<Pair, AcmeError> {
    let mut order = begin(account, wish).await?;
    let proved = prove(&mut order, wish, &mut proofs).await;
    proofs.withdraw().await;
    proved?;
    let mut params = CertificateParams::new(wish.names.to_vec())?;
    // RFC 8555 §7.4 wants the names in the subjectAltName; the subject may be empty.
    params.distinguished_name = DistinguishedName::new();
    let request = params.serialize_request(wish.key)?;
    order.finalize_csr(request.der()).await?;
    let chain = order.poll_certificate(&POLL).await?;
    let pair = Pair::from_pem(chain.as_bytes(), wish.key.serialize_pem().as_bytes())?;
    if !wish.names.iter().all(|name| pair.covers(name)) {
        return Err(AcmeError::OtherNames(pair.names.join(", ")));
    }
    Ok(pair)
}

async fn begin(account: &Account, wish: &Wish<'_>) -> Result<Order, AcmeError> {
    let identifiers: Vec<Identifier> = wish.names.iter().cloned().map(Identifier::Dns).collect();
    if let Some((authority, serial)) = wish.replaces.and_then(|id| id.split_once('.')) {
        let id = CertificateIdentifier { authority_key_identifier: authority.into(), serial: serial.into() };
        match account.new_order(&NewOrder::new(&identifiers).replaces(id)).await {
            Ok(order) => return Ok(order),
            // RFC 9773 §5: the hint may be refused, and the order be good without it.
            Err(Error::Api(problem)) if is(&problem, "accountDoesNotExist") || is(&problem, "rateLimited") => {
                return Err(Error::Api(problem).into());
            }
            Err(error) => tracing::debug!(%error, "the authority does not take the order as a replacement"),
        }
    }
    Ok(account.new_order(&NewOrder::new(&identifiers)).await?)
}

/// Whether a problem is of that type (RFC 8555 §6.7).
pub fn is(problem: &Problem, kind: &str) -> bool {
    problem.r#type.as_deref().and_then(|t| t.strip_prefix("urn:ietf:params:acme:error:")) == Some(kind)
}

async fn prove(order: &mut Order, wish: &Wish<'_>, proofs: &mut Proofs) -> Result<(), AcmeError> {
    let kind = kind(wish.challenge);
    let mut open = 0;
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        match authorization.status {
            AuthorizationStatus::Valid => continue,
            AuthorizationStatus::Pending => {}
            status => return Err(AcmeError::Refused(format!("an authorization is {status:?}"))),
        }
        let challenge = authorization.challenge(kind.clone()).ok_or(AcmeError::NotOffered(wish.challenge))?;
        let name = match challenge.identifier().identifier {
            Identifier::Dns(name) => name.to_ascii_lowercase(),
            _ => return Err(AcmeError::Refused("it asks for the proof of something else than a name".to_owned())),
        };
        proofs.offer(&kind, &name, &challenge.token, &challenge.key_authorization())?;
        open += 1;
    }
    if open > 0 {
        proofs.publish().await?;
    }
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        if authorization.status == AuthorizationStatus::Pending
            && let Some(mut challenge) = authorization.challenge(kind.clone())
        {
            challenge.set_ready().await?;
        }
    }
    match order.poll_ready(&POLL).await {
        Ok(OrderStatus::Ready | OrderStatus::Valid) => Ok(()),
        Ok(_) => Err(AcmeError::Refused(why(order).await)),
        Err(Error::Api(problem)) => {
            let detail = why(order).await;
            Err(AcmeError::Refused(if detail.is_empty() { problem.to_string() } else { detail }))
        }
        Err(error) => Err(error.into()),
    }
}

/// What the authority did not like, in its own words.
async fn why(order: &mut Order) -> String {
    let mut reasons = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        if authorization.refresh().await.is_err() || authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let name = authorization.identifier().to_string();
        let errors = authorization.challenges.iter().filter_map(|challenge| challenge.error.as_ref());
        reasons.extend(errors.map(|problem| format!("{name}: {problem}")));
    }
    reasons.join("; ")
}
