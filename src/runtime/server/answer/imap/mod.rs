//! What IMAP sessions hear: their questions answered from the store.
//!
//! Standards: RFC 3501 and the extensions of [`crate::protocol::imap`]; what a question means is written at
//! [`Ask`]. Each is one or a few transactions of the store; what changes something is answered only after
//! the commit.
//!
//! Invariants: nothing is reachable but the mailboxes of the account that logged in, since every name is looked up below
//! it; the store is never read on a thread that moves bytes, octets on their way to the peer apart; the contents of a FETCH
//! stay open until its octets are sent, whatever is expunged meanwhile.
//!
//! It does not decide what goes onto the wire; that is the session's.

mod fetch;
mod mailbox;
mod message;
mod refusal;

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::{Notify, oneshot};

use self::refusal::{lost_login, refusal};
use super::login::Logins;
use crate::ground::clock::Timestamp;
use crate::plan::document::{Listener, TlsMode};
use crate::protocol::imap::question::{Answer, Ask, Refusal};
use crate::protocol::imap::{Config, ServerSession, TlsOffer};
use crate::protocol::{ContentRef, sasl};
use crate::runtime::net::driver::Answerer;
use crate::runtime::server::generation::Generation;
use crate::state::store::{
    AccountId, Content, ContentId, MailboxId, Staged, Store, StoreError, Subscription, Tx, View, account,
};
use crate::vocabulary::mail::Address;

/// A session for one connection to `listener`.
pub fn session(generation: &Generation, listener: &Listener) -> ServerSession {
    ServerSession::new(Config {
        host: generation.plan.host.name.to_string(),
        tls: match listener.tls {
            TlsMode::Implicit => TlsOffer::Implicit,
            TlsMode::None => TlsOffer::None,
            TlsMode::Starttls | TlsMode::StarttlsRequired => TlsOffer::Starttls,
        },
        message_octets_max: generation.plan.limits.message_octets_max,
    })
}

/// Answers for one connection.
pub struct Answers {
    store: Arc<Store>,
    generation: Arc<Generation>,
    logins: Logins,
    peer: IpAddr,
    /// Who has logged in.
    user: Option<User>,
    /// The message of an APPEND on its way in, or why it cannot be kept.
    incoming: Option<Result<Staged, StoreError>>,
    /// Contents that the session may have put onto the wire.
    open: HashMap<i64, Content>,
    watching: Option<Watching>,
}

#[derive(Debug, Clone)]
struct User {
    address: Address,
    account: AccountId,
    quota_octets: Option<u64>,
}

struct Watching {
    mailbox: i64,
    changed: Arc<Notify>,
    _subscription: Subscription,
}

/// An answer, or what the client is told instead.
type Answered = Result<Answer, Refusal>;

impl Answers {
    pub fn new(store: Arc<Store>, generation: Arc<Generation>, logins: Logins, peer: IpAddr) -> Self {
        Self { store, generation, logins, peer, user: None, incoming: None, open: HashMap::new(), watching: None }
    }

    /// Reads from the store, off the threads that move bytes.
    async fn read<R: Send + 'static>(
        &self,
        read: impl FnOnce(&View<'_>) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        let store = self.store.clone();
        tokio::task::spawn_blocking(move || store.read(read)).await.unwrap_or(Err(StoreError::Panicked))
    }

    /// Runs a job of the writer; back when it is on stable storage.
    async fn write<R: Send + 'static>(
        &self,
        staged: Vec<Staged>,
        run: impl FnOnce(&mut Tx<'_>, &[ContentId]) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        let (send, receive) = oneshot::channel();
        self.store.submit(staged, run, move |result| {
            // Nobody waits any more if the connection ended.
            let _ = send.send(result);
        });
        let (value, _durable) = receive.await.unwrap_or(Err(StoreError::Closed))?;
        Ok(value)
    }

    async fn sasl(&mut self, question: sasl::Question) -> sasl::Answer {
        let answer = self.logins.answer(question).await;
        let sasl::Answer::Accepted(address) = &answer else { return answer };
        match self.account_of(address.clone()).await {
            Ok(account) => {
                let quota_octets = self.generation.plan.accounts.get(address).and_then(|known| known.quota_octets);
                self.user = Some(User { address: address.clone(), account, quota_octets });
                answer
            }
            Err(error) => {
                tracing::error!(account = %address, %error, "the account cannot be opened");
                sasl::Answer::Unavailable
            }
        }
    }

