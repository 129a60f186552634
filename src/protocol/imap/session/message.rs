//! STORE, EXPUNGE, COPY, MOVE and SEARCH (RFC 3501 §6.4; RFC 6851; RFC 4315).

use std::ops::Range;

use super::view::View;
use super::{Out, ServerSession, Waiting, tagged};
use crate::ground::limits::STORE_BATCH_MESSAGES_MAX;
use crate::protocol::imap::command::{Command, FlagChange};
use crate::protocol::imap::ext::uidplus;
use crate::protocol::imap::question::{Answer, Ask, RefusalCode};
use crate::protocol::imap::search::Key;
use crate::protocol::imap::token::Malformed;

/// Messages whose flags one question changes: bounds its answer.
const STORE_BATCH_MAX: usize = STORE_BATCH_MESSAGES_MAX;

/// A STORE in work.
#[derive(Debug)]
pub struct StoreJob {
    tag: String,
    uid: bool,
    silent: bool,
    change: FlagChange,
    /// Positions still to do, the last first.
    left: Vec<Range<usize>>,
}

impl StoreJob {
    /// The next UIDs; none when all is done.
    fn next(&mut self, view: &View) -> Option<Vec<u32>> {
        let range = self.left.pop()?;
        let end = range.end.min(range.start + STORE_BATCH_MAX);
        if end < range.end {
            self.left.push(end..range.end);
        }
        Some((range.start..end).filter_map(|at| view.uid(at)).collect())
    }
}

impl ServerSession {
    pub(super) fn execute_on_messages(&mut self, tag: String, command: Command, out: &mut Out) {
        let Some(view) = &self.selected else { return self.misanswered(out) };
        let changes = !matches!(command, Command::Copy { .. } | Command::Search { .. });
        if view.read_only && changes {
            return self.no(&tag, Some(RefusalCode::Cannot), "the mailbox is selected read-only", out);
        }
        let mailbox = view.mailbox;
        let prepared = match command {
            Command::Store { uid, set, change, silent } => view.positions(&set, uid).map(|mut left| {
                left.reverse();
                Prepared::Store(StoreJob { tag: tag.clone(), uid, silent, change, left })
            }),
            Command::Expunge { uids } => {
                let uid = uids.is_some();
                let uids = uids.map(|set| view.uids_in(&set, true)).transpose();
                uids.map(|uids| {
                    Prepared::Ask(Ask::Expunge { mailbox, uids }, Waiting::Expunge { tag: tag.clone(), uid })
                })
            }
            Command::Copy { uid, set, target } => view.uids_in(&set, uid).map(|uids| {
                let ask = Ask::Copy { mailbox, uids, target, removing: false };
                Prepared::Ask(ask, Waiting::Copy { tag: tag.clone(), removing: false })
            }),
            Command::Move { uid, set, target } => view.uids_in(&set, uid).map(|uids| {
                let ask = Ask::Copy { mailbox, uids, target, removing: true };
                Prepared::Ask(ask, Waiting::Copy { tag: tag.clone(), removing: true })
            }),
            Command::Search { key: Err(_), .. } => {
                let line = tagged(&tag, "NO [BADCHARSET (US-ASCII UTF-8)] the charset is not known");
                return self.finish(line, true, out);
            }
            Command::Search { uid, key: Ok(key) } => resolve(key, view)
                .map(|key| Prepared::Ask(Ask::Search { mailbox, key }, Waiting::Search { tag: tag.clone(), uid })),
            _ => Err(Malformed("that command is not allowed now")),
        };
        match prepared {
            Ok(Prepared::Ask(ask, waiting)) => self.ask(ask, waiting, out),
            Ok(Prepared::Store(job)) => self.store(job, out),
            Err(why) => self.bad(&tag, why.0, out),
        }
    }

    fn store(&mut self, mut job: StoreJob, out: &mut Out) {
        let Some(view) = &self.selected else { return self.misanswered(out) };
        match job.next(view) {
            Some(uids) => {
                let ask = Ask::Store { mailbox: view.mailbox, uids, change: job.change.clone() };
                self.ask(ask, Waiting::Store(job), out);
            }
            None => self.finish(tagged(&job.tag, "OK STORE completed"), job.uid, out),
        }
    }

