//! What holds for every input to the IMAP session and to the MIME reader: no panic, bounded memory, and the same result
//! however the network cuts the octets.

#[path = "drive/imap.rs"]
mod drive;

use mailctl::ground::limits;
use mailctl::protocol::imap::{Config, ServerSession, TlsOffer};
use mailctl::protocol::{Outputs, Session};
use proptest::prelude::*;

use drive::{play, scan_message};

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
        let mime = scan_message(&octets, usize::MAX);
        prop_assert_eq!(&scan_message(&octets, pieces), &mime);
        for part in &mime.parts {
            let header = &octets[part.header.start as usize..part.header.end as usize];
            prop_assert_eq!(header, part.fields.as_slice());
        }
    }
}
