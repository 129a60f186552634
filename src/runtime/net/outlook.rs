//! Looks at what DNS says of us, at the authoritative servers and through a resolver that validates.
//!
//! What cannot be asked is left out of the sight; it holds up nothing else. Rounds, because later questions follow from
//! earlier answers: zones and their servers; the wanted sets; what the answers name (MX hosts, receivers of reports);
//! SPF, as a receiver evaluates it; block lists.
//!
//! Bounds: `limits::{OBSERVATIONS_MAX, OBSERVATIONS_AT_ONCE}` for questions; SPF counts at most `SPF_DEPTH_MAX`
//! records deep; every question has the time of `exchange` or of the resolver.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use mail_auth::spf::verify::SpfParameters;
use mail_auth::{MessageAuthenticator, SpfResult};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::authority::{self, Authorities};
use super::resolver::DnsResolver;
use crate::artefact::reconcile::dns::judge::{dmarc, report_names, reverse_name};
use crate::artefact::reconcile::dns::ownership::SetName;
use crate::artefact::reconcile::dns::sight::{
    ListVerdict, Listing, Resolved, ServerSight, SetSight, Sight, SpfSight, Trust, ZoneSight,
};
use crate::ground::clock::Timestamp;
use crate::ground::limits;
use crate::plan::Plan;
use crate::plan::document::{DnsData, DnsRecord};
use crate::vocabulary::dns::Verdict;

/// Services that people's programs look for (RFC 6186, RFC 8314 §5.1, RFC 5804 §1.8).
const SERVICES: [&str; 7] = ["_imap", "_imaps", "_pop3", "_pop3s", "_sieve", "_submission", "_submissions"];
/// A secondary needs a moment after a change.
const SETTLING_TRIES: usize = 3;
const SETTLING_PAUSE: Duration = Duration::from_secs(1);
const SPF_DEPTH_MAX: usize = 10;
const SPF_LOOK_UPS_COUNTED_MAX: usize = 50;
/// A name that nobody has made.
const UNHEARD_OF: &str = "mailctl-looks-for-a-wildcard";
const WILDCARD_KINDS: [&str; 4] = ["A", "AAAA", "MX", "TXT"];

/// Looks at everything that DNS says of `plan`. `records` are those to be published now, `lists` the block lists to ask.
pub async fn outlook(resolver: &DnsResolver, plan: &Plan, records: &[DnsRecord], lists: &[String]) -> Sight {
    let mut sight = Sight { seconds: Timestamp::now().seconds(), ..Sight::default() };
    let names: BTreeMap<String, String> = zones_by_name(resolver, plan, records).await;
    let zones: BTreeSet<&String> = names.values().collect();
    let servers = servers(resolver, zones, &mut sight).await;
    let mut wanted: BTreeSet<SetName> = first_questions(plan, records);
    wanted.extend(reverse_questions(plan));
    look(resolver, &names, &servers, &wanted, &mut sight).await;
    let more: BTreeSet<SetName> = second_questions(plan, &sight).difference(&wanted).cloned().collect();
    look(resolver, &names, &servers, &more, &mut sight).await;
    for domain in plan.domains.keys() {
        let found = spf(resolver, plan, domain.as_str()).await;
        sight.spf.extend(found.map(|found| (domain.to_string(), found)));
    }
    sight.listings = listings(resolver, plan, lists).await;
    sight
}

/// The servers of all zones, each looked at.
async fn servers(resolver: &DnsResolver, zones: BTreeSet<&String>, sight: &mut Sight) -> BTreeMap<String, Authorities> {
    // A resolver that cannot even validate the root strips signatures, or was told not to validate.
    let able = resolver.texts(".", "SOA").await.is_ok_and(|answer| answer.verdict == Verdict::Secure);
    let turn = Arc::new(Semaphore::new(limits::OBSERVATIONS_AT_ONCE));
    let mut looking = JoinSet::new();
    for zone in zones.into_iter().take(limits::OBSERVATIONS_MAX) {
        let (resolver, zone, turn) = (resolver.clone(), zone.clone(), turn.clone());
        looking.spawn(async move {
            let _turn = turn.acquire().await;
            let authorities = Authorities::of(&resolver, &zone).await;
            let seen = zone_sight(&resolver, &authorities, able).await;
            (authorities, seen)
        });
    }
    let mut servers = BTreeMap::new();
    for (authorities, seen) in looking.join_all().await {
        sight.zones.insert(authorities.zone.clone(), seen);
        servers.insert(authorities.zone.clone(), authorities);
    }
    servers
}

