//! What holds for every input to the POP3 session: no panic, bounded memory, the same result however the
//! network cuts the octets, nothing removed but by QUIT, and no password looked at before TLS.

use std::sync::Arc;

use mailctl::ground::limits;
use mailctl::ground::secret::Secret;
use mailctl::protocol::pop3::{Answer, Ask, Config, Maildrop, Message, ServerSession, TlsMode};
use mailctl::protocol::sasl::{self, Mechanism, Question, scram};
use mailctl::protocol::{ContentRef, Outputs, Request, Session, Splice, TlsFacts};
use proptest::prelude::*;

const MESSAGES: [Message; 3] =
    [Message { uid: 4, octets: 38 }, Message { uid: 5, octets: 32 }, Message { uid: 9, octets: 18 }];

/// All that a peer and the server saw of a session.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    wire: Vec<u8>,
    /// Content that was sent, and where in `wire`.
    splices: Vec<Splice>,
    /// Whether a password or a proof was put to the server.
    logins: usize,
    removed: Option<Vec<u32>>,
    handshake: bool,
    closed: bool,
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
fn play(tls: TlsMode, input: &[u8], cuts: &[usize]) -> Seen {
    let host = "mail.example.org".parse().unwrap();
    let mut session = ServerSession::new(Arc::new(Config { tls, host, mechanisms: Mechanism::ALL.to_vec() }));
    let mut seen = Seen::default();
    let mut out = Outputs::default();
    if tls == TlsMode::Implicit {
        let version = "TLSv1.3".to_owned();
        let facts = TlsFacts { version, cipher: "TLS13_AES_256_GCM_SHA384".into(), exporter: Some([7; 32]) };
        session.tls_established(facts, &mut out);
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

/// Conversations that are mostly sensible, with octets in between that are not.
fn dialogue(login: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    let line = prop::sample::select(vec![
        &b"USER a@example.org\r\n"[..],
        b"PASS secret\r\n",
        b"PASS \r\n",
        b"AUTH PLAIN\r\n",
        b"AUTH PLAIN AGFAZXhhbXBsZS5vcmcAc2VjcmV0\r\n",
        b"AUTH SCRAM-SHA-256 biwsbj11c2VyLHI9YWJj\r\n",
        b"AGFAZXhhbXBsZS5vcmcAc2VjcmV0\r\n",
        b"*\r\n",
        b"CAPA\r\n",
        b"STAT\r\n",
        b"LIST\r\n",
        b"LIST 2\r\n",
        b"UIDL\r\n",
        b"UIDL 3\r\n",
        b"RETR 1\r\n",
        b"RETR 2\r\n",
        b"TOP 3 18446744073709551616\r\n",
        b"DELE 1\r\n",
        b"DELE 3\r\n",
        b"RSET\r\n",
        b"NOOP\n",
        b"N\rOOP\r\n",
        b"RETR 0\r\n",
        b"RETR 4\r\n",
    ]);
    let part = prop_oneof![
        12 => line.prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..60),
        1 => (0_usize..2).prop_map(|more| vec![b'x'; limits::POP3_LINE_OCTETS_MAX - 2 + more]),
        1 => Just(b"QUIT\r\n".to_vec()),
        1 => Just(b"STLS\r\n".to_vec()),
    ];
    prop::collection::vec(part, 1..25).prop_map(move |parts| [login.to_vec(), parts.concat()].concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_cut_of_the_network_changes_nothing(
        input in dialogue(b"USER a@example.org\r\nPASS secret\r\n"),
        cuts in prop::collection::vec(1_usize..200, 3..7),
    ) {
        let whole = play(TlsMode::Implicit, &input, &[usize::MAX]);
        prop_assert_eq!(&whole, &play(TlsMode::Implicit, &input, &cuts));
        // Octet by octet, unless overlong lines make that slow.
        let step = if input.len() < limits::POP3_LINE_OCTETS_MAX { 1 } else { 61 };
        prop_assert_eq!(&whole, &play(TlsMode::Implicit, &input, &[step]));
        let quit = input.windows(6).any(|six| six.eq_ignore_ascii_case(b"QUIT\r\n"));
        prop_assert!(whole.removed.is_none() || quit && whole.closed, "RFC 1939 §6: QUIT alone removes");
    }

    /// RFC 8314 §3.
    #[test]
    fn no_password_is_looked_at_in_clear(input in dialogue(b""), none in any::<bool>()) {
        let seen = play(if none { TlsMode::None } else { TlsMode::Starttls }, &input, &[usize::MAX]);
        prop_assert_eq!(seen.logins, 0);
        prop_assert!(seen.removed.is_none() && seen.splices.is_empty());
        prop_assert!(!(none && seen.handshake));
    }
}

/// The conversations above would prove nothing if none of them came far.
#[test]
fn a_sensible_conversation_removes_what_it_marked() {
    let input = b"USER a@example.org\r\nPASS secret\r\nRETR 1\r\nDELE 1\r\nDELE 3\r\nQUIT\r\n";
    let seen = play(TlsMode::Implicit, input, &[3]);
    assert_eq!(seen.removed, Some(vec![4, 9]));
    assert_eq!((seen.splices.len(), seen.logins, seen.closed), (1, 1, true));
}
