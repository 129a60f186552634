//! From the first octet after DATA to stable storage: the one way that a message gets into the store.
//!
//! [`Incoming`] collects the message. It holds the header back (at most `limits::HEADER_OCTETS_MAX`) until
//! it has ended, so that trace fields and whatever a submission lacks stand above it, then lets the rest
//! stream into the store's staging. [`Handover::accept`] decides: loops, foreign senders and recipients that are
//! not to be sent to ([`crate::mailflow::relaying`]) are refused, local recipients get the message into INBOX,
//! remote ones and whoever mail is forwarded to a queue row, all in one transaction (design: "one transaction
//! per acceptance"). Only its commit yields the proof that a `250` needs.
//!
//! What is stored begins with Return-Path (RFC 5321 §4.4: final delivery adds it, relaying does not), which
//! the queue skips; DKIM-Signature and Delivered-To fields exist for the queue only, kept beside the content.
//! Only what our users and trusted networks send is signed: of any other message we do not know that it is
//! ours, whatever its From says, be it for a backup domain or to be forwarded.
//!
//! Quota was asked at RCPT TO. A message that was let in is stored even if another filled the mailbox
//! meanwhile: one recipient's quota is no reason to refuse the others' copy.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::{error, info};

use crate::ground::clock::Timestamp;
use crate::ground::limits;
use crate::mailflow::forwarding::Forwarding;
use crate::mailflow::header::{HeaderFacts, header_end};
use crate::mailflow::recipients::Recipients;
use crate::mailflow::relaying::{Gate, Origin};
use crate::mailflow::routing::Router;
use crate::mailflow::schedule::Schedule;
use crate::mailflow::signing::{Signers, SigningError};
use crate::mailflow::submission::{Senders, missing_fields};
use crate::mailflow::trace::{Received, delivered_to, return_path};
use crate::plan::Plan;
use crate::protocol::smtp::server::Transaction;
use crate::state::queue;
use crate::state::store::{self, Durable, Staged, Store, StoreError};
use crate::vocabulary::mail::{Address, Enhanced, Reply, ReversePath};

/// Pieces in which a staged message is read for signing.
const SIGNING_PIECE_OCTETS: usize = 64 * 1024;

/// What acceptance needs to know, by one plan. Cheap to clone.
#[derive(Clone)]
pub struct Handover {
    store: Arc<Store>,
    gate: Gate,
    senders: Senders,
    signers: Signers,
    schedule: Schedule,
}

/// A message that is about to come in.
#[derive(Debug, Clone)]
pub struct Arrival {
    pub transaction: Arc<Transaction>,
    pub peer: IpAddr,
    /// The peer may relay without a login ([`Gate::trusts`]).
    pub trusted_network: bool,
    pub at: Timestamp,
}

impl Arrival {
    pub fn origin(&self) -> Origin {
        match &self.transaction.account {
            Some(account) => Origin::User(account.clone()),
            None if self.trusted_network => Origin::TrustedNetwork,
            None => Origin::Anybody,
        }
    }
}

/// A message on stable storage.
#[derive(Debug)]
pub struct Accepted {
    pub proof: Durable,
    /// The name that `250` and the Received field give it.
    pub id: String,
}

/// A message that is coming in. Dropped, it leaves nothing behind.
pub struct Incoming {
    arrival: Arrival,
    id: String,
    router: Router,
    staged: Staged,
    /// The header so far; empty once it has been staged.
    header: Vec<u8>,
    /// Set once the header has ended.
    facts: Option<HeaderFacts>,
    /// Of the Return-Path line.
    skip_octets: u64,
    failure: Option<Reply>,
}

impl Handover {
    pub fn new(store: Arc<Store>, plan: Arc<Plan>, gate: Gate, signers: Signers) -> Self {
        let schedule = Schedule::new(&plan.outbound.retry_after_seconds, plan.outbound.lifetime_seconds);
        let senders = Senders::new(plan, gate.forwarding().router().clone());
        Self { store, gate, senders, signers, schedule }
    }

    pub fn senders(&self) -> &Senders {
        &self.senders
    }

    /// Opens a message. The trace fields are composed here: the session adds none of its own.
    pub fn begin(&self, arrival: Arrival) -> Incoming {
        Incoming {
            id: next_id(arrival.at),
            arrival,
            router: self.gate.forwarding().router().clone(),
            staged: self.store.stage(),
            header: Vec::new(),
            facts: None,
            skip_octets: 0,
            failure: None,
        }
    }

