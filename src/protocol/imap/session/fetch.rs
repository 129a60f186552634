//! FETCH (RFC 3501 §6.4.5, §7.4.2): in batches, message octets as splices.

use std::ops::Range;

use super::view::View;
use super::{Out, ServerSession, Waiting, refused, tagged};
use crate::protocol::imap::command::FetchItem;
use crate::protocol::imap::encode;
use crate::protocol::imap::message::section::{self, FetchDepth, Located, Partial, Section, SectionText};
use crate::protocol::imap::message::{envelope, structure};
use crate::protocol::imap::question::{Answer, Ask, FetchAsk, Row};
use crate::protocol::imap::sequence::SequenceSet;
use crate::protocol::imap::token::Malformed;

/// Messages of one question.
pub const FETCH_BATCH_MAX: usize = 100;

/// A FETCH in work.
#[derive(Debug)]
pub struct FetchJob {
    tag: String,
    uid: bool,
    items: Vec<FetchItem>,
    depth: FetchDepth,
    seen: bool,
    /// Positions still to do, the last first.
    left: Vec<Range<usize>>,
}

impl FetchJob {
    pub fn new(
        tag: &str,
        view: &View,
        uid: bool,
        set: &SequenceSet,
        mut items: Vec<FetchItem>,
    ) -> Result<Self, Malformed> {
        let mut left = view.positions(set, uid)?;
        left.reverse();
        // RFC 3501 §6.4.8: a UID FETCH always tells the UID.
        if uid && !items.contains(&FetchItem::Uid) {
            items.insert(0, FetchItem::Uid);
        }
        let depth = items.iter().map(depth).max().unwrap_or(FetchDepth::Row);
        let seen = !view.read_only && items.iter().any(FetchItem::sets_seen);
        Ok(Self { tag: tag.to_owned(), uid, items, depth, seen, left })
    }

    /// The UIDs of the next question.
    fn batch(&self, view: &View) -> Vec<u32> {
        let positions = self.left.iter().rev().flat_map(|range| range.clone());
        positions.take(FETCH_BATCH_MAX).filter_map(|at| view.uid(at)).collect()
    }

    fn advance(&mut self, mut done: usize) {
        while done > 0
            && let Some(range) = self.left.last_mut()
        {
            let step = done.min(range.len());
            range.start += step;
            done -= step;
            if range.start >= range.end {
                self.left.pop();
            }
        }
    }
}

/// How far a message must be opened for an item.
fn depth(item: &FetchItem) -> FetchDepth {
    match item {
        FetchItem::Body | FetchItem::BodyStructure => FetchDepth::Structure,
        FetchItem::Envelope | FetchItem::Rfc822Header | FetchItem::Rfc822Text => FetchDepth::Header,
        FetchItem::BodySection { section, .. } => section::depth(section),
        FetchItem::Flags | FetchItem::InternalDate | FetchItem::Rfc822 | FetchItem::Rfc822Size | FetchItem::Uid => {
            FetchDepth::Row
        }
    }
}

/// Whether octets of the message go out with an item.
fn splices(item: &FetchItem) -> bool {
    match item {
        FetchItem::BodySection { section, .. } => {
            !matches!(section.text, SectionText::HeaderFields(_) | SectionText::HeaderFieldsNot(_))
        }
        FetchItem::Rfc822 | FetchItem::Rfc822Header | FetchItem::Rfc822Text => true,
        _ => false,
    }
}

impl ServerSession {
    pub(super) fn fetch(&mut self, job: FetchJob, out: &mut Out) {
        let Some(view) = &self.selected else { return self.misanswered(out) };
        let uids = job.batch(view);
        if uids.is_empty() {
            let text = if job.uid { "OK UID FETCH completed" } else { "OK FETCH completed" };
            return self.finish(tagged(&job.tag, text), job.uid, out);
        }
        let octets = job.items.iter().any(splices);
        let ask = FetchAsk { mailbox: view.mailbox, uids, depth: job.depth, octets, seen: job.seen };
        self.ask(Ask::Fetch(ask), Waiting::Fetch(job), out);
    }

    pub(super) fn fetched(&mut self, mut job: FetchJob, answer: Answer, out: &mut Out) {
        let fetched = match answer {
            Answer::Fetched(fetched) if fetched.done > 0 => fetched,
            Answer::No(refusal) => {
                let line = refused(&job.tag, refusal.code, refusal.text);
                return self.finish(line, job.uid, out);
            }
            _ => return self.misanswered(out),
        };
        for row in &fetched.rows {
            self.write_row(row, &job.items, out);
        }
        job.advance(fetched.done);
        self.fetch(job, out);
    }

