//! Accounts and aliases: addresses canonical, aliases flattened to accounts.

use std::collections::{BTreeMap, BTreeSet};

use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::accounts::{Account as Settings, Password as Written};
use crate::ground::secret::SecretRef;
use crate::plan::document::{Account, AliasTargets, Password};
use crate::vocabulary::mail::Address;

pub fn accounts(meaning: &Meaning<'_>) -> BTreeMap<Address, Account> {
    let account = |settings: Option<&Settings>| Account {
        password: settings.and_then(|s| s.password.as_ref()).map(|p| password(&p.value)),
        app_passwords: BTreeMap::new(),
        forward: None,
        quota_octets: settings.and_then(|s| s.quota.as_ref()).map(|q| q.value.0),
        send_as: settings
            .and_then(|s| s.send_as.as_ref())
            .into_iter()
            .flatten()
            .map(|a| a.value.0.canonical())
            .collect(),
    };
    meaning.mailboxes.iter().map(|m| (m.address.clone(), account(m.settings))).collect()
}

fn password(written: &Written) -> Password {
    match written {
        Written::Credential(name) => Password::Secret(SecretRef::Credential(name.clone())),
        Written::Env(name) => Password::Secret(SecretRef::Env(name.clone())),
        Written::File(path) => Password::Secret(SecretRef::File(path.value.0.clone())),
        Written::Hash(hash) => Password::Hash(hash.0.clone()),
    }
}

/// The aliases of the file and the duties that nobody was named for (RFC 5321 §4.5.1, RFC 2142 §4).
pub fn aliases(meaning: &Meaning<'_>) -> BTreeMap<Address, AliasTargets> {
    let mut aliases = meaning.flattened.aliases.clone();
    for duty in &meaning.duties {
        if let Some(taker) = &duty.taker {
            aliases.entry(duty.address.clone()).or_default().insert(taker.clone());
        }
    }
    let targets = |local| AliasTargets { local, remote: BTreeSet::new() };
    aliases.into_iter().map(|(alias, accounts)| (alias, targets(accounts))).collect()
}

/// The accounts behind an address of this file.
pub fn receivers(meaning: &Meaning<'_>, address: &Address) -> BTreeSet<Address> {
    let address = address.canonical();
    match meaning.aliases.account(&address) {
        Some(account) => BTreeSet::from([account]),
        None => meaning.flattened.aliases.get(&address).cloned().unwrap_or_default(),
    }
}
