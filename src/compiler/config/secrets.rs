//! Every secret that a configuration refers to, with its place.
//!
//! Which files hold secrets is said in one place, so that no rule forgets one. Private keys of certificates and of DKIM
//! are secrets too: they are read when a plan is made, and their public halves are all that leaves.

use super::meaning::Meaning;
use super::section::accounts::Password;
use super::section::dns::Publish;
use super::section::leaf::{FilePath, OrNone, SecretSource};
use super::section::storage::S3;
use super::spanned::Spanned;

/// The secret files that the server reads when it starts: passwords and keys behind a `file` reference.
pub fn referenced(meaning: &Meaning<'_>) -> Vec<Spanned<FilePath>> {
    let mut sources: Vec<SecretSource> = Vec::new();
    for settings in meaning.mailboxes.iter().filter_map(|m| m.settings) {
        sources.extend(settings.password.as_ref().and_then(|p| p.value.source()));
        let apps = settings.app_passwords.iter().flat_map(|apps| apps.iter());
        sources.extend(apps.filter_map(|(_, password): (_, &Spanned<Password>)| password.value.source()));
    }
    sources.extend(meaning.ways.relays.iter().filter_map(|r| r.settings.password.as_ref()).map(|p| p.value.clone()));
    sources.extend(services(meaning));
    let file = |source: SecretSource| match source {
        SecretSource::File(path) => Some(path),
        SecretSource::Credential(_) | SecretSource::Env(_) => None,
    };
    sources.into_iter().filter_map(file).collect()
}

/// Secrets of the server itself, towards other services.
fn services(meaning: &Meaning<'_>) -> Vec<SecretSource> {
    let config = meaning.config;
    let mut found: Vec<&Spanned<SecretSource>> = Vec::new();
    let s3 = |s3: &'_ Spanned<S3>| -> SecretSource { s3.secret_key.value.clone() };
    let mut owned = Vec::new();
    if let Some(storage) = &config.storage {
        found.extend(storage.postgres.as_ref().map(|p| &p.url));
        owned.extend(storage.s3.as_ref().map(s3));
        if let Some(backup) = &storage.backup {
            owned.extend(backup.s3.as_ref().map(s3));
            found.extend(backup.encryption_key.as_ref());
        }
    }
    found.extend(config.directory.as_ref().and_then(|d| d.ldap.as_ref()).and_then(|l| l.bind_password.as_ref()));
    found.extend(config.outbound.as_ref().and_then(|o| o.forwarding.as_ref()).and_then(|f| f.secret.as_ref()));
    let lists = config.filter.iter().filter_map(|f| f.dnsbl.as_ref()).flat_map(|lists| lists.iter());
    found.extend(lists.filter_map(|list| list.key.as_ref()));
    if let Some(Publish::Rfc2136(update)) = config.dns.as_ref().and_then(|d| d.publish.as_ref()).map(|p| &p.value) {
        found.push(&update.key);
    }
    let acme = config.certificates.as_ref().and_then(|c| c.acme.as_ref());
    found.extend(acme.and_then(|a| a.external_account.as_ref()).map(|a| &a.key));
    owned.extend(found.into_iter().map(|secret| secret.value.clone()));
    owned
}

/// Files with private keys.
pub fn private_keys<'c>(meaning: &Meaning<'c>) -> Vec<&'c Spanned<FilePath>> {
    let certificates = meaning.config.certificates.iter().flat_map(|c| c.files.iter().flatten());
    let mut keys: Vec<&Spanned<FilePath>> = certificates.map(|files| &files.key).collect();
    for settings in meaning.domains.iter().filter_map(|d| d.settings) {
        let Some(OrNone::Some(selectors)) = settings.dkim.as_ref().map(|d| &d.value) else { continue };
        let own = selectors.iter().filter_map(|(_, s)| s.value.as_ref()?.key.as_ref());
        keys.extend(own.map(|key| &key.file));
    }
    keys
}