/// The zone of each name that is ours.
async fn zones_by_name(resolver: &DnsResolver, plan: &Plan, records: &[DnsRecord]) -> BTreeMap<String, String> {
    let mut planned: BTreeMap<String, String> = BTreeMap::new();
    for record in records {
        planned.insert(record.name.clone(), record.zone.clone());
    }
    let tlsa = tlsa_names(plan);
    let host_zone = planned.get(plan.host.name.as_str()).cloned().unwrap_or_else(|| plan.host.name.to_string());
    planned.extend(tlsa.into_iter().map(|name| (name, host_zone.clone())));
    for domain in plan.domains.keys() {
        planned.entry(domain.to_string()).or_insert_with(|| domain.to_string());
        let services = SERVICES.iter().map(|service| (format!("{service}._tcp.{domain}"), domain.to_string()));
        planned.extend(services);
    }
    // One question for each planned zone finds the zone that is there; names below a cut of their own are rare, and
    // their servers say so by being lame.
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for zone in planned.values().cloned().collect::<BTreeSet<_>>() {
        let there = authority::zone_of(resolver, &zone).await.ok().flatten();
        found.insert(zone.clone(), there.unwrap_or(zone));
    }
    planned.into_iter().filter_map(|(name, zone)| Some((name, found.get(&zone)?.clone()))).collect()
}

async fn zone_sight(resolver: &DnsResolver, authorities: &Authorities, able: bool) -> ZoneSight {
    let mut servers = soa(authorities).await;
    for _ in 1..SETTLING_TRIES {
        let serials: BTreeSet<u32> =
            servers.values().filter_map(|server| server.serial.as_ref().ok()).copied().collect();
        if serials.len() < 2 {
            break;
        }
        tokio::time::sleep(SETTLING_PAUSE).await;
        servers = soa(authorities).await;
    }
    let mut wildcards = BTreeMap::new();
    for kind in WILDCARD_KINDS {
        let name = format!("{UNHEARD_OF}.{}", authorities.zone);
        let answer = authorities.answers(&name, kind).await.into_iter().find_map(|(_, set)| set.ok());
        if let Some(set) = answer
            && let Some(data) = set.data.first().map(ToString::to_string).or(set.alias)
        {
            wildcards.insert(kind.to_owned(), data);
        }
    }
    let trust = if able {
        trust(resolver, &authorities.zone, &servers).await
    } else {
        Trust::Unknown("answers are not validated here, or the resolver keeps signatures back".to_owned())
    };
    ZoneSight { servers, nowhere: authorities.nowhere.clone(), trust, wildcards }
}

async fn soa(authorities: &Authorities) -> BTreeMap<SocketAddr, ServerSight> {
    let name = |server: &SocketAddr| authorities.servers.get(server).cloned().unwrap_or_default();
    let answers = authorities.serials().await;
    let sight = |(server, answer): (SocketAddr, Result<(u32, Option<u32>), _>)| {
        let (serial, signed_until) = match answer {
            Ok((serial, signed_until)) => (Ok(serial), signed_until),
            Err(error) => (Err(error), None),
        };
        (server, ServerSight { name: name(&server), serial, signed_until })
    };
    answers.into_iter().map(sight).collect()
}

/// A resolver that validates refuses what is bogus, by an error or by its verdict; servers that answer tell that from an
/// outage.
async fn trust(resolver: &DnsResolver, zone: &str, servers: &BTreeMap<SocketAddr, ServerSight>) -> Trust {
    match resolver.texts(zone, "SOA").await {
        Ok(answer) if answer.verdict == Verdict::Secure => Trust::Secure,
        Ok(answer) if answer.verdict == Verdict::Insecure => Trust::Insecure,
        Ok(_) => Trust::Bogus("the signatures do not fit".to_owned()),
        Err(error) if servers.values().any(|server| server.serial.is_ok()) => Trust::Bogus(error.to_string()),
        Err(error) => Trust::Unknown(error.to_string()),
    }
}