    pub(super) fn stored(&mut self, job: StoreJob, answer: Answer, out: &mut Out) {
        match answer {
            Answer::Stored(stored) => {
                for now in stored.messages.iter().filter(|_| !job.silent) {
                    self.tell_flags(now, out);
                }
                if let Some((view, modseq)) = self.selected.as_mut().zip(stored.modseq) {
                    view.made(modseq);
                }
                self.store(job, out);
            }
            Answer::No(refusal) => {
                let line = super::refused(&job.tag, refusal.code, refusal.text);
                self.finish(line, job.uid, out);
            }
            _ => self.misanswered(out),
        }
    }

    pub(super) fn expunged(&mut self, tag: &str, uid: bool, answer: Answer, out: &mut Out) {
        match answer {
            Answer::Expunged { uids } => {
                if let Some(view) = self.selected.as_mut() {
                    uids.into_iter().for_each(|uid| view.lose(uid));
                }
                self.tell_expunged(true, out);
                self.ok(tag, if uid { "UID EXPUNGE completed" } else { "EXPUNGE completed" }, out);
            }
            Answer::No(refusal) => self.refuse(tag, &refusal, out),
            _ => self.misanswered(out),
        }
    }

    pub(super) fn copied(&mut self, tag: &str, removing: bool, answer: Answer, out: &mut Out) {
        let copied = match answer {
            Answer::Copied(copied) => copied,
            Answer::No(refusal) => return self.refuse(tag, &refusal, out),
            _ => return self.misanswered(out),
        };
        let code = uidplus::copy_uid(&copied);
        if !removing {
            return self.finish(tagged(tag, &format!("OK {code}COPY completed")), true, out);
        }
        // RFC 6851 §4.3: COPYUID before the EXPUNGE responses, so that a client can follow the messages.
        if !code.is_empty() {
            out.wire.push(format!("* OK {code}moved\r\n").as_bytes());
        }
        if let Some(view) = self.selected.as_mut() {
            copied.pairs.iter().for_each(|(source, _)| view.lose(*source));
        }
        self.tell_expunged(true, out);
        self.ok(tag, "MOVE completed", out);
    }

    /// RFC 3501 §7.2.5: one line, whatever its length.
    pub(super) fn found(&mut self, tag: &str, uid: bool, answer: Answer, out: &mut Out) {
        let uids = match answer {
            Answer::Found { uids } => uids,
            Answer::No(refusal) => return self.refuse(tag, &refusal, out),
            _ => return self.misanswered(out),
        };
        let Some(view) = &self.selected else { return self.misanswered(out) };
        out.wire.push(b"* SEARCH");
        for found in uids {
            if let Some(number) = view.number(found) {
                let shown = if uid { found.to_string() } else { number.to_string() };
                out.wire.push(b" ");
                out.wire.push(shown.as_bytes());
            }
        }
        out.wire.push(b"\r\n");
        self.finish(tagged(tag, "OK SEARCH completed"), uid, out);
    }
}

enum Prepared {
    Ask(Ask, Waiting),
    Store(StoreJob),
}

/// Puts UIDs in the place of sequence numbers. Depth is bounded by the grammar.
fn resolve(key: Key, view: &View) -> Result<Key, Malformed> {
    Ok(match key {
        Key::And(keys) => Key::And(keys.into_iter().map(|key| resolve(key, view)).collect::<Result<_, _>>()?),
        Key::Not(key) => Key::Not(Box::new(resolve(*key, view)?)),
        Key::Or(a, b) => Key::Or(Box::new(resolve(*a, view)?), Box::new(resolve(*b, view)?)),
        Key::Sequence(set) => Key::Uids(view.uid_ranges(&set)?),
        Key::UidSequence(set) => Key::Uids(view.resolve_uids(&set)),
        key => key,
    })
}
