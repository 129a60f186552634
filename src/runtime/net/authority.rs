//! The authoritative servers of a zone, each asked directly: what they say is what others will see, without a cache
//! between.
//!
//! Standards: RFC 1034 §4.2.1 (a zone's NS records at both sides of the cut), RFC 2308 (negative answers),
//! RFC 4035 §3.1 (signatures).
//!
//! Bounds: at most `NAMES_MAX` name servers of a zone with `ADDRESSES_MAX` addresses each; all are asked at once,
//! and each has the time of `exchange`.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;

use hickory_resolver::proto::dnssec::rdata::DNSSECRData;
use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use tokio::task::JoinSet;

use super::resolver::DnsResolver;
use super::{exchange, rdata};
pub use crate::artefact::reconcile::dns::{AuthorityError, RrSet};
use crate::vocabulary::dns::{ResolveError, Resolver as _};
use crate::vocabulary::mail::Domain;

/// The root has thirteen; nobody needs more.
const NAMES_MAX: usize = 13;
const ADDRESSES_MAX: usize = 4;
const PORT: u16 = 53;
/// Labels that are taken off a name in search of its zone: more than any reverse name of IPv6 has.
const LABELS_MAX: usize = 40;

/// The servers of one zone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Authorities {
    pub zone: String,
    /// With the names that lead there.
    pub servers: BTreeMap<SocketAddr, String>,
    /// Name servers without an address.
    pub nowhere: BTreeSet<String>,
}

impl Authorities {
    /// The servers that the zone itself and its parent name, by way of the resolver; none if nobody knows them. A zone
    /// that the resolver refuses (its signatures do not fit) still has those that its parent names.
    pub async fn of(resolver: &DnsResolver, zone: &str) -> Self {
        let named = resolver.texts(zone, "NS").await.map(|answer| answer.records).unwrap_or_default();
        let mut names: BTreeSet<String> = hosts(named);
        if let Some(delegated) = delegation(resolver, zone).await {
            names.extend(delegated);
        }
        let mut found = Self { zone: zone.to_owned(), ..Self::default() };
        for name in names.into_iter().take(NAMES_MAX) {
            let addresses = addresses(resolver, &name).await;
            if addresses.is_empty() {
                found.nowhere.insert(name.clone());
            }
            found.servers.extend(addresses.into_iter().map(|address| (address, name.clone())));
        }
        found
    }

    /// These servers, for whoever knows them otherwise.
    pub fn at(zone: &str, servers: impl IntoIterator<Item = SocketAddr>) -> Self {
        let servers = servers.into_iter().map(|address| (address, address.to_string())).collect();
        Self { zone: zone.to_owned(), servers, nowhere: BTreeSet::new() }
    }

    /// The serial of the zone at each server, and when the signature of its SOA record ends.
    pub async fn serials(&self) -> Vec<(SocketAddr, Result<(u32, Option<u32>), AuthorityError>)> {
        let Some(zone) = rdata::name(&self.zone) else { return Vec::new() };
        let mut questions = JoinSet::new();
        for server in self.servers.keys().copied() {
            let zone = zone.clone();
            questions.spawn(async move { (server, serial(server, &zone).await) });
        }
        questions.join_all().await
    }

    /// Asks every server; one answer each.
    pub async fn answers(&self, name: &str, kind: &str) -> Vec<(SocketAddr, Result<RrSet, AuthorityError>)> {
        let asked = rdata::name(name).zip(kind.parse::<RecordType>().ok());
        let Some((name, kind)) = asked else {
            let wrong = AuthorityError::Unreachable(format!("{name} {kind} cannot be asked for"));
            return self.servers.keys().map(|server| (*server, Err(wrong.clone()))).collect();
        };
        let mut questions = JoinSet::new();
        for server in self.servers.keys().copied() {
            let name = name.clone();
            questions.spawn(async move { (server, one(server, &name, kind).await) });
        }
        let mut answers = questions.join_all().await;
        answers.sort_by_key(|(server, _)| *server);
        answers
    }
}

