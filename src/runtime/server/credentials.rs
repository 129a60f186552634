//! Who may log in: passwords and hashes read at activation, checked without blocking the runtime.
//!
//! An account may have app passwords besides its main one; each is as good for a password login, and SCRAM
//! works with the main one only. RFC 5802 (SCRAM), RFC 7677 (SCRAM-SHA-256).
//!
//! Invariants: an unknown user costs and answers like a wrong password, and every wrong password costs the
//! same: as many slow hashes as the account with most of them has. At most `limits.password_checks_max` such
//! checks run at once; comparisons are constant-time, and all passwords of an account are compared whichever
//! fits. A password proven right once is remembered as a keyed digest, so that a client that opens twenty
//! connections pays for one slow hash.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use aws_lc_rs::hmac;
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use crate::ground::limits::APP_PASSWORDS_MAX;
use crate::ground::secret::{Secret, SecretError};
use crate::plan::Plan;
use crate::plan::document::{Account, Password};
use crate::protocol::sasl::{self, ScramKeys, scram};
use crate::vocabulary::mail::Address;

/// RFC 7677 §4 asks for at least 4096.
const SCRAM_ITERATIONS: u32 = 4096;
/// Proven passwords that are remembered; the oldest generation is dropped when it is full.
const REMEMBERED_MAX: usize = 10_000;

/// A password could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    #[error("the password of {account}: {error}")]
    Main { account: Address, error: SecretError },
    #[error("the app password `{label}` of {account}: {error}")]
    App { account: Address, label: String, error: SecretError },
    #[error("{account} has {count} app passwords; at most {APP_PASSWORDS_MAX} are checked")]
    TooMany { account: Address, count: usize },
}

/// The outcome of a password check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// `app_password` is the label of the one that was used, if it was not the main password.
    Accepted {
        account: Address,
        app_password: Option<String>,
    },
    Rejected,
}

enum Credential {
    /// One-way: argon2id or SHA-crypt.
    Hash(Secret),
    /// The password itself, from a secret file.
    Known(Secret),
}

/// All passwords of one account.
struct Owner {
    main: Option<Credential>,
    /// With their labels, at most [`APP_PASSWORDS_MAX`].
    apps: Vec<(String, Credential)>,
}

impl Owner {
    /// Every password with its label.
    fn all(&self) -> impl Iterator<Item = (Option<&str>, &Credential)> {
        let apps = self.apps.iter().map(|(label, credential)| (Some(label.as_str()), credential));
        self.main.iter().map(|credential| (None, credential)).chain(apps)
    }

    fn hashes(&self) -> Vec<(Option<String>, Secret)> {
        let hash = |(label, credential): (Option<&str>, &Credential)| match credential {
            Credential::Hash(hash) => Some((label.map(str::to_owned), hash.clone())),
            Credential::Known(_) => None,
        };
        self.all().filter_map(hash).collect()
    }
}

/// A password that was right, as a keyed digest, and its label.
type Proven = ([u8; 32], Option<String>);

