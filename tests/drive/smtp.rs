//! Plays the SMTP sessions, server and client, against a world that answers sensibly, and asserts what holds for
//! every input. Shared by the property tests and by `fuzz/`.

use std::sync::Arc;

use mailctl::ground::limits;
use mailctl::protocol::sasl::Mechanism;
use mailctl::protocol::smtp::client::{self, ClientSession, EightBit, TlsWish};
use mailctl::protocol::smtp::server::{Answer, Ask, Config, Kind, ServerSession, TlsMode};
use mailctl::protocol::{ContentRef, Outputs, Request, Session};
use mailctl::vocabulary::mail::{BodyType, ReversePath};

use crate::world::{answer_sasl, facts};

/// All that a peer and the server saw of a session.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Seen {
    pub wire: Vec<u8>,
    pub stored: Vec<Vec<u8>>,
    pub closed: bool,
}

/// Plays `input` in pieces whose lengths are `cuts`, again and again.
pub fn play_server(kind: Kind, input: &[u8], cuts: &[usize]) -> Seen {
    let config = Config {
        kind,
        tls: TlsMode::Implicit,
        host: "mail.example.org".parse().unwrap(),
        message_octets_max: 300,
        recipients_max: 2,
        mechanisms: Mechanism::ALL.to_vec(),
    };
    let mut session = ServerSession::<()>::new(Arc::new(config));
    let mut seen = Seen::default();
    let mut begun: Option<Vec<u8>> = None;
    let mut out = Outputs::default();
    session.tls_established(facts(), &mut out);
    session.open(&mut out);
    settle(&mut session, &mut out, &mut begun, &mut seen);
    let mut pending: Vec<u8> = Vec::new();
    let (mut rest, mut cut) = (input, cuts.iter().cycle());
    while !rest.is_empty() && !seen.closed {
        let (piece, tail) = rest.split_at((*cut.next().unwrap()).min(rest.len()));
        rest = tail;
        pending.extend_from_slice(piece);
        while !seen.closed {
            let consumed = session.feed(&pending, &mut out);
            let asked = out.request.is_some();
            settle(&mut session, &mut out, &mut begun, &mut seen);
            pending.drain(..consumed);
            if consumed == 0 && !asked {
                break;
            }
        }
        assert!(pending.len() <= limits::READ_BUFFER_OCTETS, "{} octets wait", pending.len());
    }
    seen
}

/// Answers until the session wants input again. Each stored message is one that was begun.
fn settle(session: &mut ServerSession<()>, out: &mut Outputs<Ask>, begun: &mut Option<Vec<u8>>, seen: &mut Seen) {
    loop {
        assert!(
            out.wire.bytes.len() <= 2 * limits::WRITE_BUFFER_OCTETS && out.body.len() <= limits::READ_BUFFER_OCTETS
        );
        match begun {
            Some(message) => message.append(&mut out.body),
            None => assert!(out.body.is_empty(), "octets of no message"),
        }
        seen.wire.append(&mut out.wire.bytes);
        let answer = match out.request.take() {
            None => return,
            Some(Request::Close) => {
                seen.closed = true;
                return;
            }
            Some(Request::StartTls) => panic!("TLS is implicit here"),
            Some(Request::Ask(ask)) => match ask {
                Ask::Sasl(question) => Answer::Sasl(answer_sasl(question)),
                Ask::MailFrom { .. } | Ask::RcptTo { .. } => Answer::Ok,
                Ask::Begin { .. } => {
                    assert!(begun.replace(Vec::new()).is_none());
                    Answer::Proceed { trace: Vec::new() }
                }
                Ask::Discard => {
                    assert!(begun.take().is_some());
                    Answer::Ok
                }
                Ask::Accept { octets, .. } => {
                    let message = begun.take().expect("Begin came first");
                    assert_eq!(octets, message.len() as u64);
                    assert!(octets <= 300 && sound_lines(&message));
                    seen.stored.push(message);
                    Answer::Stored { proof: (), id: "id".to_owned() }
                }
            },
        };
        session.answer(answer, out);
    }
}

/// RFC 5321 §2.3.8: CR and LF only together.
fn sound_lines(message: &[u8]) -> bool {
    let without = message.split(|&b| b == b'\n').collect::<Vec<_>>();
    let (last, lines) = without.split_last().unwrap();
    !last.contains(&b'\r') && lines.iter().all(|l| l.iter().position(|&b| b == b'\r') == l.len().checked_sub(1))
}

/// What the client wrote and how each delivery ended.
pub fn play_client(wish: TlsWish, input: &[u8], cuts: &[usize]) -> (Vec<u8>, Vec<client::Ask>) {
    let config = client::Config {
        helo: "mail.example.org".parse().unwrap(),
        tls: wish,
        credentials: None,
        eight_bit: EightBit::SendAnyway,
    };
    let delivery = client::Delivery {
        reverse_path: ReversePath::Null,
        recipients: vec!["a@example.net".parse().unwrap(), "ä@example.net".parse().unwrap()],
        body: BodyType::SevenBit,
        smtputf8: false,
        prefix: Vec::new(),
        content: ContentRef(1),
        range: 0..10,
    };
    let mut session = ClientSession::new(config);
    let mut out = Outputs::default();
    let (mut wire, mut asked) = (Vec::new(), Vec::new());
    session.open(&mut out);
    let mut pending: Vec<u8> = Vec::new();
    let (mut rest, mut cut) = (input, cuts.iter().cycle());
    loop {
        let consumed = session.feed(&pending, &mut out);
        pending.drain(..consumed);
        let progress = consumed > 0;
        let mut open = true;
        while let Some(request) = out.request.take() {
            match request {
                Request::Close => open = false,
                Request::StartTls => {
                    pending.clear();
                    rest = &[];
                    session.tls_established(facts(), &mut out);
                }
                Request::Ask(ask) => {
                    if let client::Ask::Delivered(report) = &ask {
                        assert_eq!(report.outcomes.len(), 2);
                    }
                    asked.push(ask);
                    // A message that the session refuses by itself needs no reply: one could be offered for ever.
                    let next = match asked.len() {
                        n if n < 1000 => client::Answer::Deliver(Box::new(delivery.clone())),
                        _ => client::Answer::Quit,
                    };
                    session.answer(next, &mut out);
                }
            }
        }
        wire.append(&mut out.wire.bytes);
        if !open {
            return (wire, asked);
        }
        if !progress {
            if rest.is_empty() {
                break;
            }
            let (piece, tail) = rest.split_at((*cut.next().unwrap()).min(rest.len()));
            rest = tail;
            pending.extend_from_slice(piece);
        }
    }
    // The connection ends here: whatever is under way is reported.
    session.closed(&mut out);
    if let Some(Request::Ask(ask)) = out.request.take() {
        asked.push(ask);
    }
    (wire, asked)
}
