//! DNS for mail flow: hickory's stub resolver behind `vocabulary::dns::Resolver`.
//!
//! The name servers are those of the plan or of `/etc/resolv.conf` (read once, at start; only `nameserver`
//! lines count). The C library is never asked: a static binary's `getaddrinfo` depends on the machine it
//! runs on, and `/etc/hosts` or a search list must not decide where mail goes.
//!
//! A resolver of [`DnsResolver::new`] does not validate, and every verdict of it is `Insecure`; one of
//! [`DnsResolver::validating`] does, from the root's key down (RFC 4035 §5). Its name servers must hand signatures on.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::dnssec::rdata::{DNSKEY, DNSSECRData};
use hickory_resolver::proto::dnssec::{DigestType, Proof, TrustAnchors};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

use rustls::{ClientConfig, RootCertStore};

use super::{exchange, rdata, tls};
use crate::plan::document::ResolverSource;
use crate::vocabulary::dns::{Answer, Lookup, Mx, ResolveError, Resolver, Verdict};
use crate::vocabulary::mail::Domain;

/// Where the system's resolver configuration stands.
pub const RESOLV_CONF: &str = "/etc/resolv.conf";
/// resolv.conf(5) uses three; more would only lengthen the wait.
const NAME_SERVERS_MAX: usize = 3;
const QUERY_PATIENCE: Duration = Duration::from_secs(5);
/// Answers kept; an MX set with addresses is about a kilobyte.
const CACHE_ENTRIES: u64 = 4096;

/// Why there is no resolver.
#[derive(Debug, thiserror::Error)]
pub enum ResolverError {
    #[error("the trust anchor holds no DS or DNSKEY record of the root, or none of a key that the root has now")]
    Anchor,
    #[error("the resolver cannot be set up: {0}")]
    Setup(String),
    #[error("{RESOLV_CONF} cannot be read: {0}")]
    SystemConfiguration(std::io::Error),
}

/// Asks name servers over UDP, and TCP where an answer is truncated; caches by TTL.
#[derive(Clone)]
pub struct DnsResolver {
    inner: TokioResolver,
}

impl DnsResolver {
    /// A resolver for the plan's `outbound.resolver`. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`ResolverError`] if the system's configuration is wanted and cannot be read.
    pub fn new(source: &ResolverSource) -> Result<Self, ResolverError> {
        Self::build(&servers(source)?, None)
    }

    /// One that validates. `anchor`: DS or DNSKEY records of a private root, as in a zone file; else the Internet's.
    ///
    /// # Errors
    /// [`ResolverError`]; `Anchor` also if the root's keys cannot be asked for.
    pub async fn validating(source: &ResolverSource, anchor: Option<&str>) -> Result<Self, ResolverError> {
        let servers = servers(source)?;
        let anchors = match anchor {
            None => TrustAnchors::default(),
            Some(text) => anchors(&servers, text).await.ok_or(ResolverError::Anchor)?,
        };
        Self::build(&servers, Some(anchors))
    }

    fn build(servers: &[SocketAddr], anchors: Option<TrustAnchors>) -> Result<Self, ResolverError> {
        let servers = servers.iter().map(|address| {
            let mut server = NameServerConfig::udp_and_tcp(address.ip());
            server.connections.iter_mut().for_each(|connection| connection.port = address.port());
            server
        });
        let config = ResolverConfig::from_parts(None, Vec::new(), servers.collect());
        let mut options = ResolverOpts::default();
        options.timeout = QUERY_PATIENCE;
        options.edns0 = true;
        options.cache_size = CACHE_ENTRIES;
        options.use_hosts_file = ResolveHosts::Never;
        options.validate = anchors.is_some();
        let unused = ClientConfig::builder_with_provider(tls::provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| ResolverError::Setup(error.to_string()))?
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            .with_options(options)
            // No name server is asked over TLS. Without a configuration of ours the library would look for
            // the machine's certificate authorities, and fail where there are none (an image from scratch).
            .with_tls_config(unused);
        if let Some(anchors) = anchors {
            builder = builder.with_trust_anchor(anchors.into());
        }
        let inner = builder.build().map_err(|error| ResolverError::Setup(error.to_string()))?;
        Ok(Self { inner })
    }

