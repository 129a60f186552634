//! What POP3 sessions hear: the maildrop is INBOX as it was at login.
//!
//! A message that an IMAP client has flagged `\Deleted` and not yet expunged is shown: in INBOX it is
//! still there (RFC 9051 §2.3.2). Reading by POP3 sets no flag, so what IMAP clients show as new stays new.

use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::{Notify, oneshot};

use super::login::Logins;
use crate::ground::clock::Timestamp;
use crate::ground::limits::{POP3_MESSAGES_MAX, READ_BUFFER_OCTETS};
use crate::plan::document::{Listener, TlsMode};
use crate::protocol::ContentRef;
use crate::protocol::pop3::{self, Answer, Ask, Config, Maildrop, Message, ServerSession, Top};
use crate::protocol::sasl::Mechanism;
use crate::runtime::net::driver::Answerer;
use crate::runtime::server::generation::Generation;
use crate::state::store::{Content, MailboxId, Store, StoreError, View, account, mailbox, message};
use crate::vocabulary::mail::Address;

/// A session for one connection to `listener`.
pub fn session(generation: &Generation, listener: &Listener) -> ServerSession {
    ServerSession::new(Arc::new(Config {
        tls: match listener.tls {
            TlsMode::Implicit => pop3::TlsMode::Implicit,
            TlsMode::None => pop3::TlsMode::None,
            TlsMode::Starttls | TlsMode::StarttlsRequired => pop3::TlsMode::Starttls,
        },
        host: generation.plan.host.name.clone(),
        mechanisms: Mechanism::ALL.to_vec(),
    }))
}

/// The answers of one connection.
pub struct Answers {
    store: Arc<Store>,
    logins: Logins,
    peer: IpAddr,
    /// There from login on.
    inbox: Option<MailboxId>,
    /// The message that is being sent; it stays readable even if it is expunged meanwhile.
    sending: Option<Content>,
}

impl Answers {
    pub fn new(store: Arc<Store>, logins: Logins, peer: IpAddr) -> Self {
        Self { store, logins, peer, inbox: None, sending: None }
    }

    async fn open(&mut self, address: Address) -> Result<Answer, StoreError> {
        let (found, wanted) = (self.store.clone(), address.clone());
        let found = blocking(move || found.read(|view| account::find(view, &wanted))).await?;
        let inbox = match found {
            Some(account) => account.inbox,
            None => self.make_account(address).await?,
        };
        self.inbox = Some(inbox);
        let store = self.store.clone();
        let maildrop = blocking(move || store.read(|view| maildrop(view, inbox))).await?;
        Ok(Answer::Maildrop(maildrop))
    }

    /// Nobody has used the account before.
    async fn make_account(&self, address: Address) -> Result<MailboxId, StoreError> {
        let (send, receive) = oneshot::channel();
        let now = Timestamp::now();
        self.store.submit(
            Vec::new(),
            move |tx, _| account::ensure(tx, &address, now),
            move |result| {
                // Nobody waits any more if the connection ended.
                let _ = send.send(result);
            },
        );
        let (account, _durable) = receive.await.unwrap_or(Err(StoreError::Closed))?;
        Ok(account.inbox)
    }

    async fn fetch(&mut self, uid: u32, lines: Option<u64>) -> Result<Answer, StoreError> {
        self.sending = None;
        let Some(inbox) = self.inbox else { return Ok(Answer::Unavailable) };
        let store = self.store.clone();
        let opened = blocking(move || {
            let rows = store.read(|view| message::rows(view, inbox, &[uid]))?;
            let Some(row) = rows.first() else { return Ok(None) };
            let content = store.content(row.content)?;
            let octets = match lines {
                None => content.len(),
                Some(lines) => top(&content, lines)?,
            };
            Ok(Some((content, octets)))
        });
        match opened.await {
            Ok(Some((content, octets))) => {
                let reference = ContentRef(content.id().0);
                self.sending = Some(content);
                Ok(Answer::Content { content: reference, octets })
            }
            Ok(None) | Err(StoreError::NoContent(_) | StoreError::NoMailbox) => Ok(Answer::Gone),
            Err(error) => Err(error),
        }
    }

    /// RFC 1939 §6: one transaction, and the answer after its commit.
    async fn update(&mut self, uids: Vec<u32>) -> Result<Answer, StoreError> {
        let Some(inbox) = self.inbox else { return Ok(Answer::Unavailable) };
        let (send, receive) = oneshot::channel();
        self.store.submit(
            Vec::new(),
            move |tx, _| message::expunge(tx, inbox, message::Expunge::Uids(&uids), uids.len()),
            move |result| {
                // Nobody waits any more if the connection ended.
                let _ = send.send(result);
            },
        );
        let (removed, _durable) = receive.await.unwrap_or(Err(StoreError::Closed))?;
        tracing::info!(peer = %self.peer, messages = removed.len(), "removed by POP3");
        Ok(Answer::Updated)
    }
}

