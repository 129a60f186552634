//! What holds for every input to the IMAP session and to the MIME reader: no panic, bounded memory, and the same result
//! however the network cuts the octets.

use mailctl::ground::clock::Timestamp;
use mailctl::ground::limits;
use mailctl::protocol::imap::message::section::FetchDepth;
use mailctl::protocol::imap::message::{Mime, Scanner, envelope, structure};
use mailctl::protocol::imap::question::*;
use mailctl::protocol::imap::sequence::NumberSet;
use mailctl::protocol::imap::{Config, ServerSession, TlsOffer};
use mailctl::protocol::{ContentRef, Outputs, Request, Session, TlsFacts, sasl};
use mailctl::vocabulary::mail::Flags;
use proptest::prelude::*;

const MESSAGE: &[u8] = b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b--\r\n";

/// All that a peer and the server saw of a session.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    wire: Vec<u8>,
    body: Vec<u8>,
    questions: Vec<String>,
    closed: bool,
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
fn play(input: &[u8], cuts: &[usize]) -> Seen {
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

/// Pieces of conversations, right and wrong.
const LINES: &[&[u8]] = &[
    b"a LOGIN a b\r\n",
    b"a LOGIN {1}\r\na {1+}\r\nb\r\n",
    b"a AUTHENTICATE PLAIN AGEAYg==\r\n",
    b"a AUTHENTICATE LOGIN\r\n",
    b"YQ==\r\n",
    b"*\r\n",
    b"a SELECT INBOX\r\n",
    b"a EXAMINE x\r\n",
    b"a FETCH 1:* (UID BODY[] BODY[1.MIME] BODYSTRUCTURE ENVELOPE)\r\n",
    b"a FETCH 2 BODY.PEEK[HEADER.FIELDS (SUBJECT)]<1.4>\r\n",
    b"a UID FETCH 5:* FULL\r\n",
    b"a SEARCH OR SEEN TEXT {2}\r\nxx\r\n",
    b"a STORE 1:2 +FLAGS (\\Seen $x)\r\n",
    b"a COPY 1,3 x\r\n",
    b"a MOVE 2 x\r\n",
    b"a EXPUNGE\r\n",
    b"a UID EXPUNGE 3\r\n",
    b"a CLOSE\r\n",
    b"a UNSELECT\r\n",
    b"a IDLE\r\n",
    b"DONE\r\n",
    b"a NOOP\r\n",
    b"a LIST (SUBSCRIBED) \"\" (a %) RETURN (STATUS (MESSAGES))\r\n",
    b"a LSUB \"\" *\r\n",
    b"a STATUS INBOX (UNSEEN)\r\n",
    b"a APPEND INBOX (\\Seen) {5}\r\n",
    b"hello\r\n",
    b"a APPEND INBOX {5+}\r\nhello\r\n",
    b"a APPEND INBOX {500+}\r\n",
    b"a APPEND INBOX {5+}\r\nhello {5+}\r\n",
    b"a GETQUOTAROOT INBOX\r\n",
    b"a ID (\"a\" NIL)\r\n",
    b"a STARTTLS\r\n",
    b"a LOGIN {70000+}\r\n",
    b"{5}\r\n",
    b"\r\n",
    b"a NOOP\n",
];

fn conversation() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        8 => prop::sample::select(LINES).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ];
    prop::collection::vec(line, 1..30)
        .prop_map(|lines| [&LINES[0].to_vec(), &lines.concat()].map(Vec::as_slice).concat())
}

/// Something like a message: headers, boundaries, empty lines in any order.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let lines: Vec<&[u8]> = vec![
        b"Content-Type: multipart/mixed; boundary=a\r\n",
        b"Content-Type: multipart/digest; boundary=\"b\"\r\n",
        b"Content-Type: message/rfc822\r\n",
        b"Content-Type: text/plain (c\r\n",
        b"From: a@b, <c@d>, g: x;\r\n",
        b" folded\r\n",
        b"\r\n",
        b"\n",
        b"--a\r\n",
        b"--a--\r\n",
        b"--b",
        b"--b--\r\n",
        b"text\r\n",
        b"\r",
    ];
    prop::collection::vec(prop::sample::select(lines), 0..40).prop_map(|lines| lines.concat())
}

/// The driver takes "nothing consumed, nothing asked" for a wish for more input and waits for it.
#[test]
fn a_full_write_buffer_does_not_stop_the_session() {
    let config = Config { host: "mail.example.org".into(), tls: TlsOffer::Implicit, message_octets_max: 300 };
    let mut session = ServerSession::new(config);
    let mut out = Outputs::default();
    out.wire.bytes = vec![b'x'; limits::WRITE_BUFFER_OCTETS];
    let input = b"a NOOP\r\nb NOOP\r\n";
    assert_eq!(session.feed(input, &mut out), 8);
    assert_eq!(session.feed(&input[8..], &mut out), 8);
    assert!(out.wire.bytes.ends_with(b"b OK NOOP completed\r\n"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_split_gives_the_same_conversation(input in conversation(), cuts in prop::collection::vec(1usize..40, 1..8)) {
        let whole = play(&input, &[usize::MAX]);
        prop_assert_eq!(&play(&input, &[1]), &whole);
        prop_assert_eq!(&play(&input, &cuts), &whole);
    }

    #[test]
    fn random_octets_never_panic(input in prop::collection::vec(any::<u8>(), 0..600)) {
        play(&input, &[usize::MAX]);
    }

    #[test]
    fn parts_lie_within_the_message(octets in message(), pieces in 1usize..50) {
        let mime = scan(&octets, usize::MAX);
        prop_assert_eq!(&scan(&octets, pieces), &mime);
        let length = octets.len() as u64;
        for part in &mime.parts {
            prop_assert!(part.header.start <= part.header.end && part.header.end <= part.body.start);
            prop_assert!(part.body.start <= part.body.end && part.body.end <= length);
            let header = &octets[part.header.start as usize..part.header.end as usize];
            prop_assert_eq!(header, part.fields.as_slice());
        }
        let mut out = Vec::new();
        structure::write(&mut out, &mime, true);
        envelope::write(&mut out, &mime.parts[0].fields);
        prop_assert!(out.starts_with(b"(") && out.ends_with(b")"));
    }
}
