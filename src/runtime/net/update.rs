//! Changes to zones: UPDATE (RFC 2136), signed with TSIG (RFC 8945), over TCP.
//!
//! Invariants: nothing counts as done unless the server's answer carries a signature of our key over our request;
//! one message is one change, of which either all is done or nothing (RFC 2136 §3.7). Only a change that fits no
//! message is sent in several, in order; a record set is never torn apart.
//!
//! The signatures are made by `hickory-proto` with the same cryptographic library as everything else here. It panics
//! on none of what a server may send once the checks of `readable` are through, which run before it.
//!
//! Not here: what to change, and whose records they are.

use std::io;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hickory_resolver::proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_resolver::proto::rr::rdata::tsig::{TsigAlgorithm as Algorithm, TsigError};
use hickory_resolver::proto::rr::{DNSClass, Name, RData, Record, RecordType};
use hickory_resolver::proto::rr::{TSigVerifier, TSigner};

use super::{exchange, rdata};
use crate::artefact::reconcile::dns::{Expectation, FoundRecord, RecordChange, SetChange};
use crate::ground::clock::Timestamp;
use crate::ground::limits::DNS_UPDATE_OCTETS_MAX;
use crate::ground::secret::Secret;
use crate::plan::document::TsigAlgorithm;

/// RFC 8945 §10: how far the clocks may differ, in seconds.
const FUDGE_SECONDS: u16 = 300;

/// Why a zone was not changed. Each says what to mend.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    #[error("{server} does not accept the signature with the key `{key}`: {reason}")]
    Authentication { server: SocketAddr, key: String, reason: KeyProblem },
    #[error("the zone {zone} has changed meanwhile: look again, and push what is still to do")]
    Changed { zone: String },
    #[error("{data} cannot be put into the record {name} {kind}")]
    Data { name: String, kind: String, data: String },
    #[error(
        "the key's secret is not base64; give what stands between the quotes of `secret \"...\"` in the server's configuration"
    )]
    KeyText,
    #[error("`{0}` is no name of the DNS")]
    Name(String),
    #[error("{server} does not hold the zone {zone} as a primary (NOTAUTH); name the primary server in `dns.publish`")]
    NotPrimary { server: SocketAddr, zone: String },
    #[error("a name of the change is not in the zone {zone} (NOTZONE): there is a zone cut between them")]
    NotZone { zone: String },
    #[error("{server} answered {code} to the update of {zone}")]
    Other { server: SocketAddr, zone: String, code: String },
    #[error(
        "{server} refuses to let the key `{key}` change {zone} (REFUSED): allow it to update that zone (Knot: `acl` with `action: update`; BIND: `update-policy`)"
    )]
    Refused { server: SocketAddr, key: String, zone: String },
    #[error("{server} failed at the update of {zone} (SERVFAIL); its log says why")]
    ServerFailure { server: SocketAddr, zone: String },
    #[error(
        "{server} did not answer with a signature of the key `{key}`: nobody knows what was done; look at the zone"
    )]
    Unsigned { server: SocketAddr, key: String },
    #[error("{server} cannot be reached: {error}")]
    Unreachable { server: SocketAddr, error: io::Error },
    #[error("{server} takes no updates (NOTIMP)")]
    Unsupported { server: SocketAddr },
}

/// RFC 8945 §5.2, what the server says about our signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyProblem {
    #[error("it knows no key of this name and algorithm (BADKEY); compare both with its configuration")]
    Key,
    #[error("the secret is another one (BADSIG); copy it from its configuration again")]
    Signature,
    #[error("its clock and ours differ by more than {FUDGE_SECONDS} seconds (BADTIME); set them right")]
    Time,
    #[error("it wants a longer signature (BADTRUNC)")]
    Truncation,
    #[error("it says nothing but NOTAUTH; compare the key's name, algorithm and secret with its configuration")]
    Unsaid,
}

/// Pushes to one primary server with one key.
#[derive(Clone)]
pub struct Updater {
    primary: SocketAddr,
    signer: TSigner,
}

