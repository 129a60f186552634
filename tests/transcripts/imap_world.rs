//! The world of the IMAP transcripts: the accounts of `smtp_world`, all with the same mailboxes in memory: INBOX
//! and the default ones, UIDVALIDITY 1 to 6 in the order of their making.
//!
//! Directives before the first line: `@listener imap|imap-no-tls|imaps`, `@size N` (largest message, default
//! 10000). At any place: `@deliver MAILBOX OCTETS` (with escapes; by somebody else), `@flag MAILBOX UID FLAGS`,
//! `@expunge MAILBOX UID`, `@drop MAILBOX`, `@forget MAILBOX` (what vanished is remembered no more), `@quota OCTETS`,
//! `@batch N` (FETCH answers that many), `@refuse CODE` (the next question is refused) and
//! `@message MAILBOX OCTETS` (what the last message there must be).

use std::collections::BTreeSet;

use mailctl::ground::clock::Timestamp;
use mailctl::protocol::imap::command::FlagChange;
use mailctl::protocol::imap::message::Scanner;
use mailctl::protocol::imap::message::section::FetchDepth;
use mailctl::protocol::imap::question::*;
use mailctl::protocol::imap::search::{Facts, Octets};
use mailctl::protocol::imap::sequence::NumberSet;
use mailctl::protocol::imap::{Config, ServerSession, TlsOffer};
use mailctl::protocol::{ContentRef, Splice};
use mailctl::vocabulary::mail::{Flags, SpecialUse, SystemFlag};

use super::harness::{World, unescape};
use super::smtp_world::answer_sasl;

/// When messages arrive that say nothing of it: 18-Nov-2026 11:06:40.
const NOW: Timestamp = Timestamp(1_795_000_000_000);

pub struct ImapWorld {
    mailboxes: Vec<Mailbox>,
    contents: Vec<Vec<u8>>,
    incoming: Option<Vec<u8>>,
    refusal: Option<RefusalCode>,
    quota: Option<u64>,
    batch: usize,
    made: u32,
}

struct Mailbox {
    id: i64,
    name: String,
    special_use: Option<SpecialUse>,
    subscribed: bool,
    uidvalidity: u32,
    uidnext: u32,
    modseq: u64,
    messages: Vec<Message>,
    vanished: Vec<(u64, u32)>,
    forgotten: bool,
}

#[derive(Clone)]
struct Message {
    uid: u32,
    content: usize,
    flags: Flags,
    date: Timestamp,
    modseq: u64,
}

struct Whole<'a>(&'a [u8]);

impl Octets for Whole<'_> {
    fn header(&mut self) -> &[u8] {
        self.0
    }
    fn message(&mut self) -> &[u8] {
        self.0
    }
}

type Result<T> = std::result::Result<T, Refusal>;

fn no<T>(code: RefusalCode) -> Result<T> {
    Err(Refusal { code: Some(code), text: "refused" })
}

impl World for ImapWorld {
    type Session = ServerSession;
    const NUMERIC_REPLIES: bool = false;

    fn new(settings: &[(&str, &str)]) -> std::result::Result<(Self, Self::Session), String> {
        let mut config =
            Config { host: "mail.example.org".into(), tls: TlsOffer::Implicit, message_octets_max: 10_000 };
        let mut world = Self {
            mailboxes: Vec::new(),
            contents: Vec::new(),
            incoming: None,
            refusal: None,
            quota: None,
            batch: usize::MAX,
            made: 0,
        };
        world.make("INBOX", None);
        for (name, special_use) in SpecialUse::DEFAULT_MAILBOXES {
            world.make(name, Some(special_use));
        }
        for (name, argument) in settings {
            match (*name, *argument) {
                ("listener", "imap") => config.tls = TlsOffer::Starttls,
                ("listener", "imap-no-tls") => config.tls = TlsOffer::None,
                ("listener", "imaps") | ("tls", _) => {}
                ("size", n) => config.message_octets_max = n.parse().map_err(|_| "not a size")?,
                (name, argument) => world.directive(name, argument)?,
            }
        }
        Ok((world, ServerSession::new(config)))
    }

    fn answer(&mut self, ask: Ask) -> std::result::Result<Answer, String> {
        if let Some(code) = self.refusal.take_if(|_| !matches!(ask, Ask::Sync { .. } | Ask::Sasl(_))) {
            return Ok(Answer::No(Refusal { code: Some(code), text: "refused" }));
        }
        Ok(match ask {
            Ask::Sasl(question) => Answer::Sasl(answer_sasl(question)),
            Ask::Id { .. } => Answer::Done,
            Ask::AppendDiscard => {
                self.incoming.take().ok_or("Discard without Begin")?;
                Answer::Done
            }
            ask => self.answer_user(ask).unwrap_or_else(Answer::No),
        })
    }

