//! Who may log in: passwords and hashes read at activation, checked without blocking the runtime.
//!
//! RFC 5802 (SCRAM), RFC 7677 (SCRAM-SHA-256). Invariants: an unknown user costs and answers like a
//! wrong password; at most `limits.password_checks_max` slow checks run at once; comparisons are
//! constant-time. A password proven right once is remembered as a keyed digest, so that a client that
//! opens twenty connections pays for one slow hash.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use aws_lc_rs::hmac;
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use crate::ground::secret::{Secret, SecretError};
use crate::plan::Plan;
use crate::plan::document::Password;
use crate::protocol::sasl::{self, ScramKeys, scram};
use crate::vocabulary::mail::Address;

/// RFC 7677 §4 asks for at least 4096.
const SCRAM_ITERATIONS: u32 = 4096;
/// Proven passwords that are remembered; the oldest generation is dropped when it is full.
const REMEMBERED_MAX: usize = 10_000;

/// A password could not be loaded.
#[derive(Debug, thiserror::Error)]
#[error("the password of {account}: {error}")]
pub struct CredentialError {
    pub account: Address,
    pub error: SecretError,
}

/// The outcome of a password check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Accepted(Address),
    Rejected,
}

enum Credential {
    /// One-way: argon2id or SHA-crypt.
    Hash(Secret),
    /// The password itself, from a secret file.
    Known(Secret),
}

/// The credentials of one plan.
pub struct Credentials {
    by_account: HashMap<Address, Credential>,
    key: hmac::Key,
    proven: Mutex<HashMap<Address, [u8; 32]>>,
    scram: Mutex<HashMap<Address, StoredKeys>>,
    slow_checks: Semaphore,
}

#[derive(Clone)]
struct StoredKeys {
    salt: Vec<u8>,
    stored_key: [u8; 32],
    server_key: [u8; 32],
}

impl Credentials {
    /// Reads every secret that the plan refers to. `base` is where relative paths start, `server_secret`
    /// the state folder's own.
    ///
    /// # Errors
    /// All accounts whose secret cannot be read.
    pub fn load(plan: &Plan, base: &Path, server_secret: &Secret) -> Result<Self, Vec<CredentialError>> {
        let mut by_account = HashMap::with_capacity(plan.accounts.len());
        let mut errors = Vec::new();
        for (address, account) in &plan.accounts {
            let credential = match &account.password {
                None => continue,
                Some(Password::Hash(hash)) => Credential::Hash(Secret::new(hash.as_bytes())),
                Some(Password::Secret(reference)) => match Secret::read(reference, base) {
                    Ok(secret) if is_hash(secret.expose()) => Credential::Hash(secret),
                    Ok(secret) => Credential::Known(prepared(secret)),
                    Err(error) => {
                        errors.push(CredentialError { account: address.clone(), error });
                        continue;
                    }
                },
            };
            by_account.insert(address.clone(), credential);
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Self {
            by_account,
            key: hmac::Key::new(hmac::HMAC_SHA256, server_secret.expose()),
            proven: Mutex::default(),
            scram: Mutex::default(),
            slow_checks: Semaphore::new(plan.limits.password_checks_max.max(1) as usize),
        })
    }

    /// Checks a password. `user` is what the client typed.
    pub async fn check(self: &Arc<Self>, user: &str, password: Secret) -> Verdict {
        let account = user.parse::<Address>().ok().map(|address| address.canonical());
        let known = account.as_ref().and_then(|a| self.by_account.get_key_value(a));
        let tag = self.tag(&password);
        if let Some((address, credential)) = known {
            if let Some(proven) = self.proven.lock().unwrap_or_else(PoisonError::into_inner).get(address)
                && bool::from(proven.ct_eq(&tag))
            {
                return Verdict::Accepted(address.clone());
            }
            if let Credential::Known(right) = credential {
                return if *right == password {
                    Verdict::Accepted(address.clone())
                } else {
                    self.refuse_slowly().await
                };
            }
        }
        let Ok(_permit) = self.slow_checks.acquire().await else { return Verdict::Rejected };
        let hash = match known {
            Some((_, Credential::Hash(hash))) => hash.clone(),
            _ => Secret::new(DECOY),
        };
        let right = tokio::task::spawn_blocking(move || verify(&hash, &password)).await.unwrap_or(false);
        match known {
            Some((address, _)) if right => {
                let mut proven = self.proven.lock().unwrap_or_else(PoisonError::into_inner);
                if proven.len() >= REMEMBERED_MAX {
                    proven.clear();
                }
                proven.insert(address.clone(), tag);
                Verdict::Accepted(address.clone())
            }
            _ => Verdict::Rejected,
        }
    }

