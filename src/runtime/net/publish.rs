//! Looks at the primary server of the zones that hold our records, and pushes what is missing there.
//!
//! The primary alone is asked: it is where a change arrives, and its secondaries follow by themselves. The zone of each
//! name is the one that the primary says, whatever the plan believes: a zone may be cut below a mail domain.
//!
//! Bounds: `limits::{OBSERVATIONS_MAX, OBSERVATIONS_AT_ONCE}`; each question has the time of `exchange`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::authority;
use super::update::{UpdateError, Updater};
use crate::artefact::reconcile::dns::difference::{Foreign, ZoneDifference, difference, ownership, questions};
use crate::artefact::reconcile::dns::ownership::{Owner, Ownership, SetName};
use crate::artefact::reconcile::dns::{AuthorityError, RrSet};
use crate::ground::limits;
use crate::plan::document::DnsRecord;

/// Why nobody knows what is to do.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    #[error("{server} {error}, asked for {name} {kind}")]
    Answer { server: SocketAddr, name: String, kind: String, error: AuthorityError },
    #[error("{server} holds no zone for {name}: name another server in `dns.publish`, or make the zone there first")]
    NoZone { server: SocketAddr, name: String },
    #[error("more than {} record sets are wanted", limits::OBSERVATIONS_MAX)]
    TooMany,
}

/// What is to do in each zone that the primary at `server` holds, sorted by zone.
///
/// # Errors
/// [`LookError`]: half a look would take away what it has not seen.
pub async fn look(
    server: SocketAddr,
    wanted: &[DnsRecord],
    foreign: Foreign,
    owner: &Owner,
) -> Result<Vec<ZoneDifference>, LookError> {
    let mut zones: BTreeMap<String, Vec<DnsRecord>> = BTreeMap::new();
    // Reverse names belong to whoever gave the address.
    let wanted: Vec<DnsRecord> = wanted.iter().filter(|record| record.data.kind() != "PTR").cloned().collect();
    let of_name = zones_of(server, &wanted).await?;
    for record in &wanted {
        if let Some(zone) = of_name.get(&record.name) {
            zones.entry(zone.clone()).or_default().push(record.clone());
        }
    }
    let mut differences = Vec::new();
    for (zone, wanted) in &zones {
        let marker = (Ownership::place(zone), "TXT".to_owned());
        let mut found = sets(server, BTreeSet::from([marker])).await?;
        let ownership = ownership(zone, &found, owner);
        found.extend(sets(server, questions(wanted, &ownership)).await?);
        differences.push(difference(zone, wanted, &found, foreign, owner));
    }
    Ok(differences)
}

/// Pushes every change, zone by zone. What is foreign goes only if the look was told so.
///
/// # Errors
/// [`UpdateError`] of the first zone that could not be changed; those before it are.
pub async fn push(updater: &Updater, differences: &[ZoneDifference]) -> Result<(), UpdateError> {
    for zone in differences.iter().filter(|zone| !zone.changes.is_empty()) {
        updater.edit(&zone.zone, &zone.expected, &zone.changes).await?;
    }
    Ok(())
}

async fn zones_of(server: SocketAddr, wanted: &[DnsRecord]) -> Result<BTreeMap<String, String>, LookError> {
    let names: BTreeSet<&str> = wanted.iter().map(|record| record.name.as_str()).collect();
    if names.len() > limits::OBSERVATIONS_MAX {
        return Err(LookError::TooMany);
    }
    let turn = Arc::new(Semaphore::new(limits::OBSERVATIONS_AT_ONCE));
    let mut asked = JoinSet::new();
    for name in names {
        let (name, turn) = (name.to_owned(), turn.clone());
        asked.spawn(async move {
            let _turn = turn.acquire().await;
            let zone = authority::zone_at(server, &name).await;
            (name, zone)
        });
    }
    let mut zones = BTreeMap::new();
    for (name, zone) in asked.join_all().await {
        match zone {
            Ok(zone) => zones.insert(name, zone),
            // A server that holds no zone for a name refuses, or refers elsewhere.
            Err(AuthorityError::Lame | AuthorityError::Code(_)) => return Err(LookError::NoZone { server, name }),
            Err(error) => return Err(LookError::Answer { server, name, kind: "SOA".to_owned(), error }),
        };
    }
    Ok(zones)
}

async fn sets(server: SocketAddr, names: BTreeSet<SetName>) -> Result<BTreeMap<SetName, RrSet>, LookError> {
    if names.len() > limits::OBSERVATIONS_MAX {
        return Err(LookError::TooMany);
    }
    let turn = Arc::new(Semaphore::new(limits::OBSERVATIONS_AT_ONCE));
    let mut asked = JoinSet::new();
    for (name, kind) in names {
        let turn = turn.clone();
        asked.spawn(async move {
            let _turn = turn.acquire().await;
            let set = authority::ask(server, &name, &kind).await;
            ((name, kind), set)
        });
    }
    let mut found = BTreeMap::new();
    for ((name, kind), set) in asked.join_all().await {
        let set = set.map_err(|error| LookError::Answer { server, name: name.clone(), kind: kind.clone(), error })?;
        // An alias is a record of its own type, whichever type was asked for.
        if let Some(target) = &set.alias {
            let data = crate::plan::document::DnsData::Cname(target.clone());
            let alias = found.entry((name.clone(), "CNAME".to_owned())).or_insert_with(RrSet::default);
            if alias.records.is_empty() {
                *alias = authority::ask(server, &name, "CNAME").await.unwrap_or_default();
                if alias.data.is_empty() {
                    alias.data.push(data);
                }
            }
        }
        found.insert((name, kind), set);
    }
    Ok(found)
}