fn tlsa_names(plan: &Plan) -> BTreeSet<String> {
    let ports = plan.listeners.values().map(|listener| listener.port);
    ports.map(|port| format!("_{port}._tcp.{}", plan.host.name)).collect()
}

fn first_questions(plan: &Plan, records: &[DnsRecord]) -> BTreeSet<SetName> {
    let set = |name: &str, kind: &str| (name.to_owned(), kind.to_owned());
    let mut wanted: BTreeSet<SetName> = records.iter().map(|record| set(&record.name, record.data.kind())).collect();
    let host = plan.host.name.as_str();
    wanted.extend(["A", "AAAA"].map(|kind| set(host, kind)));
    wanted.extend(tlsa_names(plan).iter().map(|name| set(name, "TLSA")));
    for domain in plan.domains.keys() {
        wanted.extend(["MX", "TXT"].map(|kind| set(domain.as_str(), kind)));
        wanted.extend(SERVICES.iter().map(|service| set(&format!("{service}._tcp.{domain}"), "SRV")));
    }
    wanted
}

fn reverse_questions(plan: &Plan) -> impl Iterator<Item = SetName> {
    plan.host.addresses.iter().map(|address| (reverse_name(*address), "PTR".to_owned()))
}

/// What follows from the answers.
fn second_questions(plan: &Plan, sight: &Sight) -> BTreeSet<SetName> {
    let mut wanted = BTreeSet::new();
    for domain in plan.domains.keys() {
        for data in sight.set(domain.as_str(), "MX").into_iter().flat_map(|set| &set.data) {
            if let DnsData::Mx { exchange, .. } = data
                && exchange != "."
            {
                wanted.extend(["A", "AAAA", "CNAME"].map(|kind| (exchange.clone(), kind.to_owned())));
            }
        }
        let published = sight.set(&format!("_dmarc.{domain}"), "TXT").and_then(|set| dmarc(&set.data));
        let names = published.map(|text| report_names(domain.as_str(), text)).unwrap_or_default();
        wanted.extend(names.into_iter().map(|name| (name, "TXT".to_owned())));
    }
    wanted
}

async fn look(
    resolver: &DnsResolver,
    names: &BTreeMap<String, String>,
    servers: &BTreeMap<String, Authorities>,
    wanted: &BTreeSet<SetName>,
    sight: &mut Sight,
) {
    let turn = Arc::new(Semaphore::new(limits::OBSERVATIONS_AT_ONCE));
    let mut asked = JoinSet::new();
    for (name, kind) in wanted.iter().take(limits::OBSERVATIONS_MAX).cloned() {
        let zone = names.get(&name).cloned();
        let authorities = zone.as_ref().and_then(|zone| servers.get(zone)).cloned();
        let (resolver, turn) = (resolver.clone(), turn.clone());
        asked.spawn(async move {
            let _turn = turn.acquire().await;
            let mut set = SetSight { zone, ..SetSight::default() };
            if let Some(authorities) = authorities {
                set.servers = authorities.answers(&name, &kind).await.into_iter().collect();
            }
            let resolved = resolver.texts(&name, &kind).await.ok();
            set.resolved = resolved.map(|answer| Resolved {
                records: answer.records,
                name_exists: answer.name_exists,
                verdict: answer.verdict,
            });
            ((name, kind), set)
        });
    }
    sight.sets.extend(asked.join_all().await);
}

/// RFC 7208, evaluated for each address of ours as a receiver of a message from `domain` does.
async fn spf(resolver: &DnsResolver, plan: &Plan, domain: &str) -> Option<SpfSight> {
    let texts = resolver.texts(domain, "TXT").await.ok()?.records;
    let record = texts.iter().find(|text| is_spf(text))?.clone();
    let host = plan.host.name.as_str();
    let sender = format!("postmaster@{domain}");
    let receiver = MessageAuthenticator(resolver.inner());
    let mut found = SpfSight::default();
    for address in plan.host.addresses.iter().filter(|address| !address.is_loopback()) {
        let output = receiver.verify_spf(SpfParameters::verify_mail_from(*address, host, host, &sender)).await;
        found.results.insert(*address, word(output.result()).to_owned());
    }
    found.look_ups = look_ups(resolver, record).await;
    Some(found)
}