    /// For libraries that ask by themselves.
    pub(super) fn inner(&self) -> TokioResolver {
        self.inner.clone()
    }

    async fn ask<T>(
        &self,
        name: &Domain,
        kind: RecordType,
        read: impl Fn(&Record) -> Option<T>,
    ) -> Result<Answer<T>, ResolveError> {
        // The final dot keeps search lists out.
        match self.inner.lookup(format!("{name}."), kind).await {
            Ok(lookup) => Ok(Answer {
                records: lookup.answers().iter().filter_map(read).collect(),
                verdict: verdict(lookup.answers()),
                name_exists: true,
            }),
            Err(error) => absent(error),
        }
    }
}

/// Records as a zone file has them.
impl DnsResolver {
    /// The records of a type, by its mnemonic (`TXT`): names in lower case without the final dot, the strings of a TXT
    /// record joined. Empty if there are none. Aliases are followed; they are not among the records.
    ///
    /// # Errors
    /// [`ResolveError`] if nobody knows, and for a mnemonic or name that is none.
    pub async fn texts(&self, name: &str, mnemonic: &str) -> Result<Answer<String>, ResolveError> {
        let kind: RecordType = mnemonic.parse().map_err(|_| ResolveError::Failed(format!("no type {mnemonic}")))?;
        let read = |record: &Record| (record.record_type() == kind).then(|| text(&record.data));
        let lookup = self.inner.lookup(format!("{}.", name.trim_end_matches('.')), kind);
        match lookup.await {
            Ok(lookup) => {
                let records = lookup.answers().iter().filter_map(read).collect();
                Ok(Answer { records, verdict: verdict(lookup.answers()), name_exists: true })
            }
            Err(error) => absent(error),
        }
    }
}

fn text(data: &RData) -> String {
    let host = |name: &Name| {
        let text = name.to_ascii().to_ascii_lowercase();
        if name.is_root() { text } else { text.trim_end_matches('.').to_owned() }
    };
    match data {
        RData::TXT(strings) => strings.txt_data.iter().map(|part| String::from_utf8_lossy(part)).collect(),
        RData::MX(mx) => format!("{} {}", mx.preference, host(&mx.exchange)),
        RData::CNAME(target) => host(&target.0),
        RData::PTR(target) => host(&target.0),
        other => other.to_string(),
    }
}

impl Resolver for DnsResolver {
    fn mx<'a>(&'a self, domain: &'a Domain) -> Lookup<'a, Mx> {
        Box::pin(self.ask(domain, RecordType::MX, |record| match &record.data {
            RData::MX(mx) if mx.exchange.is_root() => Some(Mx { preference: mx.preference, exchange: None }),
            // A name that cannot be a host name is skipped: no server answers to it.
            RData::MX(mx) => {
                let exchange = mx.exchange.to_ascii().trim_end_matches('.').parse().ok()?;
                Some(Mx { preference: mx.preference, exchange: Some(exchange) })
            }
            _ => None,
        }))
    }

    fn addresses<'a>(&'a self, host: &'a Domain) -> Lookup<'a, IpAddr> {
        Box::pin(async move {
            let read = |record: &Record| record.data.ip_addr();
            let (v6, v4) = tokio::join!(self.ask(host, RecordType::AAAA, read), self.ask(host, RecordType::A, read));
            match (v6, v4) {
                (Ok(mut v6), Ok(v4)) => {
                    v6.name_exists |= v4.name_exists;
                    v6.records.extend(v4.records);
                    Ok(v6)
                }
                // Half an answer is enough to connect; without any address it proves nothing.
                (Ok(answer), Err(error)) | (Err(error), Ok(answer)) => {
                    if answer.records.is_empty() {
                        Err(error)
                    } else {
                        Ok(answer)
                    }
                }
                (Err(error), Err(_)) => Err(error),
            }
        })
    }
}