    fn body(&mut self, octets: &[u8]) -> std::result::Result<(), String> {
        match &mut self.incoming {
            Some(message) => message.extend_from_slice(octets),
            None if octets.is_empty() => {}
            None => return Err(format!("octets without Begin: {}", octets.escape_ascii())),
        }
        Ok(())
    }

    fn content(&mut self, splice: &Splice) -> Vec<u8> {
        let (start, end) = (splice.range.start as usize, splice.range.end as usize);
        self.contents[splice.content.0 as usize][start..end].to_vec()
    }

    fn directive(&mut self, name: &str, argument: &str) -> std::result::Result<(), String> {
        let (first, rest) = argument.split_once(' ').unwrap_or((argument, ""));
        let known = self.mailboxes.iter_mut().find(|mailbox| mailbox.name == first);
        match (name, known) {
            ("deliver", Some(mailbox)) => {
                let id = mailbox.id;
                self.insert(id, unescape(rest), Flags::default(), NOW);
            }
            ("flag", Some(mailbox)) => {
                let (uid, flags) = rest.split_once(' ').ok_or("UID and flags")?;
                let mut now = Flags::default();
                for flag in flags.split(' ').filter(|flag| !flag.is_empty()) {
                    match SystemFlag::ALL.into_iter().find(|f| f.name() == flag) {
                        Some(system) => now.insert(system),
                        None => _ = now.keywords.insert(flag.to_owned()),
                    }
                }
                mailbox.store(&[uid.parse().map_err(|_| "not a UID")?], &FlagChange::Replace(now));
            }
            ("expunge", Some(mailbox)) => mailbox.remove(&[rest.parse().map_err(|_| "not a UID")?]),
            ("drop", Some(mailbox)) => {
                let id = mailbox.id;
                self.mailboxes.retain(|mailbox| mailbox.id != id);
            }
            ("forget", Some(mailbox)) => {
                mailbox.vanished.clear();
                mailbox.forgotten = true;
            }
            ("message", Some(mailbox)) => {
                let last = mailbox.messages.last().ok_or("there is no message")?;
                let octets = &self.contents[last.content];
                if *octets != unescape(rest) {
                    return Err(format!("the last message is {}", octets.escape_ascii()));
                }
            }
            ("quota", _) => self.quota = Some(first.parse().map_err(|_| "not a number")?),
            ("batch", _) => self.batch = first.parse().map_err(|_| "not a number")?,
            ("refuse", _) => {
                use RefusalCode::*;
                let all = [AlreadyExists, HasChildren, Limit, NonExistent, OverQuota, TryCreate, Unavailable];
                self.refusal = Some(all.into_iter().find(|code| code.name() == first).ok_or("no such code")?);
            }
            _ => return Err(format!("unknown directive @{name} {argument}")),
        }
        Ok(())
    }
}

impl ImapWorld {
    fn make(&mut self, name: &str, special_use: Option<SpecialUse>) {
        self.made += 1;
        self.mailboxes.push(Mailbox {
            id: i64::from(self.made),
            name: name.to_owned(),
            special_use,
            subscribed: special_use.is_some() || name == "INBOX",
            uidvalidity: self.made,
            uidnext: 1,
            modseq: 1,
            messages: Vec::new(),
            vanished: Vec::new(),
            forgotten: false,
        });
        self.mailboxes.sort_by(|a, b| a.name.cmp(&b.name));
    }

    fn named(&mut self, name: &str) -> Result<&mut Mailbox> {
        match self.mailboxes.iter_mut().find(|mailbox| mailbox.name == name) {
            Some(mailbox) => Ok(mailbox),
            None => no(RefusalCode::NonExistent),
        }
    }

    fn target(&mut self, name: &str) -> Result<&mut Mailbox> {
        self.named(name).map_err(|refusal| Refusal { code: Some(RefusalCode::TryCreate), ..refusal })
    }

    fn by_id(&mut self, id: i64) -> Result<&mut Mailbox> {
        match self.mailboxes.iter_mut().find(|mailbox| mailbox.id == id) {
            Some(mailbox) => Ok(mailbox),
            None => no(RefusalCode::NonExistent),
        }
    }

    fn insert(&mut self, id: i64, octets: Vec<u8>, flags: Flags, date: Timestamp) -> u32 {
        let content = self.contents.len();
        self.contents.push(octets);
        let Ok(mailbox) = self.by_id(id) else { return 0 };
        mailbox.push(content, flags, date)
    }