impl Updater {
    /// `secret` is base64, as name servers have it in their configuration.
    ///
    /// # Errors
    /// [`UpdateError::KeyText`], [`UpdateError::Name`].
    pub fn new(
        primary: SocketAddr,
        key_name: &str,
        algorithm: TsigAlgorithm,
        secret: &Secret,
    ) -> Result<Self, UpdateError> {
        let key = STANDARD.decode(secret.expose().trim_ascii()).map_err(|_| UpdateError::KeyText)?;
        let name = rdata::name(key_name).ok_or_else(|| UpdateError::Name(key_name.to_owned()))?;
        let algorithm = match algorithm {
            TsigAlgorithm::HmacSha256 => Algorithm::HmacSha256,
            TsigAlgorithm::HmacSha512 => Algorithm::HmacSha512,
        };
        let signer = TSigner::new(key, algorithm, name, FUDGE_SECONDS).map_err(|_| UpdateError::KeyText)?;
        Ok(Self { primary, signer })
    }

    pub fn primary(&self) -> SocketAddr {
        self.primary
    }

    /// Makes each set what it is to be; foreign records of a set go. Data that is not known yet must not be in it.
    ///
    /// # Errors
    /// [`UpdateError`]; then nothing was changed, unless it is `Unsigned`.
    pub async fn replace(&self, zone: &str, sets: &[SetChange]) -> Result<(), UpdateError> {
        let mut changes = Vec::new();
        for set in sets {
            let (name, kind) = place(&set.name, set.kind)?;
            let mut records = vec![of_class(Record::update0(name.clone(), 0, kind), DNSClass::ANY)];
            for data in &set.data {
                records.push(Record::from_rdata(name.clone(), set.ttl_seconds, written(&set.name, data)?));
            }
            changes.push(records);
        }
        self.send(zone, Vec::new(), changes).await
    }

    /// Adds and takes away single records, if what is expected still holds.
    ///
    /// # Errors
    /// [`UpdateError`]; `Changed` if an expectation fails.
    pub async fn edit(&self, zone: &str, expected: &[Expectation], edits: &[RecordChange]) -> Result<(), UpdateError> {
        let mut prerequisites = Vec::new();
        for expectation in expected {
            match expectation {
                // RFC 2136 §2.4.3.
                Expectation::Absent { name, kind } => {
                    let (name, kind) = place(name, kind)?;
                    prerequisites.push(of_class(Record::update0(name, 0, kind), DNSClass::NONE));
                }
                // RFC 2136 §2.4.2.
                Expectation::Exactly { name, kind, records } => {
                    let (name, kind) = place(name, kind)?;
                    prerequisites.extend(records.iter().map(|record| exact(&name, kind, record, DNSClass::IN)));
                }
            }
        }
        let mut changes = Vec::new();
        for edit in edits {
            let (name, kind) = place(&edit.name, &edit.kind)?;
            let mut records: Vec<Record> =
                edit.remove.iter().map(|record| exact(&name, kind, record, DNSClass::NONE)).collect();
            for data in &edit.add {
                records.push(Record::from_rdata(name.clone(), edit.ttl_seconds, written(&edit.name, data)?));
            }
            changes.push(records);
        }
        self.send(zone, prerequisites, changes).await
    }

    /// `changes`: the records of one set each, which stay together.
    async fn send(
        &self,
        zone: &str,
        mut prerequisites: Vec<Record>,
        changes: Vec<Vec<Record>>,
    ) -> Result<(), UpdateError> {
        let origin = rdata::name(zone).ok_or_else(|| UpdateError::Name(zone.to_owned()))?;
        let mut waiting = changes.into_iter().peekable();
        while waiting.peek().is_some() {
            let mut message = Message::new(Message::query().metadata.id, MessageType::Query, OpCode::Update);
            message.add_query(Query::query(origin.clone(), RecordType::SOA));
            message.answers = std::mem::take(&mut prerequisites);
            let mut octets = message.answers.iter().map(octets).sum::<usize>();
            while let Some(set) = waiting.next_if(|set| {
                octets += set.iter().map(self::octets).sum::<usize>();
                octets <= DNS_UPDATE_OCTETS_MAX
            }) {
                message.authorities.extend(set);
            }
            if message.authorities.is_empty() {
                let name =
                    waiting.peek().and_then(|set| set.first()).map_or_else(String::new, |r| rdata::text(&r.name));
                return Err(UpdateError::Data {
                    name,
                    kind: "set".to_owned(),
                    data: "more than a message holds".to_owned(),
                });
            }
            self.exchange(zone, message).await?;
        }
        Ok(())
    }