/// Asks every authoritative server of `zone` for a set; one answer each, none if the zone's servers are not known.
pub async fn answers(
    resolver: &DnsResolver,
    zone: &str,
    name: &str,
    kind: &str,
) -> Vec<(SocketAddr, Result<RrSet, AuthorityError>)> {
    Authorities::of(resolver, zone).await.answers(name, kind).await
}

/// The zone that holds a name, as the resolver sees it: the closest name above with a SOA record.
///
/// # Errors
/// [`ResolveError`] of the last question, if none was answered.
pub async fn zone_of(resolver: &DnsResolver, name: &str) -> Result<Option<String>, ResolveError> {
    let mut rest = name.trim_end_matches('.');
    for _ in 0..LABELS_MAX {
        if !resolver.texts(rest, "SOA").await?.records.is_empty() {
            return Ok(Some(rest.to_owned()));
        }
        match rest.split_once('.') {
            Some((_, parent)) => rest = parent,
            None => break,
        }
    }
    Ok(None)
}

/// One question to one server.
///
/// # Errors
/// [`AuthorityError`].
pub async fn ask(server: SocketAddr, name: &str, kind: &str) -> Result<RrSet, AuthorityError> {
    let asked = rdata::name(name).zip(kind.parse::<RecordType>().ok());
    let (name, kind) =
        asked.ok_or_else(|| AuthorityError::Unreachable(format!("{name} {kind} cannot be asked for")))?;
    one(server, &name, kind).await
}

/// The zone that holds a name at one authoritative server.
///
/// # Errors
/// [`AuthorityError`]; `Lame` if it holds none.
pub async fn zone_at(server: SocketAddr, name: &str) -> Result<String, AuthorityError> {
    let name = rdata::name(name).ok_or_else(|| AuthorityError::Unreachable(format!("{name} cannot be asked for")))?;
    let answer = authoritative(server, &name, RecordType::SOA).await?;
    // RFC 2308 §2: the SOA record of the zone, as the answer or beside a negative one. An alias may have led on to
    // another zone; then its own zone is that of the name above.
    let soa = |record: &&hickory_resolver::proto::rr::Record| {
        record.record_type() == RecordType::SOA && record.name.zone_of(&name)
    };
    if let Some(record) = answer.answers.iter().chain(&answer.authorities).find(soa) {
        return Ok(rdata::text(&record.name));
    }
    let above = rdata::text(&name.base_name());
    if name.num_labels() <= 1 || answer.answers.is_empty() {
        return Err(AuthorityError::Lame);
    }
    Box::pin(zone_at(server, &above)).await
}

async fn one(server: SocketAddr, name: &Name, kind: RecordType) -> Result<RrSet, AuthorityError> {
    Ok(set(&authoritative(server, name, kind).await?, name, kind))
}

async fn authoritative(server: SocketAddr, name: &Name, kind: RecordType) -> Result<Message, AuthorityError> {
    let answer = message(server, name, kind).await?;
    match answer.metadata.response_code {
        ResponseCode::NoError | ResponseCode::NXDomain if answer.metadata.authoritative => Ok(answer),
        ResponseCode::NoError | ResponseCode::NXDomain => Err(AuthorityError::Lame),
        code => Err(AuthorityError::Code(code.to_string())),
    }
}

async fn message(server: SocketAddr, name: &Name, kind: RecordType) -> Result<Message, AuthorityError> {
    exchange::ask(server, &exchange::question(name, kind)).await.map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut => AuthorityError::TimedOut,
        _ => AuthorityError::Unreachable(error.to_string()),
    })
}

async fn serial(server: SocketAddr, zone: &Name) -> Result<(u32, Option<u32>), AuthorityError> {
    let answer = authoritative(server, zone, RecordType::SOA).await?;
    let of = |record: &hickory_resolver::proto::rr::Record| match &record.data {
        RData::SOA(soa) if record.name == *zone => Some(soa.serial),
        _ => None,
    };
    // The servers of a zone above answer too, by saying that the name has no such record.
    let serial = answer.answers.iter().find_map(of).ok_or(AuthorityError::Lame)?;
    Ok((serial, set(&answer, zone, RecordType::SOA).signed_until))
}