    /// A wrong guess at a known password costs what an unknown user costs.
    async fn refuse_slowly(&self) -> Verdict {
        let Ok(_permit) = self.slow_checks.acquire().await else { return Verdict::Rejected };
        let _ = tokio::task::spawn_blocking(|| verify(&Secret::new(DECOY), &Secret::new(*b"x"))).await;
        Verdict::Rejected
    }

    /// SCRAM keys for `user`. Unknown users and those with a one-way hash get keys that no password
    /// fits, the same each time (RFC 5802 §9 leaves enumeration to us).
    pub fn scram_keys(&self, user: &str, nonce: String) -> ScramKeys {
        let account = user.parse::<Address>().ok().map(|address| address.canonical());
        let known = account.as_ref().and_then(|a| self.by_account.get_key_value(a));
        let (account, keys) = match known {
            Some((address, Credential::Known(password))) => (Some(address.clone()), self.derive(address, password)),
            _ => (None, self.fake(user)),
        };
        ScramKeys {
            account,
            salt: keys.salt,
            iterations: SCRAM_ITERATIONS,
            stored_key: keys.stored_key,
            server_key: keys.server_key,
            nonce,
        }
    }

    /// RFC 5802 §3, derived once an account.
    fn derive(&self, address: &Address, password: &Secret) -> StoredKeys {
        if let Some(keys) = self.scram.lock().unwrap_or_else(PoisonError::into_inner).get(address) {
            return keys.clone();
        }
        let salt = self.salt(&address.to_string());
        let derived = scram::derive(password, &salt, SCRAM_ITERATIONS);
        let keys = StoredKeys { salt, stored_key: derived.stored_key, server_key: derived.server_key };
        self.scram.lock().unwrap_or_else(PoisonError::into_inner).insert(address.clone(), keys.clone());
        keys
    }

    fn fake(&self, user: &str) -> StoredKeys {
        let salt = self.salt(&user.to_lowercase());
        let stored_key = octets(hmac::sign(&self.key, &[b"fake".as_slice(), &salt].concat()).as_ref());
        StoredKeys { salt, stored_key, server_key: stored_key }
    }

    fn salt(&self, name: &str) -> Vec<u8> {
        hmac::sign(&self.key, &[b"salt:", name.as_bytes()].concat()).as_ref()[..16].to_vec()
    }

    fn tag(&self, password: &Secret) -> [u8; 32] {
        octets(hmac::sign(&self.key, &[b"proven:", password.expose()].concat()).as_ref())
    }
}

/// An argon2id hash of nothing in particular, so that unknown users take as long.
const DECOY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bWFpbGN0bC1kZWNveS1zYWx0$DnOIW+iNZrWRvVPbhqSmtmNxSuOIHkQ/yTMbU2rEzAM";

/// As the question will bring it: RFC 4013. What SASLprep refuses is kept as it is, for hashes made by
/// others.
fn prepared(secret: Secret) -> Secret {
    match std::str::from_utf8(secret.expose()).ok().and_then(sasl::prepare) {
        Some(text) => Secret::new(text),
        None => secret,
    }
}

fn is_hash(bytes: &[u8]) -> bool {
    [b"$argon2id$".as_slice(), b"$6$", b"$5$"].iter().any(|prefix| bytes.starts_with(prefix))
}

/// Slow on purpose; called on the blocking pool.
fn verify(hash: &Secret, password: &Secret) -> bool {
    let Ok(text) = std::str::from_utf8(hash.expose()) else { return false };
    if text.starts_with("$argon2") {
        let Ok(parsed) = PasswordHash::new(text) else { return false };
        return Argon2::default().verify_password(password.expose(), &parsed).is_ok();
    }
    use sha_crypt::PasswordVerifier as _;
    sha_crypt::ShaCrypt::default().verify_password(password.expose(), text).is_ok()
}

fn octets(bytes: &[u8]) -> [u8; 32] {
    let mut array = [0; 32];
    array.copy_from_slice(&bytes[..32]);
    array
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_of_three_kinds_verify() {
        let right = |hash: &str, password: &str| verify(&Secret::new(hash), &Secret::new(password));
        // openssl passwd -6 -salt saltstring 'Hello world!'
        let sha512 =
            "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1";
        // openssl passwd -5 -salt saltstring 'Hello world!'
        let sha256 = "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5";
        for hash in [sha512, sha256] {
            assert!(right(hash, "Hello world!"));
            assert!(!right(hash, "hello world!"));
        }
        use argon2::PasswordHasher;
        let argon = Argon2::default().hash_password(b"x").unwrap().to_string();
        assert!(right(&argon, "x"));
        assert!(!right(&argon, "y"));
    }

    #[test]
    fn the_decoy_is_a_hash_that_takes_its_time() {
        assert!(PasswordHash::new(DECOY).is_ok());
        assert!(!verify(&Secret::new(DECOY), &Secret::new("x")));
    }
}
