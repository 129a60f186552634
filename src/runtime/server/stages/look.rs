//! Looks at what the stages wait for: every authoritative name server, our own MX host, what this server does.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

use super::KeyShelf;
use crate::artefact::reconcile::dns::{AuthorityError, RrSet};
use crate::artefact::reconcile::stage::Stages;
use crate::artefact::reconcile::stage::sight::{Answer, Observed, Sight};
use crate::artefact::reconcile::world::{World, questions};
use crate::artefact::render::dns::Known;
use crate::ground::clock::Timestamp;
use crate::mailflow::delivery::connection::{Connector, Trust};
use crate::plan::document::MtaStsMode;
use crate::runtime::net::authority::{Authorities, zone_of};
use crate::runtime::net::resolver::{DnsResolver, ResolverError};
use crate::runtime::server::generation::Generation;
use crate::vocabulary::dns::Resolver as _;
use crate::vocabulary::mail::Domain;

/// For a whole dialogue with our own MX host.
const PATIENCE: Duration = Duration::from_secs(20);
/// RFC 5321 §4.5.3.1.5, and some: a reply has so many octets at most before we hang up.
const REPLY_OCTETS_MAX: u64 = 16 * 1024;
/// A label that nobody has, to learn for how long its absence is remembered (RFC 2308 §5).
const NOBODY: &str = "_nothing-here._mailctl";

/// Everything that `stages` wait for, as it is now.
pub(super) async fn look(
    generation: &Generation,
    known: &Known,
    stages: &Stages,
    world: &World,
    shelf: &dyn KeyShelf,
) -> Result<Observed, ResolverError> {
    let plan = &generation.plan;
    let mut observed = Observed::nothing(Timestamp::now());
    observed.running = true;
    observed.signing = generation.signers.selected();
    observed.keys = shelf.keys();
    // What this server serves it has served since the turn before. Another server's policy is not looked at here.
    for (domain, stage) in &stages.policies {
        let ours = stage.remembered().all(|policy| policy.served_here);
        if ours {
            observed.policies.insert(domain.clone(), world.policies.get(domain).map(|policy| policy.text.clone()));
        }
    }
    let asked = questions(plan, known, stages);
    let tests = stages.policies.values().any(|s| s.remembered().any(|p| p.mode() != MtaStsMode::None));
    if asked.is_empty() && !tests {
        return Ok(observed);
    }
    let resolver = DnsResolver::new(&plan.outbound.resolver)?;
    let mut zones: BTreeMap<String, Authorities> = BTreeMap::new();
    for (zone, key) in asked {
        if !zones.contains_key(&zone) {
            let authorities = authorities(&resolver, &zone).await;
            let absent = authorities.answers(&format!("{NOBODY}.{zone}"), "TXT").await;
            let longest = absent.into_iter().filter_map(|(_, answer)| answer.ok()).map(|set| set.ttl_seconds).max();
            observed.negative_ttl_seconds.extend(longest.map(|ttl| (zone.clone(), ttl)));
            zones.insert(zone.clone(), authorities);
        }
        if let Some(authorities) = zones.get(&zone) {
            let answers = authorities.answers(&key.name, &key.kind).await;
            observed.sets.insert(key, sight(answers));
        }
    }
    if tests {
        let clean = tokio::time::timeout(PATIENCE, check_host(&resolver, generation)).await;
        let clean = clean.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        if let Err(error) = &clean {
            tracing::info!(host = %plan.host.name, %error, "a sender that verifies would not deliver here");
        }
        observed.hosts.insert(plan.host.name.to_string(), clean.is_ok());
    }
    Ok(observed)
}

/// The servers of the zone that really holds the name; none if nobody knows.
async fn authorities(resolver: &DnsResolver, zone: &str) -> Authorities {
    let found = Authorities::of(resolver, zone).await;
    if !found.servers.is_empty() {
        return found;
    }
    match zone_of(resolver, zone).await {
        Ok(Some(above)) => Authorities::of(resolver, &above).await,
        _ => found,
    }
}

fn sight(answers: Vec<(SocketAddr, Result<RrSet, AuthorityError>)>) -> Sight {
    let answer = |(server, answer): (SocketAddr, Result<RrSet, AuthorityError>)| match answer {
        Ok(set) => Ok(Answer { ttl_seconds: set.ttl_seconds, data: set.data.into_iter().collect() }),
        Err(error) => Err(format!("{server} {error}")),
    };
    answers.into_iter().map(answer).collect()
}

/// Whether a sender that enforces MTA-STS would deliver to our host: each of its addresses offers STARTTLS with a
/// certificate that is valid for the name (RFC 8461 §4.2).
async fn check_host(resolver: &DnsResolver, generation: &Generation) -> io::Result<()> {
    let host = &generation.plan.host.name;
    let addresses = resolver.addresses(host).await.map_err(io::Error::other)?.records;
    if addresses.is_empty() {
        return Err(io::Error::other("the host has no address"));
    }
    for address in addresses {
        check_address(generation, host, SocketAddr::new(address, generation.plan.outbound.mx_port)).await?;
    }
    Ok(())
}

async fn check_address(generation: &Generation, host: &Domain, address: SocketAddr) -> io::Result<()> {
    let mut stream = generation.connector.connect(address).await?;
    for (command, code) in [("", "220"), ("EHLO localhost\r\n", "250"), ("STARTTLS\r\n", "220")] {
        stream.write_all(command.as_bytes()).await?;
        // The server says no more than one reply before the next command, so nothing is lost with the reader.
        let mut reader = BufReader::new((&mut stream).take(REPLY_OCTETS_MAX));
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).await?;
            if !line.starts_with(code) {
                return Err(io::Error::other(format!("{address} answers {:?}", line.trim_end())));
            }
            if line.as_bytes().get(3) != Some(&b'-') {
                break;
            }
        }
    }
    generation.connector.secure(stream, host, Trust::Mx).await.map(|_| ())
}