    fn write_row(&mut self, row: &Row, items: &[FetchItem], out: &mut Out) {
        let Some(view) = self.selected.as_mut() else { return };
        let Some(number) = view.number(row.uid) else { return };
        if let Some(modseq) = row.seen_at {
            view.made(modseq);
        }
        if view.learn(&row.flags) {
            self.tell_known_flags(out);
        }
        out.wire.push(format!("* {number} FETCH (").as_bytes());
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                out.wire.push(b" ");
            }
            write_item(row, item, out);
        }
        // RFC 3501 §6.4.5: flags that changed by this FETCH are told with it.
        if row.seen_at.is_some() && !items.contains(&FetchItem::Flags) {
            out.wire.push(if items.is_empty() { b"FLAGS " } else { b" FLAGS " });
            encode::flags(&mut out.wire.bytes, &row.flags);
        }
        out.wire.push(b")\r\n");
    }
}

fn write_item(row: &Row, item: &FetchItem, out: &mut Out) {
    let whole = |text| Section { part: Vec::new(), text };
    match item {
        FetchItem::BodySection { section, partial, .. } => {
            write_label(section, *partial, &mut out.wire.bytes);
            write_section(row, section, *partial, out);
        }
        FetchItem::Rfc822 => {
            out.wire.push(b"RFC822 ");
            write_section(row, &whole(SectionText::Whole), None, out);
        }
        FetchItem::Rfc822Header => {
            out.wire.push(b"RFC822.HEADER ");
            write_section(row, &whole(SectionText::Header), None, out);
        }
        FetchItem::Rfc822Text => {
            out.wire.push(b"RFC822.TEXT ");
            write_section(row, &whole(SectionText::Text), None, out);
        }
        item => write_plain(row, item, &mut out.wire.bytes),
    }
}

/// Items without message octets.
fn write_plain(row: &Row, item: &FetchItem, out: &mut Vec<u8>) {
    let nothing = Default::default();
    let mime = row.mime.as_ref().unwrap_or(&nothing);
    match item {
        FetchItem::Body => {
            out.extend_from_slice(b"BODY ");
            structure::write(out, mime, false);
        }
        FetchItem::BodyStructure => {
            out.extend_from_slice(b"BODYSTRUCTURE ");
            structure::write(out, mime, true);
        }
        FetchItem::Envelope => {
            out.extend_from_slice(b"ENVELOPE ");
            envelope::write(out, mime.parts.first().map(|p| p.fields.as_slice()).unwrap_or_default());
        }
        FetchItem::Flags => {
            out.extend_from_slice(b"FLAGS ");
            encode::flags(out, &row.flags);
        }
        FetchItem::InternalDate => {
            out.extend_from_slice(b"INTERNALDATE ");
            encode::date_time(out, row.internal_date);
        }
        FetchItem::Rfc822Size => {
            out.extend_from_slice(b"RFC822.SIZE ");
            encode::number(out, row.octets);
        }
        _ => {
            out.extend_from_slice(b"UID ");
            encode::number(out, row.uid.into());
        }
    }
}

/// `BODY[1.2.HEADER.FIELDS (A B)]<0> `.
fn write_label(section: &Section, partial: Option<Partial>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"BODY[");
    let numbers: Vec<String> = section.part.iter().map(u32::to_string).collect();
    out.extend_from_slice(numbers.join(".").as_bytes());
    let (name, fields): (&str, &[String]) = match &section.text {
        SectionText::Header => ("HEADER", &[]),
        SectionText::HeaderFields(fields) => ("HEADER.FIELDS", fields),
        SectionText::HeaderFieldsNot(fields) => ("HEADER.FIELDS.NOT", fields),
        SectionText::Mime => ("MIME", &[]),
        SectionText::Text => ("TEXT", &[]),
        SectionText::Whole => ("", &[]),
    };
    if !numbers.is_empty() && !name.is_empty() {
        out.push(b'.');
    }
    out.extend_from_slice(name.as_bytes());
    for (index, field) in fields.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b" (" } else { b" " });
        encode::astring(out, field.as_bytes());
    }
    out.extend_from_slice(if fields.is_empty() { b"]" } else { b")]" });
    if let Some(partial) = partial {
        out.extend_from_slice(format!("<{}>", partial.first).as_bytes());
    }
    out.push(b' ');
}

fn write_section(row: &Row, section: &Section, partial: Option<Partial>, out: &mut Out) {
    match section::locate(row.mime.as_ref(), row.octets, section) {
        Located::Absent => out.wire.push(b"NIL"),
        Located::Computed(bytes) => {
            let range = section::clip(bytes.len() as u64, partial);
            let piece = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
            encode::string(&mut out.wire.bytes, piece.and_then(|(a, b)| bytes.get(a..b)).unwrap_or_default());
        }
        Located::Stored(stored) => {
            let range = section::clip(stored.end.saturating_sub(stored.start), partial);
            if range.is_empty() {
                return out.wire.push(b"\"\"");
            }
            out.wire.push(format!("{{{}}}\r\n", range.end - range.start).as_bytes());
            out.wire.splice(row.content, stored.start + range.start..stored.start + range.end, false);
        }
    }
}