/// The credentials of one plan.
pub struct Credentials {
    by_account: HashMap<Address, Owner>,
    /// Slow hashes that a wrong password costs.
    rounds: usize,
    key: hmac::Key,
    /// At most as many an account as it has passwords.
    proven: Mutex<HashMap<Address, Vec<Proven>>>,
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
            match owner(address, account, base) {
                Ok(Some(owner)) => drop(by_account.insert(address.clone(), owner)),
                Ok(None) => {}
                Err(problems) => errors.extend(problems),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Self {
            rounds: by_account.values().map(|owner| owner.hashes().len()).max().unwrap_or(0).max(1),
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
        if let Some((address, owner)) = known
            && let Some(app_password) = self.proven(address, &tag).or_else(|| compared(owner, &password))
        {
            return Verdict::Accepted { account: address.clone(), app_password };
        }
        let hashes = known.map(|(_, owner)| owner.hashes()).unwrap_or_default();
        let Ok(_permit) = self.slow_checks.acquire().await else { return Verdict::Rejected };
        let rounds = self.rounds;
        let found = tokio::task::spawn_blocking(move || hashed(hashes, &password, rounds)).await.unwrap_or(None);
        match (known, found) {
            (Some((address, owner)), Some(app_password)) => {
                self.remember(address, owner, (tag, app_password.clone()));
                Verdict::Accepted { account: address.clone(), app_password }
            }
            _ => Verdict::Rejected,
        }
    }

    /// The label behind a password that was right before.
    fn proven(&self, address: &Address, tag: &[u8; 32]) -> Option<Option<String>> {
        let proven = self.proven.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |(known, _): &&Proven| bool::from(known.ct_eq(tag));
        proven.get(address)?.iter().find(fits).map(|(_, label)| label.clone())
    }

    fn remember(&self, address: &Address, owner: &Owner, right: Proven) {
        let mut proven = self.proven.lock().unwrap_or_else(PoisonError::into_inner);
        if proven.len() >= REMEMBERED_MAX {
            proven.clear();
        }
        let of_account = proven.entry(address.clone()).or_default();
        // Two connections may have proven the same at once.
        if of_account.len() < owner.all().count() && !of_account.contains(&right) {
            of_account.push(right);
        }
    }

    /// SCRAM keys for `user`. Unknown users and those with a one-way hash get keys that no password
    /// fits, the same each time (RFC 5802 §9 leaves enumeration to us).
    pub fn scram_keys(&self, user: &str, nonce: String) -> ScramKeys {
        let account = user.parse::<Address>().ok().map(|address| address.canonical());
        let known = account.as_ref().and_then(|a| self.by_account.get_key_value(a));
        let (account, keys) = match known {
            Some((address, Owner { main: Some(Credential::Known(password)), .. })) => {
                (Some(address.clone()), self.derive(address, password))
            }
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

/// `None` if the account has no password at all.
fn owner(address: &Address, account: &Account, base: &Path) -> Result<Option<Owner>, Vec<CredentialError>> {
    let mut errors = Vec::new();
    if account.app_passwords.len() > APP_PASSWORDS_MAX {
        errors.push(CredentialError::TooMany { account: address.clone(), count: account.app_passwords.len() });
    }
    let main = account.password.as_ref().map(|password| credential(password, base));
    let main = main.transpose().unwrap_or_else(|error| {
        errors.push(CredentialError::Main { account: address.clone(), error });
        None
    });
    let mut apps = Vec::new();
    for (label, password) in account.app_passwords.iter().take(APP_PASSWORDS_MAX) {
        match credential(password, base) {
            Ok(credential) => apps.push((label.clone(), credential)),
            Err(error) => errors.push(CredentialError::App { account: address.clone(), label: label.clone(), error }),
        }
    }
    match errors.is_empty() {
        true => Ok((main.is_some() || !apps.is_empty()).then_some(Owner { main, apps })),
        false => Err(errors),
    }
}

fn credential(password: &Password, base: &Path) -> Result<Credential, SecretError> {
    Ok(match password {
        Password::Hash(hash) => Credential::Hash(Secret::new(hash.as_bytes())),
        Password::Secret(reference) => match Secret::read(reference, base)? {
            secret if is_hash(secret.expose()) => Credential::Hash(secret),
            secret => Credential::Known(prepared(secret)),
        },
    })
}

/// The label of the one among the known passwords that `password` is. All are compared.
fn compared(owner: &Owner, password: &Secret) -> Option<Option<String>> {
    let mut found = None;
    for (label, credential) in owner.all() {
        if let Credential::Known(right) = credential
            && right == password
        {
            found = Some(label.map(str::to_owned));
        }
    }
    found
}

/// The label of the hash that `password` fits. A wrong one takes `rounds` hashes. Slow on purpose; called on
/// the blocking pool.
fn hashed(hashes: Vec<(Option<String>, Secret)>, password: &Secret, rounds: usize) -> Option<Option<String>> {
    let made_up = rounds.saturating_sub(hashes.len());
    if let Some((label, _)) = hashes.into_iter().find(|(_, hash)| verify(hash, password)) {
        return Some(label);
    }
    for _ in 0..made_up {
        verify(&Secret::new(DECOY), password);
    }
    None
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

    /// `a`: a known main password and two app passwords; `b`: a hash and no other; `c`: an app password only.
    fn credentials() -> Arc<Credentials> {
        use argon2::PasswordHasher;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("main"), "main\n").unwrap();
        std::fs::write(folder.path().join("known"), "known\n").unwrap();
        let hash = |text: &str| {
            let hash = Argon2::default().hash_password(text.as_bytes()).unwrap().to_string();
            Password::Hash(hash)
        };
        let file = |name: &str| Password::Secret(crate::ground::secret::SecretRef::File(name.into()));
        let mut plan = crate::plan::example::full();
        plan.accounts.clear();
        let account = |main: Option<Password>, apps: Vec<(&str, Password)>| Account {
            password: main,
            app_passwords: apps.into_iter().map(|(label, password)| (label.to_owned(), password)).collect(),
            forward: None,
            quota_octets: None,
            send_as: Default::default(),
        };
        let accounts = [
            ("a", account(Some(file("main")), vec![("hashed", hash("hashed")), ("known", file("known"))])),
            ("b", account(Some(hash("b")), Vec::new())),
            ("c", account(None, vec![("only", hash("only"))])),
            ("d", account(None, Vec::new())),
        ];
        plan.accounts.extend(accounts.map(|(name, account)| (format!("{name}@x.test").parse().unwrap(), account)));
        Arc::new(Credentials::load(&plan, folder.path(), &Secret::new([7; 32])).unwrap())
    }

    #[tokio::test]
    async fn any_password_of_an_account_logs_in_and_says_which() {
        let credentials = credentials();
        let accepted = |name: &str, label: Option<&str>| Verdict::Accepted {
            account: format!("{name}@x.test").parse().unwrap(),
            app_password: label.map(str::to_owned),
        };
        // Twice, because the second time it is remembered.
        for _ in 0..2 {
            for (name, password, label) in [
                ("a", "main", None),
                ("a", "known", Some("known")),
                ("a", "hashed", Some("hashed")),
                ("b", "b", None),
                ("c", "only", Some("only")),
            ] {
                let verdict = credentials.check(&format!("{name}@x.test"), Secret::new(password)).await;
                assert_eq!(verdict, accepted(name, label), "{name} {password}");
            }
            for (name, password) in [("a", "b"), ("b", "main"), ("c", "known"), ("d", ""), ("nobody", "main")] {
                let verdict = credentials.check(&format!("{name}@x.test"), Secret::new(password)).await;
                assert_eq!(verdict, Verdict::Rejected, "{name} {password}");
            }
        }
        let remembered = credentials.proven.lock().unwrap().values().map(Vec::len).sum::<usize>();
        assert_eq!(remembered, 3, "each slow password once");
    }

    #[test]
    fn scram_knows_the_main_password_alone() {
        let credentials = credentials();
        let owner = |name: &str| credentials.scram_keys(&format!("{name}@x.test"), "n".to_owned()).account;
        assert!(owner("a").is_some());
        assert!(owner("b").is_none() && owner("c").is_none() && owner("nobody").is_none());
        assert!(credentials.derive(&"a@x.test".parse().unwrap(), &Secret::new("main")).salt.len() == 16);
    }

    #[test]
    fn all_wrong_passwords_take_as_many_hashes() {
        assert_eq!(credentials().rounds, 1);
        let mut plan = crate::plan::example::full();
        let hash = || Password::Hash("$6$saltstring$x".to_owned());
        for account in plan.accounts.values_mut() {
            account.password = None;
            account.app_passwords = [("one".to_owned(), hash()), ("two".to_owned(), hash())].into();
        }
        let load = |plan: &Plan| Credentials::load(plan, Path::new("/"), &Secret::new([7; 32]));
        assert_eq!(load(&plan).map_err(drop).unwrap().rounds, 2);
        let first = plan.accounts.values_mut().next().unwrap();
        first.app_passwords = (0..=APP_PASSWORDS_MAX).map(|n| (n.to_string(), hash())).collect();
        let errors = load(&plan).map(drop).unwrap_err();
        assert_eq!(errors.len(), 1);
        assert!(errors[0].to_string().contains("has 11 app passwords"), "{}", errors[0]);
    }

    #[test]
    fn the_decoy_is_a_hash_that_takes_its_time() {
        assert!(PasswordHash::new(DECOY).is_ok());
        assert!(!verify(&Secret::new(DECOY), &Secret::new("x")));
    }
}
