//! The names that an ACME authority is asked for.

use std::collections::BTreeSet;

use super::meaning::Meaning;
use super::publish::{Published, policy};
use super::section::certificates::Acme;
use super::section::listeners::Service;

/// The host's name, `acme.names`, and what is served over HTTPS for the domains: a policy (RFC 8461 §3.3), and settings
/// for mail programs. Lower case.
pub fn wanted(meaning: &Meaning<'_>, acme: &Acme) -> BTreeSet<String> {
    let mut names = BTreeSet::from([meaning.host().to_string()]);
    names.extend(acme.names.iter().flatten().map(|name| name.value.to_ascii_lowercase()));
    let doors = || meaning.listeners.iter().filter(|door| door.service == Some(Service::Https));
    let web = doors().any(|door| door.public() && door.public_port() == Service::Https.port());
    names.extend(policy_hosts(meaning));
    for domain in &meaning.publication.domains {
        if web && domain.comes_here(meaning.host()) {
            names.extend(["autoconfig", "autodiscover"].map(|label| format!("{label}.{}", domain.name)));
        }
    }
    names
}

/// The hosts of the policies that are served here: whatever certificate there is must be for them.
pub fn policy_hosts(meaning: &Meaning<'_>) -> impl Iterator<Item = String> {
    let served = |domain: &&Published<'_>| {
        domain.effective(|s| s.mta_sts.as_ref()).is_some_and(|s| policy::served_here(&s.value))
    };
    meaning.publication.domains.iter().filter(served).map(|domain| format!("mta-sts.{}", domain.name))
}
