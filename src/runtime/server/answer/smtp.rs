//! What SMTP sessions hear: who may send, who receives, and when a message is safe.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::Notify;

use super::login;
use crate::ground::clock::Timestamp;
use crate::mailflow::handover::{Arrival, Handover, Incoming};
use crate::mailflow::routing::Resolution;
use crate::protocol::ContentRef;
use crate::protocol::smtp::server::{Answer, Ask, ServerSession, Transaction};
use crate::runtime::net::driver::Answerer;
use crate::runtime::server::generation::Generation;
use crate::state::store::{Durable, Store, account, quota};
use crate::vocabulary::mail::{Address, Enhanced, Recipient, Reply};

/// The answers of one connection.
pub struct Answers {
    store: Arc<Store>,
    generation: Arc<Generation>,
    handover: Handover,
    peer: IpAddr,
    /// The message being received, from `Begin` to `Accept` or `Discard`.
    incoming: Option<Incoming>,
    /// SIZE= of the transaction's MAIL, for the quota.
    declared_octets: u64,
}

impl Answers {
    pub fn new(store: Arc<Store>, generation: Arc<Generation>, peer: IpAddr) -> Self {
        let handover = Handover::new(
            store.clone(),
            generation.plan.clone(),
            generation.router.clone(),
            generation.signers.clone(),
        );
        Self { store, generation, handover, peer, incoming: None, declared_octets: 0 }
    }

    fn recipient(&self, recipient: &Recipient, account: Option<&Address>) -> Result<(), Reply> {
        let address = &recipient.forward_path;
        match self.generation.router.resolve(address) {
            Resolution::Local(accounts) => self.room_in(accounts.iter()),
            Resolution::Remote if account.is_some() => Ok(()),
            // RFC 5321 §3.6.1, RFC 3463 §3.8: no open relay.
            Resolution::Remote => Err(Reply::new(
                550,
                Enhanced(5, 7, 1),
                format!("no relaying to {}; our users send through port 465 or 587", address.domain),
            )),
            Resolution::UnknownUser => Err(Reply::new(550, Enhanced(5, 1, 1), format!("no such user: {address}"))),
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
        self.incoming = Some(self.handover.begin(Arrival { transaction, peer: self.peer, at: Timestamp::now() }));
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

fn permitted(result: Result<(), Reply>) -> Answer<Durable> {
    match result {
        Ok(()) => Answer::Ok,
        Err(reply) => Answer::Refuse(reply),
    }
}

impl Answerer<ServerSession<Durable>> for Answers {
    async fn answer(&mut self, question: Ask) -> Answer<Durable> {
        match question {
            Ask::Sasl(question) => Answer::Sasl(login::answer(&self.generation.credentials, self.peer, question).await),
            Ask::MailFrom { reverse_path, declared_octets, account } => {
                self.declared_octets = declared_octets.unwrap_or(0);
                permitted(match account {
                    Some(account) => self.handover.senders().check_reverse_path(&account, &reverse_path),
                    None => Ok(()),
                })
            }
            Ask::RcptTo { recipient, account, count: _ } => permitted(self.recipient(&recipient, account.as_ref())),
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
