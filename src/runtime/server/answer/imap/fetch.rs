//! Questions that open messages: FETCH and SEARCH.

use std::collections::HashMap;

use super::{Answered, Answers};
use crate::ground::limits::{MIME_HEADER_OCTETS_MAX, READ_BUFFER_OCTETS};
use crate::protocol::ContentRef;
use crate::protocol::imap::message::section::FetchDepth;
use crate::protocol::imap::message::{Mime, Scanner};
use crate::protocol::imap::question::{Answer, FetchAsk, Fetched, Row};
use crate::protocol::imap::search::{Facts, Key, Octets, Reads, SEARCH_OCTETS_MAX};
use crate::state::store::flag::{self, Change};
use crate::state::store::message::{self, BATCH_MESSAGES_MAX, Message};
use crate::state::store::{Content, ContentId, MailboxId, Store, StoreError};
use crate::vocabulary::mail::{Flags, SystemFlag};

/// Header bytes that one answer carries, beyond those of its last message.
const HEADERS_OCTETS_MAX: usize = MIME_HEADER_OCTETS_MAX;
/// A header is read in pieces of this size; most need one.
const HEADER_PIECE_OCTETS: usize = 8 * 1024;

impl Answers {
    pub(super) async fn fetch(&mut self, ask: FetchAsk) -> Answered {
        let seen_at = if ask.seen { self.mark_seen(&ask).await? } else { HashMap::new() };
        let store = self.store.clone();
        let opened = tokio::task::spawn_blocking(move || open_rows(&store, &ask, &seen_at)).await;
        let (fetched, open) = opened.unwrap_or(Err(StoreError::Panicked))?;
        self.open = open;
        Ok(Answer::Fetched(fetched))
    }

    /// Sets `\Seen` where it is not. Which messages it changed, and their modification sequences. On a disk
    /// that takes no writes mail can still be read.
    async fn mark_seen(&self, ask: &FetchAsk) -> Result<HashMap<u32, u64>, StoreError> {
        let (mailbox, uids) = (MailboxId(ask.mailbox), ask.uids.clone());
        let unseen = self.read(move |view| {
            let rows = message::rows(view, mailbox, &uids)?;
            Ok(rows.iter().filter(|row| !row.flags.contains(SystemFlag::Seen)).map(|row| row.uid).collect::<Vec<_>>())
        });
        let unseen = unseen.await?;
        if unseen.is_empty() {
            return Ok(HashMap::new());
        }
        let seen = Flags::from(SystemFlag::Seen);
        let stored = self.write(Vec::new(), move |tx, _| flag::store(tx, mailbox, &unseen, Change::Add, &seen)).await;
        match stored {
            Ok(stored) => Ok(stored.iter().filter(|m| m.changed).map(|m| (m.uid, m.modseq)).collect()),
            Err(error) => {
                tracing::warn!(%error, "messages could not be marked as seen");
                Ok(HashMap::new())
            }
        }
    }

    pub(super) async fn search(&self, mailbox: MailboxId, key: Key) -> Answered {
        let store = self.store.clone();
        let found = tokio::task::spawn_blocking(move || find(&store, mailbox, &key)).await;
        Ok(Answer::Found { uids: found.unwrap_or(Err(StoreError::Panicked))? })
    }
}

type Open = HashMap<i64, Content>;

