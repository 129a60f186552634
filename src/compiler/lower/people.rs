//! Who receives and who logs in: addresses canonical, aliases flattened, forwards and their rewritten senders.

use std::collections::BTreeMap;

use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::accounts::{Account as Settings, Password as Written};
use crate::ground::secret::SecretRef;
use crate::plan::document::{Account, AliasPattern, AliasTargets, Forward, Password, Srs, SrsKey};
use crate::vocabulary::mail::{Address, Domain};

pub fn accounts(meaning: &Meaning<'_>) -> BTreeMap<Address, Account> {
    let forwards = &meaning.flattened.forwards;
    meaning.mailboxes.iter().map(|m| (m.address.clone(), account(m.settings, forwards.get(&m.address)))).collect()
}

fn account(settings: Option<&Settings>, forward: Option<&AliasTargets>) -> Account {
    let apps = settings.and_then(|s| s.app_passwords.as_ref()).into_iter().flat_map(|a| a.iter());
    let send_as = settings.and_then(|s| s.send_as.as_ref()).into_iter().flatten();
    Account {
        password: settings.and_then(|s| s.password.as_ref()).map(|p| password(&p.value)),
        app_passwords: apps.map(|(label, written)| (label.value.clone(), password(&written.value))).collect(),
        // One that leads nowhere was reported (ACC-003, ACC-004, FILT-014).
        forward: forward.filter(|to| !to.is_empty()).map(|to| Forward {
            to: to.clone(),
            keep_copy: settings.and_then(|s| s.keep_copy.as_ref()).is_none_or(|k| k.value),
        }),
        quota_octets: settings.and_then(|s| s.quota.as_ref()).map(|q| q.value.0),
        send_as: send_as.map(|a| a.value.0.canonical()).collect(),
    }
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
            aliases.entry(duty.address.clone()).or_default().local.insert(taker.clone());
        }
    }
    aliases
}

/// Most specific first.
pub fn alias_patterns(meaning: &Meaning<'_>) -> Vec<AliasPattern> {
    let written = meaning.aliases.patterns.iter().zip(&meaning.flattened.patterns);
    let mut patterns: Vec<AliasPattern> = written
        .map(|(pattern, targets)| AliasPattern {
            domain: pattern.domain.clone(),
            prefix: pattern.prefix.clone(),
            suffix: pattern.suffix.clone(),
            targets: targets.clone(),
        })
        .collect();
    patterns.sort_by(|a, b| a.precedence().cmp(&b.precedence()));
    patterns
}

/// The domain that all addresses of `domain` are in the end, if they are another's.
pub fn alias_of(meaning: &Meaning<'_>, domain: &Domain) -> Option<Domain> {
    let domains = &meaning.aliases.alias_domains;
    domains.contains(domain).then(|| domains.root(domain).clone())
}

/// Nothing of an alias domain says who receives.
pub fn catch_all(meaning: &Meaning<'_>, domain: &Domain) -> AliasTargets {
    let alias = meaning.aliases.alias_domains.contains(domain);
    meaning.flattened.catch_alls.get(domain).filter(|_| !alias).cloned().unwrap_or_default()
}

/// Senders are rewritten to a name that the file says, or to the first domain: its MX is this host, so that
/// bounces come back.
pub fn forwarding(meaning: &Meaning<'_>) -> Option<Srs> {
    let written = meaning.config.outbound.as_ref().and_then(|o| o.forwarding.as_ref())?;
    written.srs.as_ref().filter(|s| s.value)?;
    let first = || meaning.domains.first().map(|d| d.name.clone());
    Some(Srs {
        domain: written.domain.as_ref().map(|d| d.value.0.clone()).or_else(first)?,
        key: match &written.secret {
            None => SrsKey::Generated {},
            Some(secret) => SrsKey::Secret(secret.value.reference()),
        },
    })
}