    /// The account's row, made at the first login.
    async fn account_of(&self, address: Address) -> Result<AccountId, StoreError> {
        let wanted = address.clone();
        match self.read(move |view| account::find(view, &wanted)).await? {
            Some(found) => Ok(found.id),
            None => {
                let now = Timestamp::now();
                self.write(Vec::new(), move |tx, _| Ok(account::ensure(tx, &address, now)?.id)).await
            }
        }
    }

    /// Everything but the login.
    async fn answer_user(&mut self, user: User, ask: Ask) -> Answered {
        match ask {
            Ask::AppendBegin { mailbox, octets } => self.append_begin(&user, mailbox, octets).await,
            Ask::AppendFinish { mailbox, flags, internal_date } => {
                self.append_finish(&user, mailbox, flags, internal_date).await
            }
            Ask::Copy { mailbox, uids, target, removing } => {
                self.copy(&user, MailboxId(mailbox), uids, target, removing).await
            }
            Ask::Create { mailbox } => self.create(&user, mailbox).await,
            Ask::Delete { mailbox } => self.delete(&user, mailbox).await,
            Ask::Expunge { mailbox, uids } => self.expunge(MailboxId(mailbox), uids).await,
            Ask::Fetch(ask) => self.fetch(ask).await,
            Ask::Mailboxes => self.mailboxes(&user).await,
            Ask::Quota => self.quota(&user).await,
            Ask::Rename { from, to } => self.rename(&user, from, to).await,
            Ask::Search { mailbox, key } => self.search(MailboxId(mailbox), key).await,
            Ask::Select { mailbox } => self.select(&user, mailbox).await,
            Ask::Status { mailbox } => self.status(&user, mailbox).await,
            Ask::Store { mailbox, uids, change } => self.store_flags(MailboxId(mailbox), uids, change).await,
            Ask::Subscribe { mailbox, subscribed } => self.subscribe(&user, mailbox, subscribed).await,
            Ask::Sync { mailbox, since } => self.sync(MailboxId(mailbox), since).await,
            // These need nobody to be logged in and are answered before.
            Ask::AppendDiscard | Ask::Id { .. } | Ask::Sasl(_) => Ok(Answer::Done),
        }
    }

    /// RFC 2971 §3: for the log and nothing else. Strangers choose these texts.
    fn note_client(&self, parameters: &[(String, Option<String>)]) {
        let printable = |text: &str| text.chars().filter(|c| !c.is_control()).take(100).collect::<String>();
        let value = |name: &str| {
            let found = parameters.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            found.and_then(|(_, value)| value.as_deref()).map(printable).unwrap_or_default()
        };
        tracing::info!(peer = %self.peer, name = value("name"), version = value("version"), "IMAP client");
    }
}

impl Answerer<ServerSession> for Answers {
    async fn answer(&mut self, question: Ask) -> Answer {
        match question {
            Ask::Sasl(question) => Answer::Sasl(self.sasl(question).await),
            Ask::Id { parameters } => {
                self.note_client(&parameters);
                Answer::Done
            }
            Ask::AppendDiscard => {
                self.incoming = None;
                Answer::Done
            }
            ask => {
                let Some(user) = self.user.clone() else { return Answer::No(lost_login()) };
                self.answer_user(user, ask).await.unwrap_or_else(Answer::No)
            }
        }
    }

    fn take_body(&mut self, bytes: &[u8]) {
        if let Some(Ok(staged)) = &mut self.incoming
            && let Err(error) = staged.append(bytes)
        {
            self.incoming = Some(Err(error));
        }
    }

    fn read_content(&self, content: ContentRef, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let open = self.open.get(&content.0).ok_or(io::ErrorKind::NotFound)?;
        open.read_at(offset, buffer).map_err(io::Error::other)
    }

    fn watch(&mut self, mailbox: i64) -> Arc<Notify> {
        if let Some(watching) = self.watching.as_ref().filter(|watching| watching.mailbox == mailbox) {
            return watching.changed.clone();
        }
        let changed = Arc::new(Notify::new());
        let wake = changed.clone();
        let subscription = self.store.changes().subscribe(MailboxId(mailbox), move || wake.notify_one());
        self.watching = Some(Watching { mailbox, changed: changed.clone(), _subscription: subscription });
        changed
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        refusal(&error)
    }
}