    fn answer_user(&mut self, ask: Ask) -> Result<Answer> {
        Ok(match ask {
            Ask::AppendBegin { mailbox, octets } => {
                self.target(mailbox.as_str())?;
                if self.quota.is_some_and(|quota| self.used() + octets > quota) {
                    return no(RefusalCode::OverQuota);
                }
                self.incoming = Some(Vec::new());
                Answer::Done
            }
            Ask::AppendFinish { mailbox, flags, internal_date } => {
                let octets = self.incoming.take().unwrap_or_default();
                let target = self.target(mailbox.as_str())?;
                let (id, uidvalidity) = (target.id, target.uidvalidity);
                Answer::Appended { uidvalidity, uid: self.insert(id, octets, flags, internal_date.unwrap_or(NOW)) }
            }
            Ask::Copy { mailbox, uids, target, removing } => {
                self.target(target.as_str())?;
                let taken: Vec<Message> = self.by_id(mailbox)?.rows(&uids).cloned().collect();
                let to = self.target(target.as_str())?;
                let uidvalidity = to.uidvalidity;
                let pairs: Vec<_> = taken.into_iter().map(|m| (m.uid, to.push(m.content, m.flags, m.date))).collect();
                if removing {
                    self.by_id(mailbox)?.remove(&uids);
                }
                Answer::Copied(Copied { uidvalidity, pairs })
            }
            Ask::Create { mailbox } => {
                if self.named(mailbox.as_str()).is_ok() {
                    return no(RefusalCode::AlreadyExists);
                }
                self.make(mailbox.as_str(), None);
                Answer::Done
            }
            Ask::Delete { mailbox } => {
                let id = self.named(mailbox.as_str())?.id;
                self.mailboxes.retain(|mailbox| mailbox.id != id);
                Answer::Done
            }
            Ask::Expunge { mailbox, uids } => {
                let mailbox = self.by_id(mailbox)?;
                let doomed: Vec<u32> = mailbox
                    .messages
                    .iter()
                    .filter(|m| m.flags.contains(SystemFlag::Deleted))
                    .map(|m| m.uid)
                    .filter(|uid| uids.as_ref().is_none_or(|among| among.contains(uid)))
                    .collect();
                mailbox.remove(&doomed);
                Answer::Expunged { uids: doomed }
            }
            Ask::Fetch(ask) => self.fetch(&ask)?,
            Ask::Mailboxes => Answer::Mailboxes(self.mailboxes.iter().map(Mailbox::listed).collect()),
            Ask::Quota => Answer::Quota(Quota { used_octets: self.used(), limit_octets: self.quota }),
            Ask::Rename { from, to } => {
                self.named(from.as_str())?.name = to.as_str().to_owned();
                Answer::Done
            }
            Ask::Search { mailbox, key } => {
                let contents = std::mem::take(&mut self.contents);
                let is_met = |m: &&Message| {
                    let octets = &contents[m.content];
                    let (uid, internal_date) = (m.uid, m.date);
                    let facts = Facts { uid, flags: &m.flags, internal_date, octets: octets.len() as u64 };
                    key.is_met(facts, &mut Whole(octets))
                };
                let uids = self.by_id(mailbox)?.messages.iter().filter(is_met).map(|m| m.uid).collect();
                self.contents = contents;
                Answer::Found { uids }
            }
            Ask::Select { mailbox } => Answer::Selected(self.named(mailbox.as_str())?.selected()),
            Ask::Status { mailbox } => Answer::Mailbox(self.named(mailbox.as_str())?.listed()),
            Ask::Store { mailbox, uids, change } => Answer::Stored(self.by_id(mailbox)?.store(&uids, &change)),
            Ask::Subscribe { mailbox, subscribed } => {
                self.named(mailbox.as_str())?.subscribed = subscribed;
                Answer::Done
            }
            Ask::Sync { mailbox, since } => match self.by_id(mailbox) {
                Ok(mailbox) => Answer::Synced(mailbox.since(since)),
                Err(_) => Answer::Synced(Synced { gone: true, ..Synced::default() }),
            },
            Ask::AppendDiscard | Ask::Id { .. } | Ask::Sasl(_) => Answer::Done,
        })
    }

    fn used(&self) -> u64 {
        let messages = self.mailboxes.iter().flat_map(|mailbox| &mailbox.messages);
        messages.map(|message| self.contents[message.content].len() as u64).sum()
    }

