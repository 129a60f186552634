//! The account at an authority (RFC 8555 §7.3): made once, its key kept in the state folder and used again.
//!
//! Whoever configures an authority agrees to its terms of service; the language's documentation says so. An account
//! belongs to a directory and, where the authority wants one first, to an external account (§7.3.4).

use std::path::PathBuf;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use instant_acme::{Account, AccountCredentials, ExternalAccountKey, NewAccount};
use serde::{Deserialize, Serialize};

use super::super::kept::{Kept, write};
use super::AcmeError;
use super::http::Https;
use crate::ground::secret::Secret;

/// What an account is made of.
pub struct Applicant<'a> {
    pub directory: &'a str,
    pub contact: Option<&'a str>,
    /// Key identifier, and the MAC key as the authority gave it: base64url.
    pub external: Option<(&'a str, &'a Secret)>,
}

#[derive(Serialize, Deserialize)]
struct KeptAccount {
    contact: Option<String>,
    /// The account's URL, which a CAA record may name (RFC 8657 §3).
    uri: String,
    credentials: AccountCredentials,
}

impl Applicant<'_> {
    fn path(&self, kept: &Kept) -> PathBuf {
        let external = self.external.map_or("", |(id, _)| id);
        let text = format!("{}\0{external}", self.directory);
        let name: String =
            digest(&SHA256, text.as_bytes()).as_ref().iter().take(8).map(|b| format!("{b:02x}")).collect();
        kept.root().join("accounts").join(format!("{name}.json"))
    }

    /// The account, made at the authority if there is none yet.
    ///
    /// # Errors
    /// [`AcmeError`].
    pub async fn account(&self, kept: &Kept, http: &Https) -> Result<Account, AcmeError> {
        let path = self.path(kept);
        let builder = Account::builder_with_http(Box::new(http.clone()));
        let known = std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice::<KeptAccount>(&bytes).ok());
        let Some(known) = known else {
            return self.register(kept, http).await;
        };
        let account = builder.from_credentials(known.credentials).await?;
        if known.contact.as_deref() != self.contact {
            let contact = self.contact_urls();
            account.update_contacts(&contact.iter().map(String::as_str).collect::<Vec<_>>()).await?;
            let bytes = std::fs::read(&path).unwrap_or_default();
            if let Ok(mut known) = serde_json::from_slice::<KeptAccount>(&bytes) {
                known.contact = self.contact.map(str::to_owned);
                write(&path, &serde_json::to_vec_pretty(&known).unwrap_or_default())?;
            }
        }
        Ok(account)
    }

    /// A new account, also in place of one that the authority has forgotten.
    ///
    /// # Errors
    /// [`AcmeError`].
    pub async fn register(&self, kept: &Kept, http: &Https) -> Result<Account, AcmeError> {
        let external = match self.external {
            Some((id, key)) => {
                let text = key.expose().trim_ascii();
                let key = BASE64_URL_SAFE_NO_PAD.decode(text.strip_suffix(b"=").unwrap_or(text));
                Some(ExternalAccountKey::new(id.to_owned(), &key.map_err(|_| AcmeError::ExternalKey)?))
            }
            None => None,
        };
        let contact = self.contact_urls();
        let contact: Vec<&str> = contact.iter().map(String::as_str).collect();
        let wish = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
        let builder = Account::builder_with_http(Box::new(http.clone()));
        let (account, credentials) = builder.create(&wish, self.directory.to_owned(), external.as_ref()).await?;
        let known = KeptAccount { contact: self.contact.map(str::to_owned), uri: account.id().to_owned(), credentials };
        write(&self.path(kept), &serde_json::to_vec_pretty(&known).unwrap_or_default())?;
        tracing::info!(directory = self.directory, account = account.id(), "an account at the authority is made");
        Ok(account)
    }

    fn contact_urls(&self) -> Vec<String> {
        self.contact.map(|contact| format!("mailto:{contact}")).into_iter().collect()
    }
}
