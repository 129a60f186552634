//! Plays the POP3 session against a maildrop of three messages, and asserts what holds for every input. Shared by the
//! property tests and by `fuzz/`.

use std::sync::Arc;

use mailctl::ground::limits;
use mailctl::protocol::pop3::{Answer, Ask, Config, Maildrop, Message, ServerSession, TlsMode};
use mailctl::protocol::sasl::Mechanism;
use mailctl::protocol::{ContentRef, Outputs, Request, Session, Splice};

use crate::world::{answer_sasl, facts};

const MESSAGES: [Message; 3] =
    [Message { uid: 4, octets: 38 }, Message { uid: 5, octets: 32 }, Message { uid: 9, octets: 18 }];

/// All that a peer and the server saw of a session.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Seen {
    pub wire: Vec<u8>,
    /// Content that was sent, and where in `wire`.
    pub splices: Vec<Splice>,
    /// Whether a password or a proof was put to the server.
    pub logins: usize,
    pub removed: Option<Vec<u32>>,
    pub handshake: bool,
    pub closed: bool,
}

/// Plays `input` in pieces whose lengths are `cuts`, again and again.
pub fn play(tls: TlsMode, input: &[u8], cuts: &[usize]) -> Seen {
    let host = "mail.example.org".parse().unwrap();
    let mut session = ServerSession::new(Arc::new(Config { tls, host, mechanisms: Mechanism::ALL.to_vec() }));
    let mut seen = Seen::default();
    let mut out = Outputs::default();
    if tls == TlsMode::Implicit {
        session.tls_established(facts(), &mut out);
    }
    session.open(&mut out);
    settle(&mut session, &mut out, &mut seen);
    let mut pending: Vec<u8> = Vec::new();
    let (mut rest, mut cut) = (input, cuts.iter().cycle());
    while !rest.is_empty() && !seen.closed && !seen.handshake {
        let (piece, tail) = rest.split_at((*cut.next().unwrap()).min(rest.len()));
        rest = tail;
        pending.extend_from_slice(piece);
        while !seen.closed && !seen.handshake {
            let consumed = session.feed(&pending, &mut out);
            let asked = out.request.is_some();
            settle(&mut session, &mut out, &mut seen);
            pending.drain(..consumed);
            if consumed == 0 && !asked {
                break;
            }
        }
        let over = seen.closed || seen.handshake;
        assert!(over || pending.len() < limits::POP3_LINE_OCTETS_MAX, "{} octets wait", pending.len());
    }
    seen
}

/// Answers until the session wants input again.
fn settle(session: &mut ServerSession, out: &mut Outputs<Ask>, seen: &mut Seen) {
    loop {
        assert!(out.wire.bytes.len() <= 2 * limits::WRITE_BUFFER_OCTETS && out.body.is_empty());
        for splice in out.wire.splices.drain(..) {
            assert!(splice.dot_stuffed && splice.at <= out.wire.bytes.len());
            seen.splices.push(Splice { at: seen.wire.len() + splice.at, ..splice });
        }
        seen.wire.append(&mut out.wire.bytes);
        let answer = match out.request.take() {
            None => return,
            Some(Request::Close) => {
                seen.closed = true;
                return;
            }
            Some(Request::StartTls) => {
                seen.handshake = true;
                return;
            }
            Some(Request::Ask(Ask::Sasl(question))) => {
                seen.logins += 1;
                Answer::Sasl(answer_sasl(question))
            }
            Some(Request::Ask(Ask::Open { account })) => {
                assert_eq!(account.to_string(), "a@example.org");
                Answer::Maildrop(Maildrop { uidvalidity: 7, messages: MESSAGES.to_vec() })
            }
            Some(Request::Ask(Ask::Fetch { uid, lines })) => {
                let message = MESSAGES.iter().find(|message| message.uid == uid).expect("a message of the maildrop");
                let octets = lines.map_or(message.octets, |lines| message.octets.min(lines));
                if uid == 5 { Answer::Gone } else { Answer::Content { content: ContentRef(uid.into()), octets } }
            }
            Some(Request::Ask(Ask::Update { uids })) => {
                assert!(uids.iter().all(|uid| MESSAGES.iter().any(|message| message.uid == *uid)));
                assert!(seen.removed.replace(uids).is_none(), "one update at most");
                Answer::Updated
            }
        };
        session.answer(answer, out);
    }
}