/// Rows in the order asked for, opened as far as needed; stops when their headers are enough for one answer.
fn open_rows(store: &Store, ask: &FetchAsk, seen_at: &HashMap<u32, u64>) -> Result<(Fetched, Open), StoreError> {
    let messages = store.read(|view| message::rows(view, MailboxId(ask.mailbox), &ask.uids))?;
    let mut known: HashMap<u32, Message> = messages.into_iter().map(|message| (message.uid, message)).collect();
    let (mut rows, mut open, mut done, mut octets) = (Vec::new(), Open::new(), 0, 0);
    for uid in &ask.uids {
        done += 1;
        // Gone meanwhile; the session hears of it later.
        let Some(message) = known.remove(uid) else { continue };
        let mut mime = None;
        if ask.octets || ask.depth > FetchDepth::Row {
            let content = match store.content(message.content) {
                // Expunged between the two reads.
                Err(StoreError::NoContent(_)) => continue,
                content => content?,
            };
            mime = scan(&content, ask.depth)?;
            if ask.octets {
                open.insert(message.content.0, content);
            }
        }
        octets += mime.iter().flat_map(|mime| &mime.parts).map(|part| part.fields.len()).sum::<usize>();
        rows.push(Row {
            uid: message.uid,
            flags: message.flags,
            seen_at: seen_at.get(uid).copied(),
            internal_date: message.internal_date,
            octets: message.octets,
            content: ContentRef(message.content.0),
            mime,
        });
        if octets >= HEADERS_OCTETS_MAX {
            break;
        }
    }
    Ok((Fetched { done, rows }, open))
}

fn scan(content: &Content, depth: FetchDepth) -> Result<Option<Mime>, StoreError> {
    let (mut scanner, piece) = match depth {
        FetchDepth::Row => return Ok(None),
        FetchDepth::Header => (Scanner::header(), HEADER_PIECE_OCTETS),
        FetchDepth::Structure => (Scanner::structure(), READ_BUFFER_OCTETS),
    };
    let mut buffer = vec![0; piece];
    let mut at = 0;
    while !scanner.is_done() {
        let count = content.read_at(at, &mut buffer)?;
        let Some(octets) = buffer.get(..count).filter(|octets| !octets.is_empty()) else { break };
        scanner.feed(octets);
        at += count as u64;
    }
    Ok(Some(scanner.finish()))
}

/// UIDs of the messages that meet `key`, ascending; each batch from a snapshot of its own.
fn find(store: &Store, mailbox: MailboxId, key: &Key) -> Result<Vec<u32>, StoreError> {
    let (mut found, mut after) = (Vec::new(), 0);
    loop {
        let batch = store.read(|view| message::rows_after(view, mailbox, after, BATCH_MESSAGES_MAX))?;
        let Some(last) = batch.last().map(|message| message.uid) else { return Ok(found) };
        after = last;
        for message in &batch {
            let facts = Facts {
                uid: message.uid,
                flags: &message.flags,
                internal_date: message.internal_date,
                octets: message.octets,
            };
            let mut texts = Texts::new(store, message.content);
            if key.is_met(facts, &mut texts) {
                found.push(message.uid);
            }
            if let Some(error) = texts.failed {
                return Err(error);
            }
        }
    }
}

/// A message's octets, read once when asked for.
struct Texts<'a> {
    store: &'a Store,
    content: ContentId,
    header: Option<Vec<u8>>,
    message: Option<Vec<u8>>,
    failed: Option<StoreError>,
}

impl<'a> Texts<'a> {
    fn new(store: &'a Store, content: ContentId) -> Self {
        Self { store, content, header: None, message: None, failed: None }
    }

    fn read(&mut self, reads: Reads) -> Vec<u8> {
        let read = self.store.content(self.content).and_then(|content| match reads {
            Reads::Message => content.read(0, SEARCH_OCTETS_MAX),
            _ => {
                let mime = scan(&content, FetchDepth::Header)?.unwrap_or_default();
                Ok(mime.parts.into_iter().next().map(|root| root.fields).unwrap_or_default())
            }
        });
        match read {
            Ok(octets) => octets,
            // Expunged meanwhile: it has no texts.
            Err(StoreError::NoContent(_)) => Vec::new(),
            Err(error) => {
                self.failed = Some(error);
                Vec::new()
            }
        }
    }
}

impl Octets for Texts<'_> {
    fn header(&mut self) -> &[u8] {
        if self.header.is_none() {
            self.header = Some(self.read(Reads::Header));
        }
        self.header.as_deref().unwrap_or_default()
    }

    fn message(&mut self) -> &[u8] {
        if self.message.is_none() {
            self.message = Some(self.read(Reads::Message));
        }
        self.message.as_deref().unwrap_or_default()
    }
}