fn word(result: SpfResult) -> &'static str {
    match result {
        SpfResult::Pass => "pass",
        SpfResult::Fail => "fail",
        SpfResult::SoftFail => "softfail",
        SpfResult::Neutral => "neutral",
        SpfResult::TempError => "temperror",
        SpfResult::PermError => "permerror",
        SpfResult::None => "none",
    }
}

fn is_spf(text: &str) -> bool {
    let rest = text.get(..6).filter(|start| start.eq_ignore_ascii_case("v=spf1")).and_then(|_| text.get(6..));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// RFC 7208 §4.6.4: every term that asks DNS, in all records that are reached.
async fn look_ups(resolver: &DnsResolver, record: String) -> usize {
    let mut count = 0;
    let mut waiting = vec![(record, 0)];
    while let Some((record, depth)) = waiting.pop() {
        for term in record.split(' ').skip(1) {
            let bare = term.strip_prefix(['+', '-', '~', '?']).unwrap_or(term);
            let (word, name) = bare.split_once([':', '=']).unwrap_or((bare, ""));
            let word = word.split('/').next().unwrap_or("").to_ascii_lowercase();
            let follows = matches!(word.as_str(), "include" | "redirect");
            if !follows && !matches!(word.as_str(), "a" | "mx" | "ptr" | "exists") {
                continue;
            }
            count += 1;
            if count >= SPF_LOOK_UPS_COUNTED_MAX {
                return count;
            }
            if follows && depth < SPF_DEPTH_MAX && !name.contains('%') {
                let texts = resolver.texts(name, "TXT").await.map(|answer| answer.records).unwrap_or_default();
                waiting.extend(texts.into_iter().find(|text| is_spf(text)).map(|text| (text, depth + 1)));
            }
        }
    }
    count
}

/// RFC 5782 §2.1, §2.4.
async fn listings(resolver: &DnsResolver, plan: &Plan, lists: &[String]) -> Vec<Listing> {
    let mut found = Vec::new();
    for address in plan.host.addresses.iter().filter(|address| !address.is_loopback()) {
        let reverse = reverse_name(*address);
        let labels = reverse.trim_end_matches(".in-addr.arpa").trim_end_matches(".ip6.arpa");
        for list in lists {
            let verdict = match resolver.texts(&format!("{labels}.{list}"), "A").await {
                Err(error) => ListVerdict::Unknown(error.to_string()),
                Ok(answer) => listing(&answer.records),
            };
            found.push(Listing { address: *address, list: list.clone(), verdict });
        }
    }
    found
}

/// Answers outside of 127.0.0.0/8 are somebody's web page for names that do not exist; 127.255.255.0/24 is how lists
/// say that they do not answer this resolver.
fn listing(records: &[String]) -> ListVerdict {
    let codes: Vec<IpAddr> = records.iter().filter_map(|text| text.parse().ok()).collect();
    let listed =
        codes.iter().find(|code| matches!(code, IpAddr::V4(v4) if v4.octets()[0] == 127 && v4.octets()[1] != 255));
    match (listed, codes.first()) {
        (_, None) => ListVerdict::Clean,
        (Some(code), _) => ListVerdict::Listed(code.to_string()),
        (None, Some(code)) => ListVerdict::Unknown(format!("it answers {code}, which is no listing")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_refuses_is_no_listing() {
        let of = |codes: &[&str]| listing(&codes.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&[]), ListVerdict::Clean);
        assert_eq!(of(&["127.0.0.2"]), ListVerdict::Listed("127.0.0.2".into()));
        for code in ["127.255.255.254", "203.0.113.9"] {
            assert!(matches!(of(&[code]), ListVerdict::Unknown(_)), "{code}");
        }
    }
}
