//! Plays the IMAP session against a mailbox that never changes, and asserts what holds for every input. Shared by the
//! property tests and by `fuzz/`.

use mailctl::ground::clock::Timestamp;
use mailctl::ground::limits;
use mailctl::protocol::imap::message::section::FetchDepth;
use mailctl::protocol::imap::message::{Mime, Scanner, envelope, structure};
use mailctl::protocol::imap::question::*;
use mailctl::protocol::imap::sequence::NumberSet;
use mailctl::protocol::imap::{Config, ServerSession, TlsOffer};
use mailctl::protocol::{ContentRef, Outputs, Request, Session, TlsFacts, sasl};
use mailctl::vocabulary::mail::Flags;

const MESSAGE: &[u8] = b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b--\r\n";

/// All that a peer and the server saw of a session.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Seen {
    pub wire: Vec<u8>,
    pub body: Vec<u8>,
    pub questions: Vec<String>,
    pub closed: bool,
}

fn scan(octets: &[u8], pieces: usize) -> Mime {
    let mut scanner = Scanner::structure();
    octets.chunks(pieces).for_each(|piece| scanner.feed(piece));
    scanner.finish()
}

/// A mailbox with three messages that never changes.
fn answer(ask: Ask) -> Answer {
    match ask {
        Ask::Sasl(sasl::Question::Password { .. }) => {
            Answer::Sasl(sasl::Answer::Accepted("a@example.org".parse().unwrap()))
        }
        Ask::Sasl(_) => Answer::Sasl(sasl::Answer::Rejected),
        Ask::AppendFinish { .. } => Answer::Appended { uidvalidity: 1, uid: 9 },
        Ask::Copy { uids, .. } => {
            Answer::Copied(Copied { uidvalidity: 1, pairs: uids.into_iter().map(|uid| (uid, uid)).collect() })
        }
        Ask::Expunge { .. } => Answer::Expunged { uids: vec![3] },
        Ask::Fetch(ask) => {
            let row = |uid: &u32| Row {
                uid: *uid,
                flags: Flags::default(),
                seen_at: None,
                internal_date: Timestamp(0),
                octets: MESSAGE.len() as u64,
                content: ContentRef(0),
                mime: (ask.depth > FetchDepth::Row).then(|| scan(MESSAGE, 64)),
            };
            Answer::Fetched(Fetched { done: ask.uids.len(), rows: ask.uids.iter().map(row).collect() })
        }
        Ask::Mailboxes => Answer::Mailboxes(vec![inbox()]),
        Ask::Quota => Answer::Quota(Quota { used_octets: 1, limit_octets: None }),
        Ask::Search { .. } => Answer::Found { uids: vec![3, 5] },
        Ask::Select { .. } => Answer::Selected(Selected {
            mailbox: 1,
            uidvalidity: 1,
            uidnext: 10,
            modseq: 1,
            uids: vec![3, 5, 9],
            first_unseen: Some(3),
            keywords: Default::default(),
        }),
        Ask::Status { .. } => Answer::Mailbox(inbox()),
        Ask::Store { uids, .. } => Answer::Stored(Stored {
            messages: uids.into_iter().map(|uid| FlagsNow { uid, flags: Flags::default() }).collect(),
            modseq: None,
        }),
        Ask::Sync { since, .. } => {
            Answer::Synced(Synced { modseq: since, vanished: NumberSet::default(), ..Synced::default() })
        }
        Ask::AppendBegin { .. }
        | Ask::AppendDiscard
        | Ask::Create { .. }
        | Ask::Delete { .. }
        | Ask::Id { .. }
        | Ask::Rename { .. }
        | Ask::Subscribe { .. } => Answer::Done,
    }
}

fn inbox() -> Listed {
    let name = "INBOX".to_owned();
    Listed { name, special_use: None, subscribed: true, messages: 3, unseen: 3, uidnext: 10, uidvalidity: 1 }
}

/// Plays `input` in pieces whose lengths are `cuts`, again and again.
pub fn play(input: &[u8], cuts: &[usize]) -> Seen {
    let config = Config { host: "mail.example.org".into(), tls: TlsOffer::Implicit, message_octets_max: 300 };
    let mut session = ServerSession::new(config);
    let mut seen = Seen::default();
    let mut out = Outputs::default();
    let facts = TlsFacts { version: "TLSv1.3".into(), cipher: "x".into(), exporter: None };
    session.tls_established(facts, &mut out);
    session.open(&mut out);
    settle(&mut session, &mut out, &mut seen);
    let mut pending: Vec<u8> = Vec::new();
    let (mut rest, mut cut) = (input, cuts.iter().cycle());
    while !rest.is_empty() && !seen.closed {
        let (piece, tail) = rest.split_at((*cut.next().unwrap()).min(rest.len()));
        rest = tail;
        pending.extend_from_slice(piece);
        while !pending.is_empty() && !seen.closed {
            let consumed = session.feed(&pending, &mut out);
            assert!(consumed <= pending.len());
            pending.drain(..consumed);
            settle(&mut session, &mut out, &mut seen);
            if consumed == 0 {
                break;
            }
        }
        assert!(pending.len() < limits::READ_BUFFER_OCTETS);
    }
    seen
}

fn settle(session: &mut ServerSession, out: &mut Outputs<Ask>, seen: &mut Seen) {
    loop {
        assert!(out.wire.bytes.len() < 2 * limits::WRITE_BUFFER_OCTETS);
        seen.wire.append(&mut out.wire.bytes);
        seen.body.append(&mut out.body);
        for splice in out.wire.splices.drain(..) {
            assert!(splice.range.start <= splice.range.end && splice.range.end <= MESSAGE.len() as u64);
            seen.wire.extend_from_slice(format!("<{}-{}>", splice.range.start, splice.range.end).as_bytes());
        }
        match out.request.take() {
            None => return,
            Some(Request::Ask(ask)) => {
                seen.questions.push(format!("{ask:?}"));
                session.answer(answer(ask), out);
            }
            Some(Request::Close | Request::StartTls) => {
                seen.closed = true;
                return;
            }
        }
    }
}

/// Scans a message in pieces of that size; its parts must lie within it and show as one list.
pub fn scan_message(octets: &[u8], pieces: usize) -> Mime {
    let mime = scan(octets, pieces.max(1));
    let length = octets.len() as u64;
    for part in &mime.parts {
        assert!(part.header.start <= part.header.end && part.header.end <= part.body.start);
        assert!(part.body.start <= part.body.end && part.body.end <= length);
        assert!(octets[part.header.start as usize..part.header.end as usize].starts_with(&part.fields));
    }
    let mut out = Vec::new();
    structure::write(&mut out, &mime, true);
    envelope::write(&mut out, &mime.parts[0].fields);
    assert!(out.starts_with(b"(") && out.ends_with(b")"));
    mime
}
