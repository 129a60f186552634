//! What differs between two plans, as a reviewer reads it.
//!
//! Both plans are laid out as lines with a stable key (a listener's name, an address, an RRset's name and
//! type); the difference is that of the two sets of lines. Order, spelling, the compiler's version and
//! the source's digest are therefore no changes.
//!
//! Invariants: two plans that differ in anything that acts give at least one [`Change`]; no change holds
//! a secret; a one-way hash is named by a few digits of its own digest, so that a new one shows.

mod filter;
mod line;
mod outbound;
mod people;
mod record;
mod text;

use serde::Serialize;

use super::document::Plan;

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Add,
    Change,
    Remove,
}

/// When and where a change is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Nothing in the server: a record to publish, a packet filter to load.
    External,
    /// At once; open sessions go on.
    Hot,
    /// For new connections; those that are open keep the plan that they began with.
    Reconnect,
    /// Only when the server has been started again.
    Restart,
}

/// The parts of a plan, in the order in which they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    Host,
    Listeners,
    Tls,
    Certificates,
    Domains,
    Accounts,
    Aliases,
    Forwarding,
    Outbound,
    Relaying,
    Storage,
    Retention,
    Limits,
    Logging,
    Dns,
    Firewall,
}

impl Section {
    /// As the JSON form names it, e.g. `listeners`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Listeners => "listeners",
            Self::Tls => "tls",
            Self::Certificates => "certificates",
            Self::Domains => "domains",
            Self::Accounts => "accounts",
            Self::Aliases => "aliases",
            Self::Forwarding => "forwarding",
            Self::Outbound => "outbound",
            Self::Relaying => "relaying",
            Self::Storage => "storage",
            Self::Retention => "retention",
            Self::Limits => "limits",
            Self::Logging => "logging",
            Self::Dns => "dns",
            Self::Firewall => "firewall",
        }
    }
}

/// One line of a review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    pub section: Section,
    /// Stable within the section: a listener's name, an address, `NAME TYPE` of an RRset.
    pub key: String,
    pub action: Action,
    /// Short text for people. Absent when the line is added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Absent when the line is removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    pub effect: Effect,
}

/// What activating `after` changes, compared with `before` or, without one, with nothing at all.
/// Sorted by section and key.
pub fn diff(before: Option<&Plan>, after: &Plan) -> Vec<Change> {
    let mut old = before.map(line::lines).unwrap_or_default();
    let mut changes = Vec::new();
    for ((section, key), text) in line::lines(after) {
        let former = old.remove(&(section, key.clone()));
        if former.as_ref() == Some(&text) {
            continue;
        }
        let action = if former.is_some() { Action::Change } else { Action::Add };
        let effect = effect(section, action, before.is_none());
        changes.push(Change { section, key, action, before: former, after: Some(text), effect });
    }
    changes.extend(old.into_iter().map(|((section, key), text)| Change {
        section,
        key,
        action: Action::Remove,
        before: Some(text),
        after: None,
        effect: effect(section, Action::Remove, false),
    }));
    changes.sort_by(|a, b| (a.section, &a.key).cmp(&(b.section, &b.key)));
    changes
}

/// A session keeps the plan that it began with, so whatever sessions read is `Reconnect`; a listener that
/// comes or goes and what only the queue reads is in force at once.
fn effect(section: Section, action: Action, first: bool) -> Effect {
    match (section, action) {
        (Section::Dns | Section::Firewall, _) => Effect::External,
        // Where nothing is served yet there is nothing to start again.
        _ if first => Effect::Hot,
        (Section::Storage | Section::Logging, _) => Effect::Restart,
        (Section::Outbound | Section::Retention, _) => Effect::Hot,
        // What is new here changes what known peers may do, so it is no mere addition.
        (Section::Host | Section::Relaying | Section::Tls, _) => Effect::Reconnect,
        (_, Action::Add) => Effect::Hot,
        (Section::Listeners, Action::Remove) => Effect::Hot,
        _ => Effect::Reconnect,
    }
}

#[cfg(test)]
mod tests;
