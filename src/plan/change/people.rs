//! The lines about people: domains, accounts, aliases, and what is forwarded.

use super::Section;
use super::text::{fingerprint, listed};
use crate::plan::document::{Account, AliasTargets, DomainPlan, Password, Plan, SrsKey};

/// Accounts, aliases, alias patterns and the rewriting of senders.
pub(super) fn lines(plan: &Plan) -> Vec<(Section, String, String)> {
    let mut lines = Vec::new();
    for (address, account) in &plan.accounts {
        lines.push((Section::Accounts, address.to_string(), self::account(account)));
        // A password has a line of its own, so that a new one shows under its label.
        for (label, password) in &account.app_passwords {
            lines.push((Section::Accounts, format!("{address} app password {label}"), self::password(password)));
        }
    }
    for (address, targets) in &plan.aliases {
        lines.push((Section::Aliases, address.to_string(), self::targets(targets)));
    }
    for pattern in &plan.alias_patterns {
        let key = format!("{}*{}@{}", pattern.prefix, pattern.suffix, pattern.domain);
        lines.push((Section::Aliases, key, self::targets(&pattern.targets)));
    }
    if let Some(srs) = &plan.forwarding {
        let key = match &srs.key {
            SrsKey::Generated {} => "made at activation".to_owned(),
            SrsKey::Secret(reference) => format!("from {reference}"),
        };
        let text = format!("senders rewritten to {}, key {key}", srs.domain);
        lines.push((Section::Forwarding, "srs".to_owned(), text));
    }
    lines
}

pub(super) fn domain(domain: &DomainPlan) -> String {
    let mut parts = vec!["hosted here".to_owned()];
    if let Some(other) = &domain.alias_of {
        parts.push(format!("the same as {other}"));
    }
    if let Some(separator) = domain.subaddress_separator {
        parts.push(format!("subaddresses after `{separator}`"));
    }
    if !domain.catch_all.is_empty() {
        parts.push(format!("catch-all {}", targets(&domain.catch_all)));
    }
    parts.join(", ")
}

fn account(account: &Account) -> String {
    let mut parts = vec![match &account.password {
        None if account.app_passwords.is_empty() => "no login".to_owned(),
        None => "login with app passwords only".to_owned(),
        Some(password) => self::password(password),
    }];
    if let Some(octets) = account.quota_octets {
        parts.push(format!("quota {octets} octets"));
    }
    if let Some(forward) = &account.forward {
        let copy = if forward.keep_copy { "with a copy here" } else { "without a copy here" };
        parts.push(format!("forwarded to {} {copy}", targets(&forward.to)));
    }
    if !account.send_as.is_empty() {
        parts.push(format!("may send as {}", listed(&account.send_as)));
    }
    parts.join(", ")
}

/// A one-way hash is named by a few digits of its own digest.
fn password(password: &Password) -> String {
    match password {
        Password::Hash(hash) => format!("password hash {}", fingerprint(hash)),
        Password::Secret(reference) => format!("password from {reference}"),
    }
}

fn targets(targets: &AliasTargets) -> String {
    let mut parts = Vec::new();
    if !targets.local.is_empty() {
        parts.push(listed(&targets.local));
    }
    if !targets.remote.is_empty() {
        parts.push(format!("on other servers {}", listed(&targets.remote)));
    }
    parts.join(", ")
}
