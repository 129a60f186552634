//! The catalogue: the tables of all topics, by code.

use std::sync::LazyLock;

use super::Rule;
use super::{
    account, auth, certificate, dane, dkim, dns, file, filter, firewall, identity, network, port, relay, secret,
    storage, sts, tls,
};

const TOPICS: &[&[&Rule]] = &[
    account::RULES,
    auth::RULES,
    certificate::RULES,
    dane::RULES,
    dkim::RULES,
    dns::RULES,
    file::RULES,
    filter::RULES,
    firewall::RULES,
    identity::RULES,
    network::RULES,
    port::RULES,
    relay::RULES,
    secret::RULES,
    storage::RULES,
    sts::RULES,
    tls::RULES,
];

/// Every rule, by code. Codes are never renumbered and never used again.
pub static CATALOGUE: LazyLock<Vec<&'static Rule>> = LazyLock::new(|| {
    let mut rules: Vec<&Rule> = TOPICS.iter().flat_map(|topic| topic.iter().copied()).collect();
    rules.sort_unstable_by_key(|rule| rule.code);
    rules
});