/// RFC 4035 §4.3. An answer is as good as its worst record.
fn verdict(records: &[Record]) -> Verdict {
    let all = |proof: Proof| !records.is_empty() && records.iter().all(|record| record.proof == proof);
    if records.iter().any(|record| record.proof == Proof::Bogus) {
        Verdict::Bogus
    } else if all(Proof::Secure) {
        Verdict::Secure
    } else {
        Verdict::Insecure
    }
}

/// RFC 2308 §2: the two kinds of "nothing", and everything else.
fn absent<T>(error: NetError) -> Result<Answer<T>, ResolveError> {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => {
            let verdict = none.authorities.as_ref().map_or(Verdict::Insecure, |records| verdict(records));
            match none.response_code {
                ResponseCode::NXDomain => Ok(Answer { records: Vec::new(), verdict, name_exists: false }),
                ResponseCode::NoError => Ok(Answer { records: Vec::new(), verdict, name_exists: true }),
                code => Err(ResolveError::Failed(code.to_string())),
            }
        }
        // Neither a record nor a proof that there is none.
        NetError::Dns(DnsError::Nsec { .. } | DnsError::DnssecBogus) => {
            Ok(Answer { records: Vec::new(), verdict: Verdict::Bogus, name_exists: true })
        }
        NetError::Dns(DnsError::ResponseCode(code)) => Err(ResolveError::Failed(code.to_string())),
        NetError::Timeout => Err(ResolveError::TimedOut),
        other => Err(ResolveError::Failed(format!("nothing usable ({other})"))),
    }
}

/// The keys of the root that `text` vouches for. A DS record is a digest (RFC 4034 §5.1.4): the key itself is asked
/// for, from whomever, and counts if its digest is the right one.
async fn anchors(servers: &[SocketAddr], text: &str) -> Option<TrustAnchors> {
    let keys: Vec<&str> = text.lines().filter(|line| line.split_ascii_whitespace().any(|w| w == "DNSKEY")).collect();
    if !keys.is_empty() {
        return keys.join("\n").parse().ok();
    }
    let mut anchors = TrustAnchors::empty();
    for server in servers {
        let mut question = exchange::question(&Name::root(), RecordType::DNSKEY);
        question.metadata.recursion_desired = true;
        let Ok(answer) = exchange::ask(*server, &question).await else { continue };
        for record in &answer.answers {
            if let RData::DNSSEC(DNSSECRData::DNSKEY(key)) = &record.data
                && text.lines().any(|line| vouches(line, key))
            {
                anchors.insert(key.public_key());
            }
        }
    }
    (!anchors.is_empty()).then_some(anchors)
}

/// `. IN DS TAG ALGORITHM 2 DIGEST`, with or without TTL and class.
fn vouches(line: &str, key: &DNSKEY) -> bool {
    let mut words = line.split_ascii_whitespace().skip_while(|word| *word != "DS").skip(1);
    let (Some(tag), Some(_), Some(kind)) = (words.next(), words.next(), words.next()) else { return false };
    let digest: String = words.collect();
    let ours = key.to_digest(&Name::root(), DigestType::SHA256);
    let tagged = key.calculate_key_tag().is_ok_and(|known| tag.parse() == Ok(known));
    kind == "2" && tagged && ours.is_ok_and(|ours| rdata::hex(ours.as_ref()).eq_ignore_ascii_case(&digest))
}

fn servers(source: &ResolverSource) -> Result<Vec<SocketAddr>, ResolverError> {
    Ok(match source {
        ResolverSource::Addresses(addresses) => addresses.clone(),
        ResolverSource::System => {
            system_servers(&std::fs::read_to_string(RESOLV_CONF).map_err(ResolverError::SystemConfiguration)?)
        }
    })
}