fn set(answer: &Message, name: &Name, kind: RecordType) -> RrSet {
    let mut set = RrSet { name_exists: answer.metadata.response_code == ResponseCode::NoError, ..RrSet::default() };
    let mut ttl = None::<u32>;
    for record in answer.answers.iter().filter(|record| record.name == *name) {
        match &record.data {
            RData::DNSSEC(DNSSECRData::RRSIG(signature)) if signature.input().type_covered == kind => {
                let end = signature.input().sig_expiration.get();
                set.signed_until = Some(set.signed_until.map_or(end, |other| other.max(end)));
            }
            RData::CNAME(target) if kind != RecordType::CNAME => set.alias = Some(rdata::text(&target.0)),
            data if record.record_type() == kind => {
                ttl = Some(ttl.map_or(record.ttl, |other| other.max(record.ttl)));
                if let Some(found) = rdata::found(data) {
                    set.data.extend(found.data.clone());
                    set.records.push(found);
                }
            }
            _ => {}
        }
    }
    set.ttl_seconds = ttl.unwrap_or_else(|| negative_ttl(answer));
    set
}

/// RFC 2308 §5: the lesser of the SOA record's own TTL and its last field.
fn negative_ttl(answer: &Message) -> u32 {
    let of = |record: &hickory_resolver::proto::rr::Record| match &record.data {
        RData::SOA(soa) => Some(record.ttl.min(soa.minimum)),
        _ => None,
    };
    answer.authorities.iter().find_map(of).unwrap_or(0)
}

/// What the parent zone's servers say who serves the zone.
async fn delegation(resolver: &DnsResolver, zone: &str) -> Option<BTreeSet<String>> {
    let (_, above) = zone.split_once('.').unwrap_or((zone, "."));
    let parent = zone_of(resolver, above).await.ok()??;
    let name = rdata::name(zone)?;
    let servers = hosts(resolver.texts(&parent, "NS").await.ok()?.records);
    for server in servers.into_iter().take(NAMES_MAX) {
        for address in addresses(resolver, &server).await {
            let Ok(answer) = message(address, &name, RecordType::NS).await else { continue };
            let all = answer.answers.iter().chain(&answer.authorities).filter(|record| record.name == name);
            let names: BTreeSet<String> = all
                .filter_map(|record| match &record.data {
                    RData::NS(host) => Some(rdata::text(&host.0)),
                    _ => None,
                })
                .collect();
            if !names.is_empty() {
                return Some(names);
            }
        }
    }
    None
}

fn hosts(records: Vec<String>) -> BTreeSet<String> {
    records.into_iter().map(|text| text.trim_end_matches('.').to_ascii_lowercase()).collect()
}

async fn addresses(resolver: &DnsResolver, host: &str) -> Vec<SocketAddr> {
    let Ok(domain) = host.parse::<Domain>() else { return Vec::new() };
    let found = resolver.addresses(&domain).await.map(|answer| answer.records).unwrap_or_default();
    found.into_iter().take(ADDRESSES_MAX).map(|address| SocketAddr::new(address, PORT)).collect()
}