    async fn exchange(&self, zone: &str, mut message: Message) -> Result<(), UpdateError> {
        let server = self.primary;
        let unreachable = |error| UpdateError::Unreachable { server, error };
        let now = u64::try_from(Timestamp::now().seconds()).unwrap_or(0);
        let verifier = message.finalize(&self.signer, now).map_err(|e| unreachable(io::Error::other(e)))?;
        let octets = message.to_vec().map_err(|e| unreachable(io::Error::other(e)))?;
        let answer = exchange::over_tcp(server, &octets).await.map_err(unreachable)?;
        let unsigned = || UpdateError::Unsigned { server, key: self.key() };
        let answer = readable(&message, &answer).zip(verifier).ok_or_else(unsigned)?;
        let ((read, octets), verifier) = answer;
        self.judge(zone, &read, octets, verifier)
    }

    fn key(&self) -> String {
        rdata::text(self.signer.signer_name())
    }

    fn judge(&self, zone: &str, read: &Message, octets: &[u8], mut verifier: TSigVerifier) -> Result<(), UpdateError> {
        let (server, zone) = (self.primary, zone.to_owned());
        let problem = |reason| UpdateError::Authentication { server, key: self.key(), reason };
        let said = read.signature.as_ref().and_then(|signature| signature.data.error);
        let verified = verifier.verify(octets).is_ok();
        // RFC 8945 §5.3.2: errors about key and signature come unsigned, and so may refusals of servers that looked
        // at their lists first. They say that nothing was done, so whoever forges one gains nothing but our refusal.
        match (read.metadata.response_code, said) {
            (ResponseCode::NoError, None) if verified => Ok(()),
            (ResponseCode::NoError, _) => Err(UpdateError::Unsigned { server, key: self.key() }),
            (_, Some(TsigError::BadKey)) => Err(problem(KeyProblem::Key)),
            (_, Some(TsigError::BadSig)) => Err(problem(KeyProblem::Signature)),
            (_, Some(TsigError::BadTime)) => Err(problem(KeyProblem::Time)),
            (_, Some(TsigError::BadTrunc)) => Err(problem(KeyProblem::Truncation)),
            (ResponseCode::NotAuth, _) if verified => Err(UpdateError::NotPrimary { server, zone }),
            (ResponseCode::NotAuth, _) => Err(problem(KeyProblem::Unsaid)),
            (ResponseCode::NotZone, _) => Err(UpdateError::NotZone { zone }),
            (ResponseCode::Refused, _) => Err(UpdateError::Refused { server, key: self.key(), zone }),
            (ResponseCode::ServFail, _) => Err(UpdateError::ServerFailure { server, zone }),
            (ResponseCode::NotImp, _) => Err(UpdateError::Unsupported { server }),
            (ResponseCode::NXRRSet | ResponseCode::YXRRSet | ResponseCode::NXDomain | ResponseCode::YXDomain, _) => {
                Err(UpdateError::Changed { zone })
            }
            (code, _) => Err(UpdateError::Other { server, zone, code: code.to_string() }),
        }
    }
}

/// The answer to our message, with its octets. What is checked here is what the verifier takes for granted: a
/// signature whose times lie after the epoch, by at least its fudge.
fn readable<'o>(asked: &Message, octets: &'o [u8]) -> Option<(Message, &'o [u8])> {
    let read = Message::from_vec(octets).ok()?;
    let ours = read.metadata.message_type == MessageType::Response
        && read.metadata.op_code == OpCode::Update
        && read.metadata.id == asked.metadata.id;
    let sound = |signature: &Record<_>| {
        let data: &hickory_resolver::proto::rr::rdata::TSIG = &signature.data;
        data.time >= u64::from(data.fudge)
    };
    (ours && read.signature.as_deref().is_none_or(sound)).then_some((read, octets))
}

fn place(name: &str, kind: &str) -> Result<(Name, RecordType), UpdateError> {
    let wrong = || UpdateError::Name(name.to_owned());
    Ok((rdata::name(name).ok_or_else(wrong)?, kind.parse().map_err(|_| wrong())?))
}

fn written(name: &str, data: &crate::plan::document::DnsData) -> Result<RData, UpdateError> {
    rdata::rdata(data).ok_or_else(|| UpdateError::Data {
        name: name.to_owned(),
        kind: data.kind().to_owned(),
        data: data.to_string(),
    })
}

fn exact(name: &Name, kind: RecordType, record: &FoundRecord, class: DNSClass) -> Record {
    of_class(Record::from_rdata(name.clone(), 0, rdata::as_found(kind, record)), class)
}

