//! What holds for every input to the SMTP sessions: no panic, bounded memory, and the same result however
//! the network cuts the octets.

use std::sync::Arc;

use mailctl::ground::limits;
use mailctl::ground::secret::Secret;
use mailctl::protocol::sasl::{self, Mechanism, Question, scram};
use mailctl::protocol::smtp::client::{self, ClientSession, EightBit, TlsWish};
use mailctl::protocol::smtp::server::{Answer, Ask, Config, Kind, ServerSession, TlsMode};
use mailctl::protocol::{ContentRef, Outputs, Request, Session, TlsFacts};
use mailctl::vocabulary::mail::{BodyType, ReversePath};
use proptest::prelude::*;

/// All that a peer and the server saw of a session.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    wire: Vec<u8>,
    stored: Vec<Vec<u8>>,
    closed: bool,
}

fn facts() -> TlsFacts {
    TlsFacts { version: "TLSv1.3".into(), cipher: "TLS13_AES_256_GCM_SHA384".into(), exporter: Some([7; 32]) }
}

fn answer_sasl(question: Question) -> sasl::Answer {
    let account = "a@example.org".parse().unwrap();
    match question {
        Question::ScramKeys { .. } => {
            let keys = scram::derive(&Secret::new("secret"), b"salt", 1);
            sasl::Answer::ScramKeys(keys.into_keys(Some(account), b"salt".to_vec(), 1, "server".into()))
        }
        Question::Password { password, .. } if password == Secret::new("secret") => sasl::Answer::Accepted(account),
        Question::ScramOutcome { proved: true, .. } => sasl::Answer::Accepted(account),
        _ => sasl::Answer::Rejected,
    }
}

/// Plays `input` in pieces whose lengths are `cuts`, again and again.
fn play_server(kind: Kind, input: &[u8], cuts: &[usize]) -> Seen {
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

/// Conversations that are mostly sensible, with octets in between that are not.
fn dialogue() -> impl Strategy<Value = Vec<u8>> {
    let line = prop::sample::select(vec![
        &b"EHLO x\r\n"[..],
        b"MAIL FROM:<a@example.org>\r\n",
        b"MAIL FROM:<> SMTPUTF8 SIZE=299\r\n",
        b"RCPT TO:<a@example.org>\r\n",
        b"RCPT TO:<\"> \"@example.org>\r\n",
        b"DATA\r\n",
        b"Received: x\r\n\r\n..dot\r\n",
        b".\r\n",
        b"\r\n.\r\n",
        b"\n.\n",
        b"\r.\r",
        b"BDAT 5\r\n",
        b"BDAT 3 LAST\r\n",
        b"abc\r\n",
        b"RSET\r\n",
        b"AUTH PLAIN AGFAZXhhbXBsZS5vcmcAc2VjcmV0\r\n",
        b"AUTH SCRAM-SHA-256 biwsbj11c2VyLHI9YQ==\r\n",
        b"*\r\n",
        b"\r",
        b"\n",
    ]);
    let piece = prop_oneof![
        12 => line.prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..40),
        1 => (0..400usize).prop_map(|n| vec![b'x'; n]),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// What a server might say to a client, sensible and not.
fn replies() -> impl Strategy<Value = Vec<u8>> {
    let line = prop::sample::select(vec![
        &b"220 mx\r\n"[..],
        b"250-mx\r\n250-PIPELINING\r\n250-SIZE 100\r\n250 AUTH SCRAM-SHA-256 PLAIN\r\n",
        b"250 ok\r\n",
        b"250-mx\r\n250 STARTTLS\r\n",
        b"354 go\r\n",
        b"334 \r\n",
        b"235 ok\r\n",
        b"421 bye\r\n",
        b"450 4.2.0 later\r\n",
        b"550-5.1.1 a\r\n550 5.1.1 b\r\n",
        b"503 no\r\n",
    ]);
    let piece = prop_oneof![15 => line.prop_map(<[u8]>::to_vec), 1 => prop::collection::vec(any::<u8>(), 0..20)];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

/// What the client wrote and how each delivery ended.
fn play_client(wish: TlsWish, input: &[u8], cuts: &[usize]) -> (Vec<u8>, Vec<client::Ask>) {
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
                    assert!(asked.len() < 1000);
                    session.answer(client::Answer::Deliver(Box::new(delivery.clone())), &mut out);
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

proptest! {
    #[test]
    fn any_split_gives_the_same(
        input in dialogue(),
        cuts in prop::collection::vec(1..50usize, 1..10),
        submission in any::<bool>(),
    ) {
        let kind = if submission { Kind::Submission } else { Kind::Smtp };
        let whole = play_server(kind, &input, &[usize::MAX]);
        prop_assert_eq!(&whole, &play_server(kind, &input, &cuts));
        prop_assert_eq!(&whole, &play_server(kind, &input, &[1]));
    }

    #[test]
    fn octets_without_sense_do_no_harm(input in prop::collection::vec(any::<u8>(), 0..2000)) {
        play_server(Kind::Smtp, &input, &[97]);
        play_client(TlsWish::Never, &input, &[97]);
    }

    #[test]
    fn each_recipient_gets_an_outcome_whatever_a_server_says(
        input in replies(),
        cuts in prop::collection::vec(1..50usize, 1..10),
        opportunistic in any::<bool>(),
    ) {
        let wish = if opportunistic { TlsWish::Opportunistic } else { TlsWish::Never };
        let whole = play_client(wish, &input, &[usize::MAX]);
        prop_assert_eq!(whole, play_client(wish, &input, &cuts));
    }
}

/// A stranger who sends one endless line, or one endless message, occupies no memory.
#[test]
fn endless_input_is_consumed() {
    let line = vec![b'x'; 1_000_000];
    assert!(!play_server(Kind::Smtp, &line, &[1400]).closed);
    let mut message = b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@example.org>\r\nDATA\r\n".to_vec();
    message.extend(line);
    let seen = play_server(Kind::Smtp, &message, &[1400]);
    assert!(seen.closed && seen.stored.is_empty());
}
