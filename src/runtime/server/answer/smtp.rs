//! What SMTP sessions hear: who may send, who receives, and when a message is safe.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::Notify;

use super::login::Logins;
use crate::ground::clock::Timestamp;
use crate::mailflow::handover::{Arrival, Handover, Incoming};
use crate::mailflow::relaying::{Destination, Origin};
use crate::protocol::ContentRef;
use crate::protocol::smtp::server::{Answer, Ask, ServerSession, Transaction};
use crate::runtime::net::driver::Answerer;
use crate::runtime::server::generation::Generation;
use crate::runtime::server::guard::Pace;
use crate::state::store::{Durable, Store, account, quota};
use crate::vocabulary::mail::{Address, Enhanced, Recipient, Reply, ReversePath};

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Visitor {
    pub address: IpAddr,
    /// On this listener it may relay without a login.
    pub trusted_network: bool,
}

/// The answers of one connection.
pub struct Answers {
    store: Arc<Store>,
    generation: Arc<Generation>,
    handover: Handover,
    logins: Logins,
    pace: Pace,
    peer: IpAddr,
    /// The peer may relay without a login.
    trusted_network: bool,
    /// The message being received, from `Begin` to `Accept` or `Discard`.
    incoming: Option<Incoming>,
    /// SIZE= of the transaction's MAIL, for the quota.
    declared_octets: u64,
    /// Of the transaction's MAIL: some recipients take bounces only.
    reverse_path: ReversePath,
}

impl Answers {
    pub fn new(store: Arc<Store>, generation: Arc<Generation>, logins: Logins, pace: Pace, visitor: Visitor) -> Self {
        let handover =
            Handover::new(store.clone(), generation.plan.clone(), generation.gate.clone(), generation.signers.clone());
        Self {
            store,
            generation,
            handover,
            logins,
            pace,
            peer: visitor.address,
            trusted_network: visitor.trusted_network,
            incoming: None,
            declared_octets: 0,
            reverse_path: ReversePath::Null,
        }
    }

    fn origin(&self, account: Option<Address>) -> Origin {
        match account {
            Some(account) => Origin::User(account),
            None if self.trusted_network => Origin::TrustedNetwork,
            None => Origin::Anybody,
        }
    }

    fn sender(&self, account: Option<Address>, reverse_path: &ReversePath) -> Result<(), Reply> {
        let origin = self.origin(account);
        self.generation.gate.check_origin(&origin)?;
        let Origin::User(account) = origin else { return Ok(()) };
        self.handover.senders().check_reverse_path(&account, reverse_path)?;
        match self.generation.plan.limits.messages_per_hour_max {
            Some(most) if !self.pace.allows(&account, most, Timestamp::now()) => Err(too_fast(most)),
            _ => Ok(()),
        }
    }

    fn recipient(&self, recipient: &Recipient, account: Option<Address>) -> Result<(), Reply> {
        let (origin, at) = (self.origin(account), Timestamp::now());
        match self.generation.gate.destination(&origin, &self.reverse_path, &recipient.forward_path, at)? {
            Destination::Here { receivers, .. } => self.room_in(receivers.mailboxes.iter()),
            Destination::Queue(_) => Ok(()),
        }
    }

    /// RFC 5321 §3.3, RFC 3463 §3.3 X.2.2. A full mailbox is temporary: its owner may make room.
    fn room_in<'a>(&self, mut accounts: impl Iterator<Item = &'a Address>) -> Result<(), Reply> {
        let full = accounts.any(|address| {
            let limit = self.generation.plan.accounts.get(address).and_then(|a| a.quota_octets);
            limit.is_some() && self.exceeds(address, limit)
        });
        if full { Err(Reply::new(452, Enhanced(4, 2, 2), "the recipient's mailbox is full")) } else { Ok(()) }
    }

    fn exceeds(&self, address: &Address, limit: Option<u64>) -> bool {
        let checked = self.store.read(|view| match account::find(view, address)? {
            Some(found) => quota::check(view, found.id, limit, self.declared_octets.max(1)),
            None => Ok(()),
        });
        checked.is_err()
    }

    fn begin(&mut self, transaction: Arc<Transaction>) -> Answer<Durable> {
        // Counted here: before, the client may change its mind; after, several connections could go at once.
        if let (Some(account), Some(most)) = (&transaction.account, self.generation.plan.limits.messages_per_hour_max)
            && !self.pace.count(account, most, Timestamp::now())
        {
            return Answer::Refuse(too_fast(most));
        }
        let (peer, trusted_network, at) = (self.peer, self.trusted_network, Timestamp::now());
        self.incoming = Some(self.handover.begin(Arrival { transaction, peer, trusted_network, at }));
        // The trace fields are put above the message by the hand-over, which holds the header.
        Answer::Proceed { trace: Vec::new() }
    }

    async fn accept(&mut self) -> Answer<Durable> {
        let Some(incoming) = self.incoming.take() else {
            return Answer::Refuse(Reply::new(
                451,
                Enhanced(4, 3, 0),
                "the message was lost on its way in; send it again",
            ));
        };
        match self.handover.accept(incoming).await {
            Ok(accepted) => Answer::Stored { proof: accepted.proof, id: accepted.id },
            Err(reply) => Answer::Refuse(reply),
        }
    }
}

/// Temporary: the mail program keeps the message and tries again.
fn too_fast(most: u32) -> Reply {
    let text = format!("you have sent {most} messages within an hour, which is the limit; try again later");
    Reply::new(450, Enhanced(4, 7, 1), text)
}

fn permitted(result: Result<(), Reply>) -> Answer<Durable> {
    match result {
        Ok(()) => Answer::Ok,
        Err(reply) => Answer::Refuse(reply),
    }
}

impl Answerer<ServerSession<Durable>> for Answers {
    async fn answer(&mut self, question: Ask) -> Answer<Durable> {
        match question {
            Ask::Sasl(question) => Answer::Sasl(self.logins.answer(question).await),
            Ask::MailFrom { reverse_path, declared_octets, account } => {
                self.declared_octets = declared_octets.unwrap_or(0);
                let checked = self.sender(account, &reverse_path);
                self.reverse_path = reverse_path;
                permitted(checked)
            }
            Ask::RcptTo { recipient, account, count: _ } => permitted(self.recipient(&recipient, account)),
            Ask::Begin { transaction } => self.begin(transaction),
            Ask::Accept { .. } => self.accept().await,
            Ask::Discard => {
                self.incoming = None;
                Answer::Ok
            }
        }
    }

    fn take_body(&mut self, bytes: &[u8]) {
        if let Some(incoming) = &mut self.incoming {
            incoming.append(bytes);
        }
    }

    fn read_content(&self, _: ContentRef, _: u64, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("SMTP sends no stored content to clients"))
    }

    fn watch(&mut self, _: i64) -> Arc<Notify> {
        Arc::new(Notify::new())
    }
}