    fn fetch(&mut self, ask: &FetchAsk) -> Result<Answer> {
        let batch = self.batch.min(ask.uids.len());
        let uids = &ask.uids[..batch];
        let mailbox = self.by_id(ask.mailbox)?;
        let unseen: Vec<u32> =
            mailbox.rows(uids).filter(|m| !m.flags.contains(SystemFlag::Seen)).map(|m| m.uid).collect();
        let seen = ask.seen && !unseen.is_empty();
        let modseq = match seen {
            true => mailbox.store(&unseen, &FlagChange::Add(SystemFlag::Seen.into())).modseq,
            false => None,
        };
        let messages: Vec<Message> = mailbox.rows(uids).cloned().collect();
        let rows = messages.into_iter().map(|m| {
            let octets = &self.contents[m.content];
            let scanner = match ask.depth {
                FetchDepth::Row => None,
                FetchDepth::Header => Some(Scanner::header()),
                FetchDepth::Structure => Some(Scanner::structure()),
            };
            let mime = scanner.map(|mut scanner| {
                scanner.feed(octets);
                scanner.finish()
            });
            Row {
                uid: m.uid,
                seen_at: modseq.filter(|_| unseen.contains(&m.uid)),
                flags: m.flags,
                internal_date: m.date,
                octets: octets.len() as u64,
                content: ContentRef(m.content as i64),
                mime,
            }
        });
        Ok(Answer::Fetched(Fetched { done: batch, rows: rows.collect() }))
    }
}

impl Mailbox {
    fn push(&mut self, content: usize, flags: Flags, date: Timestamp) -> u32 {
        self.modseq += 1;
        let (uid, modseq) = (self.uidnext, self.modseq);
        self.uidnext += 1;
        self.messages.push(Message { uid, content, flags, date, modseq });
        uid
    }

    fn rows(&self, uids: &[u32]) -> impl Iterator<Item = &Message> {
        self.messages.iter().filter(|message| uids.contains(&message.uid))
    }

    fn remove(&mut self, uids: &[u32]) {
        self.modseq += 1;
        self.messages.retain(|message| !uids.contains(&message.uid));
        self.vanished.extend(uids.iter().map(|uid| (self.modseq, *uid)));
    }

    fn store(&mut self, uids: &[u32], change: &FlagChange) -> Stored {
        let next = self.modseq + 1;
        let mut stored = Stored::default();
        for message in self.messages.iter_mut().filter(|message| uids.contains(&message.uid)) {
            let mut now = message.flags.clone();
            match change {
                FlagChange::Add(flags) => {
                    now.system |= flags.system;
                    now.keywords.extend(flags.keywords.iter().cloned());
                }
                FlagChange::Remove(flags) => {
                    now.system &= !flags.system;
                    now.keywords.retain(|keyword| !flags.keywords.contains(keyword));
                }
                FlagChange::Replace(flags) => now = flags.clone(),
            }
            if now != message.flags {
                (message.flags, message.modseq, self.modseq) = (now, next, next);
                stored.modseq = Some(next);
            }
            stored.messages.push(FlagsNow { uid: message.uid, flags: message.flags.clone() });
        }
        stored
    }

    fn since(&self, since: u64) -> Synced {
        let changed = self.messages.iter().filter(|message| message.modseq > since);
        let vanished = self.vanished.iter().filter(|(modseq, _)| *modseq > since).map(|(_, uid)| *uid);
        Synced {
            modseq: self.modseq,
            messages: changed.map(|m| FlagsNow { uid: m.uid, flags: m.flags.clone() }).collect(),
            vanished: vanished.collect::<NumberSet>(),
            all: self.forgotten.then(|| self.messages.iter().map(|message| message.uid).collect()),
            gone: false,
        }
    }

    fn unseen(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter().filter(|message| !message.flags.contains(SystemFlag::Seen))
    }

    fn selected(&self) -> Selected {
        let keywords: BTreeSet<String> =
            self.messages.iter().flat_map(|message| message.flags.keywords.iter().cloned()).collect();
        Selected {
            mailbox: self.id,
            uidvalidity: self.uidvalidity,
            uidnext: self.uidnext,
            modseq: self.modseq,
            uids: self.messages.iter().map(|message| message.uid).collect(),
            first_unseen: self.unseen().next().map(|message| message.uid),
            keywords,
        }
    }

    fn listed(&self) -> Listed {
        Listed {
            name: self.name.clone(),
            special_use: self.special_use,
            subscribed: self.subscribed,
            messages: self.messages.len() as u32,
            unseen: self.unseen().count() as u32,
            uidnext: self.uidnext,
            uidvalidity: self.uidvalidity,
        }
    }
}