/// The servers of a resolv.conf(5); the local machine if it names none, as the C library does.
fn system_servers(text: &str) -> Vec<SocketAddr> {
    let servers: Vec<SocketAddr> = text
        .lines()
        .filter_map(|line| {
            let mut words = line.split_ascii_whitespace();
            let address = words.next().filter(|word| *word == "nameserver").and_then(|_| words.next())?;
            Some(SocketAddr::new(address.parse().ok()?, 53))
        })
        .take(NAME_SERVERS_MAX)
        .collect();
    if servers.is_empty() { vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 53))] } else { servers }
}

#[cfg(test)]
mod tests {
    use hickory_resolver::proto::op::{Message, OpCode};
    use hickory_resolver::proto::rr::rdata::{A, AAAA, MX, PTR, TXT};
    use hickory_resolver::proto::rr::{Name, RData, Record};
    use tokio::net::UdpSocket;

    use super::*;

    /// A name server for one zone: `mx.test` has two MX, `null.test` the null MX, `empty.test` nothing,
    /// `half.test` an A record and a server failure for AAAA. `broken.test` fails; others do not exist.
    async fn name_server() -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        tokio::spawn(async move {
            let mut datagram = [0; 4096];
            while let Ok((octets, peer)) = socket.recv_from(&mut datagram).await {
                let question = Message::from_vec(&datagram[..octets]).unwrap();
                let answer = reply(&question).to_vec().unwrap();
                socket.send_to(&answer, peer).await.unwrap();
            }
        });
        address
    }

    fn reply(question: &Message) -> Message {
        let query = question.queries.first().unwrap().clone();
        let name = query.name().clone();
        let text = name.to_ascii().to_ascii_lowercase();
        let mx = |preference, host: &str| RData::MX(MX::new(preference, Name::from_ascii(host).unwrap()));
        let (code, data) = match (text.as_str(), query.query_type()) {
            ("mx.test.", RecordType::MX) => (ResponseCode::NoError, vec![mx(20, "b.test."), mx(10, "A.test.")]),
            ("null.test.", RecordType::MX) => (ResponseCode::NoError, vec![mx(0, ".")]),
            ("host.test.", RecordType::A) => (ResponseCode::NoError, vec![RData::A(A::new(192, 0, 2, 7))]),
            ("host.test.", RecordType::AAAA) => {
                (ResponseCode::NoError, vec![RData::AAAA(AAAA("2001:db8::7".parse().unwrap()))])
            }
            ("text.test.", RecordType::TXT) => {
                (ResponseCode::NoError, vec![RData::TXT(TXT::new(vec!["v=spf1 ".to_owned(), "-all".to_owned()]))])
            }
            ("10.2.0.192.in-addr.arpa.", RecordType::PTR) => {
                (ResponseCode::NoError, vec![RData::PTR(PTR(Name::from_ascii("Mail.test.").unwrap()))])
            }
            ("half.test.", RecordType::A) => (ResponseCode::NoError, vec![RData::A(A::new(192, 0, 2, 8))]),
            ("half.test.", _) | ("broken.test.", _) => (ResponseCode::ServFail, vec![]),
            ("empty.test." | "mx.test." | "host.test.", _) => (ResponseCode::NoError, vec![]),
            _ => (ResponseCode::NXDomain, vec![]),
        };
        let mut answer = Message::response(question.metadata.id, OpCode::Query);
        answer.metadata.response_code = code;
        answer.metadata.recursion_available = true;
        answer.add_query(query);
        answer.add_answers(data.into_iter().map(|data| Record::from_rdata(name.clone(), 60, data)));
        answer
    }

    async fn resolver() -> DnsResolver {
        DnsResolver::new(&ResolverSource::Addresses(vec![name_server().await])).unwrap()
    }

    #[tokio::test]
    async fn rfc5321_5_1_mx_records_come_as_they_are() {
        let resolver = resolver().await;
        let answer = resolver.mx(&"mx.test".parse().unwrap()).await.unwrap();
        let mut found: Vec<(u16, Option<String>)> =
            answer.records.iter().map(|mx| (mx.preference, mx.exchange.as_ref().map(Domain::to_string))).collect();
        found.sort();
        assert_eq!(found, [(10, Some("a.test".to_owned())), (20, Some("b.test".to_owned()))]);
        let answer = resolver.mx(&"null.test".parse().unwrap()).await.unwrap();
        assert_eq!(answer.records, [Mx { preference: 0, exchange: None }], "RFC 7505");
    }

    #[tokio::test]
    async fn rfc2308_2_no_name_no_data_and_no_answer_are_three_things() {
        let resolver = resolver().await;
        let empty = resolver.mx(&"empty.test".parse().unwrap()).await.unwrap();
        assert!(empty.records.is_empty() && empty.name_exists);
        let gone = resolver.mx(&"gone.test".parse().unwrap()).await.unwrap();
        assert!(gone.records.is_empty() && !gone.name_exists);
        assert!(resolver.mx(&"broken.test".parse().unwrap()).await.is_err());
    }

    #[tokio::test]
    async fn addresses_of_both_families_and_half_an_answer_will_do() {
        let resolver = resolver().await;
        let of = async |host: &str| resolver.addresses(&host.parse().unwrap()).await;
        let found: Vec<String> = of("host.test").await.unwrap().records.iter().map(IpAddr::to_string).collect();
        assert_eq!(found, ["2001:db8::7", "192.0.2.7"]);
        assert_eq!(of("half.test").await.unwrap().records.len(), 1);
        assert!(of("broken.test").await.is_err());
        let empty = of("empty.test").await.unwrap();
        assert!(empty.records.is_empty() && empty.name_exists);
        assert!(!of("gone.test").await.unwrap().name_exists);
    }

    #[tokio::test]
    async fn any_type_comes_as_a_zone_file_has_it() {
        let resolver = resolver().await;
        let of = async |name: &str, kind: &str| resolver.texts(name, kind).await.map(|a| (a.records, a.name_exists));
        let sorted = async |name: &str, kind: &str| {
            let (mut records, _) = of(name, kind).await.unwrap();
            records.sort();
            records
        };
        assert_eq!(sorted("mx.test", "MX").await, ["10 a.test", "20 b.test"]);
        assert_eq!(sorted("null.test", "MX").await, ["0 ."], "RFC 7505");
        assert_eq!(sorted("host.test.", "AAAA").await, ["2001:db8::7"]);
        assert_eq!(sorted("text.test", "TXT").await, ["v=spf1 -all"], "RFC 7208 §3.3: strings are joined");
        assert_eq!(sorted("10.2.0.192.in-addr.arpa", "PTR").await, ["mail.test"]);
        assert_eq!(of("empty.test", "TXT").await, Ok((vec![], true)));
        assert_eq!(of("gone.test", "TXT").await, Ok((vec![], false)));
        assert!(of("broken.test", "TXT").await.is_err());
        assert!(of("host.test", "NONSENSE").await.is_err());
    }

    #[test]
    fn resolv_conf_yields_its_first_three_servers() {
        let text = "# x\nsearch example.org\nnameserver 192.0.2.1\n nameserver 2001:db8::1 \n;nameserver 192.0.2.9\n\
                    nameserver bad\nnameserver 192.0.2.2\nnameserver 192.0.2.3\noptions ndots:5\n";
        let found: Vec<String> = system_servers(text).iter().map(SocketAddr::to_string).collect();
        assert_eq!(found, ["192.0.2.1:53", "[2001:db8::1]:53", "192.0.2.2:53"]);
        assert_eq!(system_servers("").len(), 1);
    }
}