    /// Stores the message for all its recipients.
    ///
    /// # Errors
    /// The reply for the peer: 554 5.4.6 (loop), 550 5.1.1 and 550 5.7.1 (a recipient after all not), 553 5.7.1
    /// and 550 5.6.0 (header of a submission), 552 5.3.4 (header too long), 451 and 452 when storage fails.
    /// Nothing of the message is kept then.
    pub async fn accept(&self, mut incoming: Incoming) -> Result<Accepted, Reply> {
        incoming.end_header();
        if let Some(failure) = incoming.failure.take() {
            return Err(failure);
        }
        let facts = incoming.facts.take().unwrap_or_default();
        let transaction = incoming.arrival.transaction.clone();
        // RFC 5321 §6.3. Fields of ours are above the header and not counted.
        if facts.received_fields >= limits::RECEIVED_FIELDS_MAX {
            return Err(Reply::new(554, Enhanced(5, 4, 6), "too many Received fields: the message goes in circles"));
        }
        if let Some(account) = &transaction.account {
            self.senders.check_header(account, &facts)?;
        }
        let (origin, at) = (incoming.arrival.origin(), incoming.arrival.at);
        let recipients = Recipients::of(&origin, &transaction, &facts, &self.gate, at)?;
        let signatures = self.sign(&mut incoming, &facts, &recipients).await?;
        let Incoming { arrival, id, staged, skip_octets, .. } = incoming;
        let (peer, octets) = (arrival.peer, staged.len());
        let (local, remote) = (recipients.local.len(), recipients.remote.len());
        let forwarded: usize = recipients.forwards.iter().map(|forwarded| forwarded.to.len()).sum();
        let parcels = parcels(&recipients, &signatures, &arrival, self.gate.forwarding());
        let expires = self.schedule.expires(arrival.at);
        let (body, smtputf8) = (transaction.envelope.body, transaction.envelope.smtputf8);
        let accounts: Vec<Address> = recipients.local.into_iter().collect();
        let job = move |tx: &mut store::Tx<'_>, contents: &[store::ContentId]| {
            let content = *contents.first().expect("invariant: one message is staged");
            if !accounts.is_empty() {
                store::deliver(tx, content, &accounts, "INBOX", arrival.at)?;
            }
            let mut queued = Vec::with_capacity(parcels.len());
            for Parcel { prefix, reverse_path, recipients } in parcels {
                let message = queue::NewMessage {
                    content,
                    skip_octets,
                    prefix,
                    reverse_path,
                    body,
                    smtputf8,
                    received: arrival.at,
                    expires,
                    is_bounce: false,
                    recipients,
                };
                queued.push(queue::enqueue(tx, &message)?.0);
            }
            Ok(queued)
        };
        let (queued, proof) = commit(&self.store, vec![staged], job).await.map_err(|error| refusal(&id, &error))?;
        info!(
            id,
            ?queued,
            from = %transaction.envelope.reverse_path,
            account = transaction.account.as_ref().map(tracing::field::display),
            %peer,
            message_id = facts.message_id,
            octets,
            local,
            remote,
            forwarded,
            "accepted"
        );
        Ok(Accepted { proof, id })
    }

    /// The DKIM-Signature fields of what leaves.
    async fn sign(
        &self,
        incoming: &mut Incoming,
        facts: &HeaderFacts,
        recipients: &Recipients,
    ) -> Result<Vec<u8>, Reply> {
        if incoming.arrival.origin() == Origin::Anybody || !recipients.leaves() {
            return Ok(Vec::new());
        }
        let author = facts.author().or(incoming.arrival.transaction.account.as_ref());
        let Some(domain) = author.and_then(|author| self.signers.signing_domain(&author.domain)) else {
            return Ok(Vec::new());
        };
        let (signers, id, skip) = (self.signers.clone(), incoming.id.clone(), incoming.skip_octets);
        let staged = std::mem::replace(&mut incoming.staged, self.store.stage());
        // RSA takes a millisecond of computing, and a long message is read from disk.
        let signed = tokio::task::spawn_blocking(move || {
            let fields = signers.sign(&domain, |piece| feed(&staged, skip, piece));
            (staged, fields)
        });
        let (staged, fields) = signed.await.map_err(|error| unable(&id, &error))?;
        incoming.staged = staged;
        fields.map_err(|error: FeedError| unable(&id, &error))
    }
}

/// What one entry of the queue has of its own.
struct Parcel {
    prefix: Vec<u8>,
    reverse_path: ReversePath,
    recipients: Vec<Address>,
}

/// The entries for one message: one for the recipients that the sender named, and one for each recipient
/// that has it forwarded.
fn parcels(recipients: &Recipients, signatures: &[u8], arrival: &Arrival, forwarding: &Forwarding) -> Vec<Parcel> {
    let original = &arrival.transaction.envelope.reverse_path;
    let mut parcels = Vec::new();
    if !recipients.remote.is_empty() {
        parcels.push(Parcel {
            prefix: signatures.to_vec(),
            reverse_path: original.clone(),
            recipients: recipients.remote.clone(),
        });
    }
    let submitted = arrival.origin() != Origin::Anybody;
    parcels.extend(recipients.forwards.iter().map(|forwarded| Parcel {
        prefix: [delivered_to(&forwarded.recipient).as_bytes(), signatures].concat(),
        reverse_path: forwarding.reverse_path(original, submitted, arrival.at),
        recipients: forwarded.to.clone(),
    }));
    parcels
}