/// Reads from the store off the threads that move bytes.
async fn blocking<R: Send + 'static>(
    read: impl FnOnce() -> Result<R, StoreError> + Send + 'static,
) -> Result<R, StoreError> {
    tokio::task::spawn_blocking(read).await.unwrap_or(Err(StoreError::Panicked))
}

/// The newest messages of a mailbox, as many as a session may hold.
fn maildrop(view: &View<'_>, inbox: MailboxId) -> Result<Maildrop, StoreError> {
    let uidvalidity = mailbox::status(view, inbox)?.uidvalidity;
    let mut messages = VecDeque::new();
    let mut after = 0;
    loop {
        let rows = message::rows_after(view, inbox, after, message::BATCH_MESSAGES_MAX)?;
        let Some(last) = rows.last() else { break };
        after = last.uid;
        messages.extend(rows.iter().map(|row| Message { uid: row.uid, octets: row.octets }));
        let surplus = messages.len().saturating_sub(POP3_MESSAGES_MAX);
        messages.drain(..surplus);
    }
    Ok(Maildrop { uidvalidity, messages: messages.into() })
}

/// How many octets TOP sends; reads no further than that.
fn top(content: &Content, lines: u64) -> Result<u64, StoreError> {
    let mut top = Top::new(lines);
    let mut block = vec![0; READ_BUFFER_OCTETS];
    loop {
        let count = content.read_at(top.octets(), &mut block)?;
        match block.get(..count) {
            Some(piece) if !piece.is_empty() => {
                if top.take(piece) {
                    return Ok(top.octets());
                }
            }
            _ => return Ok(top.octets()),
        }
    }
}

impl Answerer<ServerSession> for Answers {
    async fn answer(&mut self, question: Ask) -> Answer {
        let answered = match question {
            Ask::Sasl(question) => {
                return Answer::Sasl(self.logins.answer(question).await);
            }
            Ask::Fetch { uid, lines } => self.fetch(uid, lines).await,
            Ask::Open { account } => self.open(account).await,
            Ask::Update { uids } => self.update(uids).await,
        };
        answered.unwrap_or_else(|error| {
            tracing::error!(peer = %self.peer, %error, "POP3: the store cannot answer");
            Answer::Unavailable
        })
    }

    fn take_body(&mut self, _: &[u8]) {
        // A POP3 client sends no message.
    }

    fn read_content(&self, content: ContentRef, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let sending = self.sending.as_ref().filter(|sending| sending.id().0 == content.0);
        sending.ok_or(io::ErrorKind::NotFound)?.read_at(offset, buffer).map_err(io::Error::other)
    }

    fn watch(&mut self, _: i64) -> Arc<Notify> {
        Arc::new(Notify::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::store::Options;
    use crate::vocabulary::mail::Flags;

    /// A store with one INBOX of `count` messages.
    fn store(folder: &std::path::Path, count: usize) -> (Store, MailboxId) {
        let store = Store::open(folder, Options::default()).unwrap();
        let address: Address = "a@example.org".parse().unwrap();
        let made = store.write_blocking(Vec::new(), move |tx, _| account::ensure(tx, &address, Timestamp(1_000)));
        let inbox = made.unwrap().0.inbox;
        let mut staged: Vec<_> = (0..count).map(|_| store.stage()).collect();
        for (n, message) in staged.iter_mut().enumerate() {
            message.append(format!("Subject: {n}\r\n\r\n{}", "line\r\n".repeat(20_000)).as_bytes()).unwrap();
        }
        let append = store.write_blocking(staged, move |tx, contents| {
            contents.iter().try_for_each(|content| {
                message::append(tx, inbox, *content, &Flags::default(), Timestamp(2_000)).map(drop)
            })
        });
        let ((), _durable) = append.unwrap();
        (store, inbox)
    }

    #[test]
    fn a_maildrop_is_the_inbox_by_uid() {
        let folder = tempfile::tempdir().unwrap();
        let (store, inbox) = store(&folder.path().join("store"), 3);
        let drop = store.read(|view| maildrop(view, inbox)).unwrap();
        assert_eq!(
            drop.messages.iter().map(|m| (m.uid, m.octets)).collect::<Vec<_>>(),
            [(1, 120_014), (2, 120_014), (3, 120_014)]
        );
        assert_ne!(drop.uidvalidity, 0);
    }

    #[test]
    fn top_counts_across_blocks() {
        let folder = tempfile::tempdir().unwrap();
        let (store, inbox) = store(&folder.path().join("store"), 1);
        let row = store.read(|view| message::rows(view, inbox, &[1])).unwrap().remove(0);
        let content = store.content(row.content).unwrap();
        for (lines, octets) in [(0, 14), (1, 20), (15_000, 90_014), (20_000, 120_014), (u64::MAX, 120_014)] {
            assert_eq!(top(&content, lines).unwrap(), octets, "{lines}");
        }
    }
}