#[cfg(test)]
mod tests {
    use hickory_resolver::proto::op::OpCode;
    use hickory_resolver::proto::rr::Record;
    use hickory_resolver::proto::rr::rdata::{A, CNAME, SOA, TXT};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, UdpSocket};

    use super::*;
    use crate::plan::document::DnsData;

    fn name(text: &str) -> Name {
        Name::from_ascii(text).unwrap()
    }

    fn reply(question: &Message, over_tcp: bool) -> Message {
        let query = question.queries.first().unwrap().clone();
        let owner = query.name().clone();
        let mut answer = Message::response(question.metadata.id, OpCode::Query);
        answer.metadata.authoritative = true;
        answer.add_query(query.clone());
        match (owner.to_ascii().as_str(), query.query_type()) {
            ("a.test.", RecordType::A) => {
                answer.add_answer(Record::from_rdata(owner, 300, RData::A(A::new(192, 0, 2, 1))));
            }
            ("alias.test.", _) => {
                answer.add_answer(Record::from_rdata(owner, 60, RData::CNAME(CNAME(name("A.test.")))));
                answer.add_answer(Record::from_rdata(name("a.test."), 60, RData::A(A::new(192, 0, 2, 1))));
            }
            ("long.test.", _) if !over_tcp => answer.metadata.truncation = true,
            ("long.test.", _) => {
                answer.add_answer(Record::from_rdata(owner, 60, RData::TXT(TXT::new(vec!["x".repeat(250); 9]))));
            }
            ("lame.test.", _) => answer.metadata.authoritative = false,
            ("refused.test.", _) => answer.metadata.response_code = ResponseCode::Refused,
            (other, _) => {
                if other != "empty.test." {
                    answer.metadata.response_code = ResponseCode::NXDomain;
                }
                let soa = SOA::new(name("ns.test."), name("x.test."), 1, 2, 3, 4, 120);
                answer.add_authority(Record::from_rdata(name("test."), 900, RData::SOA(soa)));
            }
        }
        answer
    }

    async fn server() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let socket = UdpSocket::bind(address).await.unwrap();
        tokio::spawn(async move {
            let mut datagram = [0; 4096];
            while let Ok((octets, peer)) = socket.recv_from(&mut datagram).await {
                let question = Message::from_vec(&datagram[..octets]).unwrap();
                assert!(!question.metadata.recursion_desired);
                // A stranger's answer comes first.
                let mut stranger = reply(&question, false);
                stranger.metadata.id ^= 1;
                socket.send_to(&stranger.to_vec().unwrap(), peer).await.unwrap();
                socket.send_to(&reply(&question, false).to_vec().unwrap(), peer).await.unwrap();
            }
        });
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut octets = vec![0; usize::from(stream.read_u16().await.unwrap())];
                stream.read_exact(&mut octets).await.unwrap();
                let answer = reply(&Message::from_vec(&octets).unwrap(), true).to_vec().unwrap();
                stream.write_u16(answer.len().try_into().unwrap()).await.unwrap();
                stream.write_all(&answer).await.unwrap();
            }
        });
        address
    }

    #[tokio::test]
    async fn each_server_is_asked_and_what_it_says_is_told_apart() {
        let (one, silent) = (server().await, UdpSocket::bind("127.0.0.1:0").await.unwrap());
        let authorities = Authorities::at("test", [one, silent.local_addr().unwrap()]);
        let answers = authorities.answers("a.test", "A").await;
        assert_eq!(answers.len(), 2);
        for (server, answer) in answers {
            if server == one {
                let set = answer.unwrap();
                assert_eq!((set.ttl_seconds, set.data), (300, vec![DnsData::A("192.0.2.1".parse().unwrap())]));
            } else {
                assert!(answer.is_err(), "nobody answers there");
            }
        }
    }

    #[tokio::test]
    async fn nothing_is_of_several_kinds() {
        let server = server().await;
        let empty = ask(server, "empty.test", "A").await.unwrap();
        assert!(empty.records.is_empty() && empty.name_exists);
        let gone = ask(server, "gone.test", "A").await.unwrap();
        assert_eq!((gone.name_exists, gone.ttl_seconds), (false, 120), "RFC 2308 §5");
        assert_eq!(ask(server, "lame.test", "A").await, Err(AuthorityError::Lame));
        assert!(matches!(ask(server, "refused.test", "A").await, Err(AuthorityError::Code(_))));
        let alias = ask(server, "alias.test", "A").await.unwrap();
        assert_eq!((alias.alias.as_deref(), alias.records.len()), (Some("a.test"), 0));
    }

    #[tokio::test]
    async fn what_is_truncated_is_asked_for_again_over_tcp() {
        let long = ask(server().await, "long.test", "TXT").await.unwrap();
        assert_eq!(long.data, [DnsData::Txt("x".repeat(2250))]);
    }
}