impl Incoming {
    /// The name that the message will have.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Takes the next octets, in any pieces. Failures are kept for [`Handover::accept`].
    pub fn append(&mut self, bytes: &[u8]) {
        if self.failure.is_some() {
            return;
        }
        if self.facts.is_some() {
            self.stage(bytes);
            return;
        }
        // The end may straddle two pieces, by at most three octets.
        let searched = self.header.len().saturating_sub(3);
        self.header.extend_from_slice(bytes);
        let unsearched =
            if searched == 0 { self.header.as_slice() } else { self.header.get(searched..).unwrap_or(&[]) };
        let ended = match searched {
            0 => header_end(unsearched),
            _ => unsearched.windows(4).position(|window| window == b"\r\n\r\n").map(|at| searched + at + 4),
        };
        match ended {
            Some(end) if end <= limits::HEADER_OCTETS_MAX => self.open(end),
            _ if self.header.len() > limits::HEADER_OCTETS_MAX => {
                self.header = Vec::new();
                self.failure = Some(Reply::new(552, Enhanced(5, 3, 4), "the header is too long"));
            }
            _ => {}
        }
    }

    /// A message may end within its header.
    fn end_header(&mut self) {
        if self.facts.is_none() && self.failure.is_none() {
            self.open(self.header.len());
        }
    }

    /// The header has ended: stages the trace fields, the missing ones, and what was held back.
    fn open(&mut self, header_octets: usize) {
        let held = std::mem::take(&mut self.header);
        let facts = HeaderFacts::read(held.get(..header_octets).unwrap_or(&held));
        let transaction = self.arrival.transaction.clone();
        let envelope = &transaction.envelope;
        let return_path = return_path(&envelope.reverse_path);
        self.skip_octets = return_path.len() as u64;
        let received = Received {
            helo: &transaction.helo,
            peer: self.arrival.peer,
            submitted: transaction.account.is_some(),
            by: self.router.host(),
            with: transaction.with,
            tls: transaction.tls.as_ref(),
            id: &self.id,
            recipient: match envelope.recipients.as_slice() {
                [only] => Some(&only.forward_path),
                _ => None,
            },
            at: self.arrival.at,
        };
        let mut head = return_path + &received.field();
        if self.arrival.origin() != Origin::Anybody {
            let account = transaction.account.as_ref();
            head.push_str(&missing_fields(&facts, account, self.router.host(), &self.id, self.arrival.at));
        }
        self.facts = Some(facts);
        self.stage(head.as_bytes());
        self.stage(&held);
    }

    fn stage(&mut self, bytes: &[u8]) {
        if self.failure.is_none()
            && let Err(error) = self.staged.append(bytes)
        {
            self.failure = Some(refusal(&self.id, &error));
        }
    }
}

/// Submits a job and waits for its commit without blocking the runtime.
pub(super) async fn commit<R, F>(store: &Store, staged: Vec<Staged>, job: F) -> Result<(R, Durable), StoreError>
where
    R: Send + 'static,
    F: FnOnce(&mut store::Tx<'_>, &[store::ContentId]) -> Result<R, StoreError> + Send + 'static,
{
    let (send, receive) = tokio::sync::oneshot::channel();
    // If nobody waits any more the job is done all the same; its answer has no reader.
    store.submit(staged, job, move |result| drop(send.send(result)));
    receive.await.unwrap_or(Err(StoreError::Closed))
}

/// Why signing did not come about.
#[derive(Debug, thiserror::Error)]
enum FeedError {
    #[error(transparent)]
    Signing(#[from] SigningError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn feed(staged: &Staged, skip: u64, piece: &mut dyn FnMut(&[u8])) -> Result<(), FeedError> {
    if let Some(whole) = staged.as_slice() {
        piece(usize::try_from(skip).ok().and_then(|skip| whole.get(skip..)).unwrap_or_default());
        return Ok(());
    }
    let mut block = vec![0; SIGNING_PIECE_OCTETS];
    let mut offset = skip;
    loop {
        let count = staged.read_at(offset, &mut block)?;
        if count == 0 {
            return Ok(());
        }
        piece(block.get(..count).unwrap_or(&block));
        offset += count as u64;
    }
}

/// The store's failure as the peer hears it: what broke is in the log, not in the reply.
fn refusal(id: &str, error: &StoreError) -> Reply {
    error!(id, %error, "a message could not be stored");
    match error {
        StoreError::Disk { error, .. } if error.kind() == std::io::ErrorKind::StorageFull => {
            Reply::new(452, Enhanced(4, 3, 1), "out of storage, try again later")
        }
        _ => Reply::new(451, Enhanced(4, 3, 0), "the message could not be stored, try again later"),
    }
}

fn unable(id: &str, error: &dyn std::fmt::Display) -> Reply {
    error!(id, %error, "a message could not be signed");
    Reply::new(451, Enhanced(4, 3, 0), "the message could not be prepared for sending, try again later")
}

/// A name that no other message of this host has: the time in base 32 and a count, both of which only grow.
fn next_id(at: Timestamp) -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut number = (u128::from(at.0.unsigned_abs()) << 20) | u128::from(count & 0xf_ffff);
    let mut digits = Vec::new();
    while number > 0 {
        let digit = usize::try_from(number & 31).unwrap_or(0);
        digits.push(char::from(*DIGITS.get(digit).unwrap_or(&b'0')));
        number >>= 5;
    }
    digits.iter().rev().collect()
}