fn of_class(mut record: Record, class: DNSClass) -> Record {
    record.dns_class = class;
    record
}

/// What a record takes at most: ten octets between its name and its data (RFC 1035 §3.2.1).
fn octets(record: &Record) -> usize {
    record.name.len() + 10 + rdata::found(&record.data).map_or(0, |found| found.octets.len())
}

#[cfg(test)]
mod tests {
    use hickory_resolver::proto::rr::TSigResponseContext;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::plan::document::DnsData;

    const SECRET: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

    fn updater(primary: SocketAddr, secret: &str) -> Updater {
        Updater::new(primary, "push.", TsigAlgorithm::HmacSha256, &Secret::new(secret)).unwrap()
    }

    /// How the server signs its answer.
    #[derive(Clone, Copy, PartialEq)]
    enum Signs {
        Says(TsigError),
        No,
        With(&'static str),
    }

    /// A primary for one exchange; gives back what it was asked.
    async fn primary(code: ResponseCode, signs: Signs) -> (SocketAddr, tokio::task::JoinHandle<Message>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut octets = vec![0; usize::from(stream.read_u16().await.unwrap())];
            stream.read_exact(&mut octets).await.unwrap();
            let asked = Message::from_vec(&octets).unwrap();
            let mut answer = Message::response(asked.metadata.id, OpCode::Update);
            answer.metadata.response_code = code;
            let (mac, now) = {
                let signature = asked.signature.as_deref().expect("a signed request");
                (signature.data.mac.clone(), signature.data.time)
            };
            let signer = |secret: &str| updater(address, secret).signer;
            let context = |signer, error| TSigResponseContext::new(asked.metadata.id, now, signer, mac, error);
            let signature = match signs {
                Signs::No => None,
                Signs::With(secret) => Some(context(signer(secret), None)),
                Signs::Says(TsigError::BadKey) => {
                    Some(TSigResponseContext::unknown_key(asked.metadata.id, now, rdata::name("push").unwrap()))
                }
                Signs::Says(TsigError::BadSig) => {
                    Some(TSigResponseContext::bad_signature(asked.metadata.id, now, signer(SECRET)))
                }
                Signs::Says(error) => Some(context(signer(SECRET), Some(error))),
            };
            let plain = answer.to_vec().unwrap();
            if let Some(context) = signature {
                answer.set_signature(context.sign(&plain).unwrap());
            }
            let octets = answer.to_vec().unwrap();
            stream.write_u16(octets.len().try_into().unwrap()).await.unwrap();
            stream.write_all(&octets).await.unwrap();
            asked
        });
        (address, served)
    }

    fn set() -> SetChange {
        let data = vec![DnsData::Mx { preference: 10, exchange: "mail.example.org".into() }];
        SetChange { name: "example.org".into(), kind: "MX", ttl_seconds: 300, data }
    }

    async fn outcome(code: ResponseCode, signs: Signs) -> Result<(), UpdateError> {
        let (address, served) = primary(code, signs).await;
        let outcome = updater(address, SECRET).replace("example.org", &[set()]).await;
        served.await.unwrap();
        outcome
    }

    #[tokio::test]
    async fn rfc2136_2_5_a_set_is_deleted_and_written_in_one_message() {
        let (address, served) = primary(ResponseCode::NoError, Signs::With(SECRET)).await;
        updater(address, SECRET).replace("example.org", &[set()]).await.unwrap();
        let asked = served.await.unwrap();
        assert_eq!((asked.metadata.op_code, asked.queries.len()), (OpCode::Update, 1));
        assert_eq!(asked.queries[0].query_type(), RecordType::SOA);
        let seen: Vec<_> = asked.authorities.iter().map(|r| (r.record_type(), r.dns_class, r.ttl)).collect();
        assert_eq!(seen, [(RecordType::MX, DNSClass::ANY, 0), (RecordType::MX, DNSClass::IN, 300)]);
    }

    #[tokio::test]
    async fn rfc2136_2_4_what_is_expected_stands_before_what_is_changed() {
        let (address, served) = primary(ResponseCode::NoError, Signs::With(SECRET)).await;
        let old = rdata::found(&rdata::rdata(&DnsData::Txt("old".into())).unwrap()).unwrap();
        let expected = [
            Expectation::Absent { name: "new.example.org".into(), kind: "A".into() },
            Expectation::Exactly { name: "example.org".into(), kind: "TXT".into(), records: vec![old.clone()] },
        ];
        let edit = RecordChange {
            name: "example.org".into(),
            kind: "TXT".into(),
            ttl_seconds: 60,
            add: vec![DnsData::Txt("new".into())],
            remove: vec![old],
        };
        updater(address, SECRET).edit("example.org", &expected, &[edit]).await.unwrap();
        let asked = served.await.unwrap();
        let classes = |records: &[Record]| records.iter().map(|r| r.dns_class).collect::<Vec<_>>();
        assert_eq!(classes(&asked.answers), [DNSClass::NONE, DNSClass::IN]);
        assert_eq!(classes(&asked.authorities), [DNSClass::NONE, DNSClass::IN]);
        assert_eq!(asked.authorities[0].data.to_string(), "old");
    }

    #[tokio::test]
    async fn only_a_signed_answer_counts_as_done() {
        assert!(outcome(ResponseCode::NoError, Signs::With(SECRET)).await.is_ok());
        for signs in [Signs::No, Signs::With("c29tZWJvZHkgZWxzZQ==")] {
            assert!(matches!(outcome(ResponseCode::NoError, signs).await, Err(UpdateError::Unsigned { .. })));
        }
    }

    #[tokio::test]
    async fn rfc8945_5_2_each_complaint_about_the_key_is_told_apart() {
        for (error, wanted) in [
            (TsigError::BadKey, KeyProblem::Key),
            (TsigError::BadSig, KeyProblem::Signature),
            (TsigError::BadTime, KeyProblem::Time),
        ] {
            match outcome(ResponseCode::NotAuth, Signs::Says(error)).await {
                Err(UpdateError::Authentication { reason, .. }) => assert_eq!(reason, wanted),
                other => panic!("{error:?}: {other:?}"),
            }
        }
        let unsaid = outcome(ResponseCode::NotAuth, Signs::No).await;
        assert!(matches!(unsaid, Err(UpdateError::Authentication { reason: KeyProblem::Unsaid, .. })));
    }

    #[tokio::test]
    async fn rfc2136_2_2_each_code_says_what_to_mend() {
        let signed = Signs::With(SECRET);
        for (code, words) in [
            (ResponseCode::NotAuth, "primary"),
            (ResponseCode::NotZone, "zone cut"),
            (ResponseCode::Refused, "allow it to update"),
            (ResponseCode::ServFail, "its log"),
            (ResponseCode::NotImp, "takes no updates"),
            (ResponseCode::NXRRSet, "look again"),
            (ResponseCode::YXDomain, "look again"),
        ] {
            let error = outcome(code, signed).await.unwrap_err().to_string();
            assert!(error.contains(words), "{code}: {error}");
            assert!(!error.contains(SECRET));
        }
    }

    #[tokio::test]
    async fn what_fits_no_message_is_sent_in_several_and_no_set_is_torn() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let updater = updater(listener.local_addr().unwrap(), SECRET);
        let set = |n: usize| SetChange {
            name: format!("n{n}.example.org"),
            kind: "TXT",
            ttl_seconds: 60,
            data: vec![DnsData::Txt("x".repeat(20_000)); 1],
        };
        let sets: Vec<_> = (0..4).map(set).collect();
        let pushed = tokio::spawn(async move { updater.replace("example.org", &sets).await });
        let mut sizes = Vec::new();
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut octets = vec![0; usize::from(stream.read_u16().await.unwrap())];
            stream.read_exact(&mut octets).await.unwrap();
            let asked = Message::from_vec(&octets).unwrap();
            sizes.push(asked.authorities.len());
            let mut answer = Message::response(asked.metadata.id, OpCode::Update);
            let signature = asked.signature.as_deref().unwrap().data.clone();
            let signer = self::updater(listener.local_addr().unwrap(), SECRET).signer;
            let context = TSigResponseContext::new(asked.metadata.id, signature.time, signer, signature.mac, None);
            let plain = answer.to_vec().unwrap();
            answer.set_signature(context.sign(&plain).unwrap());
            let octets = answer.to_vec().unwrap();
            stream.write_u16(octets.len().try_into().unwrap()).await.unwrap();
            stream.write_all(&octets).await.unwrap();
        }
        pushed.await.unwrap().unwrap();
        assert_eq!(sizes, [4, 4], "two sets each, of a deletion and a record");
    }
}
