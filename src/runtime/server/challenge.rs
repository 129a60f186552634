//! What an ACME authority comes to look for: answers to http-01 (RFC 8555 §8.3) and certificates for tls-alpn-01
//! (RFC 8737 §3).
//!
//! One side puts them here while an order is under way, the other serves them; neither knows the other. Bounds:
//! `limits::ACME_CHALLENGES_MAX` of each kind; more are refused, so a stuck order cannot grow this for ever.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::sign::CertifiedKey;

use crate::ground::limits::ACME_CHALLENGES_MAX;

/// Too many challenges are open at once.
#[derive(Debug, thiserror::Error)]
#[error("{ACME_CHALLENGES_MAX} challenges are open already")]
pub struct TooMany;

/// The challenges that are open now.
#[derive(Debug, Default)]
pub struct Challenges {
    /// Key authorization by token.
    http: RwLock<BTreeMap<String, String>>,
    /// By the name that is to be proved, in lower case.
    alpn: RwLock<BTreeMap<String, Arc<CertifiedKey>>>,
}

impl Challenges {
    /// Serves `authorization` at `/.well-known/acme-challenge/TOKEN` until the token is withdrawn.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn offer_http(&self, token: &str, authorization: String) -> Result<(), TooMany> {
        offer(&self.http, token, authorization)
    }

    /// Serves a certificate to whoever asks for `name` with the protocol `acme-tls/1` alone.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn offer_alpn(&self, name: &str, key: Arc<CertifiedKey>) -> Result<(), TooMany> {
        offer(&self.alpn, &name.to_ascii_lowercase(), key)
    }

    pub fn withdraw_http(&self, token: &str) {
        self.http.write().unwrap_or_else(PoisonError::into_inner).remove(token);
    }

    pub fn withdraw_alpn(&self, name: &str) {
        self.alpn.write().unwrap_or_else(PoisonError::into_inner).remove(&name.to_ascii_lowercase());
    }

    /// What is to be answered for a token.
    pub fn http(&self, token: &str) -> Option<String> {
        self.http.read().unwrap_or_else(PoisonError::into_inner).get(token).cloned()
    }

    /// The certificate that proves `name`.
    pub fn alpn(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        self.alpn.read().unwrap_or_else(PoisonError::into_inner).get(&name.to_ascii_lowercase()).cloned()
    }
}

fn offer<T>(open: &RwLock<BTreeMap<String, T>>, key: &str, answer: T) -> Result<(), TooMany> {
    let mut open = open.write().unwrap_or_else(PoisonError::into_inner);
    if open.len() >= ACME_CHALLENGES_MAX && !open.contains_key(key) {
        return Err(TooMany);
    }
    open.insert(key.to_owned(), answer);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_withdrawn_is_not_served() {
        let challenges = Challenges::default();
        challenges.offer_http("token", "token.thumbprint".to_owned()).unwrap();
        assert_eq!(challenges.http("token").as_deref(), Some("token.thumbprint"));
        assert_eq!(challenges.http("Token"), None);
        challenges.withdraw_http("token");
        assert_eq!(challenges.http("token"), None);
    }

    #[test]
    fn a_stuck_order_does_not_grow_them_for_ever() {
        let challenges = Challenges::default();
        for n in 0..ACME_CHALLENGES_MAX {
            challenges.offer_http(&n.to_string(), String::new()).unwrap();
        }
        assert!(challenges.offer_http("one more", String::new()).is_err());
        assert!(challenges.offer_http("0", "again".to_owned()).is_ok());
    }
}
