//! Our SMTP parser and smtp-proto 0.2.5 must read commands and message ends alike, except where the table
//! [`KNOWN_DIFFERENCES`] says who follows the RFC.

use std::sync::Arc;

use mailctl::protocol::smtp::server::{Answer, Ask, Config, Kind, ServerSession, TlsMode};
use mailctl::protocol::{Outputs, Request as Wanted, Session};
use proptest::prelude::*;
use smtp_proto::request::receiver::DataReceiver;
use smtp_proto::{MAIL_BODY_8BITMIME, MAIL_SMTPUTF8, Request};

/// What both are reduced to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Reading {
    /// Sender, declared octets (0 if none).
    Mail(String, u64),
    Other,
    Rcpt(String),
    Refused,
}

/// A session in which the next line is looked at.
struct Ours {
    session: ServerSession<()>,
    out: Outputs<Ask>,
}

impl Ours {
    fn new() -> Self {
        let config = Config {
            kind: Kind::Smtp,
            tls: TlsMode::None,
            host: "mail.example.org".parse().unwrap(),
            message_octets_max: u64::MAX / 4,
            recipients_max: 100,
            mechanisms: Vec::new(),
        };
        let mut ours = Self { session: ServerSession::new(Arc::new(config)), out: Outputs::default() };
        ours.session.open(&mut ours.out);
        ours.say(b"EHLO x\r\n");
        ours
    }

    /// Feeds one command and answers yes to everything; the question it led to, and the reply.
    fn say(&mut self, line: &[u8]) -> (Option<Ask>, Vec<u8>) {
        self.out.wire.bytes.clear();
        self.session.feed(line, &mut self.out);
        let mut first = None;
        while let Some(Wanted::Ask(ask)) = self.out.request.take() {
            first.get_or_insert(ask.clone());
            let answer = match ask {
                Ask::Begin { .. } => Answer::Proceed { trace: Vec::new() },
                Ask::Accept { .. } => Answer::Stored { proof: (), id: "1".to_owned() },
                _ => Answer::Ok,
            };
            self.session.answer(answer, &mut self.out);
        }
        (first, self.out.wire.bytes.clone())
    }
}

fn ours(line: &str) -> Reading {
    let mut session = Ours::new();
    if line.get(..4).is_some_and(|verb| verb.eq_ignore_ascii_case("RCPT")) {
        session.say(b"MAIL FROM:<> SMTPUTF8\r\n");
    }
    let (asked, reply) = session.say(format!("{line}\r\n").as_bytes());
    match asked {
        Some(Ask::MailFrom { reverse_path, declared_octets, .. }) => {
            let sender = reverse_path.address().map_or_else(String::new, ToString::to_string);
            Reading::Mail(sender, declared_octets.unwrap_or(0))
        }
        Some(Ask::RcptTo { recipient, .. }) => Reading::Rcpt(recipient.forward_path.to_string()),
        _ if reply.starts_with(b"5") && !reply.starts_with(b"503") && !reply.starts_with(b"502") => Reading::Refused,
        _ => Reading::Other,
    }
}

fn theirs(line: &str) -> Reading {
    let line = format!("{line}\r\n");
    match Request::parse(&mut line.as_bytes().iter()) {
        Ok(Request::Mail { from }) => Reading::Mail(from.address.into_owned(), from.size as u64),
        Ok(Request::Rcpt { to }) => Reading::Rcpt(to.address.into_owned()),
        Ok(_) => Reading::Other,
        Err(_) => Reading::Refused,
    }
}

const AGREED: [&str; 34] = [
    "EHLO client.example.net",
    "HELO client.example.net",
    "EHLO",
    "NOOP",
    "NOOP x y",
    "RSET",
    "QUIT",
    "DATA",
    "VRFY a",
    "FOO",
    "NOOPX",
    "",
    "MAIL FROM:<>",
    "MAIL FROM:<a@example.net>",
    "mail from:<a@example.net> size=100",
    "MAIL FROM:<a@example.net> SIZE=100 BODY=8BITMIME",
    "MAIL FROM:<a@example.net> BODY=7BIT SMTPUTF8",
    "MAIL FROM:<a@example.net> SIZE=x",
    "MAIL FROM:<a@example.net> BODY=9BIT",
    "MAIL FROM:<a@example.net> FOO=BAR",
    "MAIL FROM:<@one.example,@two.example:a@example.net>",
    "MAIL FROM:<a..b@example.net>",
    "MAIL FROM:<.a@example.net>",
    "MAIL FROM:<a@b@example.net>",
    "MAIL FROM:<@example.net>",
    "MAIL",
    "MAIL FROM:",
    "RCPT TO:<a@example.net>",
    "RCPT TO:<a.b+c@example.net>",
    "RCPT TO:<dörte@example.net>",
    "RCPT TO:<a@@example.net>",
    "RCPT TO:<a(b)@example.net>",
    "RCPT TO:<a@[192.0.2.1]x>",
    "RCPT FROM:<a@example.net>",
];

/// Line, our reading, its reading, and why ours stands.
const KNOWN_DIFFERENCES: [(&str, &str, &str, &str); 6] = [
    ("RCPT TO:<Postmaster>", "postmaster@mail.example.org", "", "RFC 5321 §4.5.1: a mailbox, not the null path"),
    ("RCPT TO:<\"a b\"@example.net>", "\"a b\"@example.net", "a b@example.net", "RFC 5321 §4.1.2: quotes belong to it"),
    ("RCPT TO:<a@[IPv6:::1]>", "a@[ipv6:::1]", "refused", "RFC 5321 §4.1.3"),
    ("RCPT TO:<a@EXAMPLE.net>", "a@example.net", "a@EXAMPLE.net", "RFC 5321 §2.4: domains have no case"),
    ("RCPT TO:<>", "refused", "", "RFC 5321 §4.1.1.3: a forward-path is not null"),
    ("RCPT TO:<a@ex_ample.net>", "refused", "a@ex_ample.net", "RFC 5321 §4.1.2: letters, digits, hyphens"),
];

#[test]
fn both_read_the_same_commands() {
    for line in AGREED {
        assert_eq!(ours(line), theirs(line), "{line}");
    }
}

#[test]
fn differences_are_the_known_ones() {
    let shown = |reading| match reading {
        Reading::Rcpt(address) => address,
        Reading::Refused => "refused".to_owned(),
        other => panic!("{other:?}"),
    };
    for (line, we, it, why) in KNOWN_DIFFERENCES {
        assert_eq!((shown(ours(line)).as_str(), shown(theirs(line)).as_str()), (we, it), "{line}: {why}");
    }
}

#[test]
fn parameters_have_the_same_flags() {
    let line = "MAIL FROM:<a@example.net> BODY=8BITMIME SMTPUTF8\r\n";
    let Ok(Request::Mail { from }) = Request::parse(&mut line.as_bytes().iter()) else { panic!() };
    assert_eq!(from.flags, MAIL_BODY_8BITMIME | MAIL_SMTPUTF8);
    let mut session = Ours::new();
    session.say(line.as_bytes());
    session.say(b"RCPT TO:<a@example.org>\r\n");
    let (Some(Ask::Begin { transaction }), _) = session.say(b"DATA\r\n") else { panic!() };
    assert!(transaction.envelope.smtputf8);
    assert_eq!(transaction.envelope.body, mailctl::vocabulary::mail::BodyType::EightBitMime);
}

/// An address of the forms that both should know: no quotes, lower-case domain.
fn address() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]{1,8}(\\.[a-z0-9+-]{1,5}){0,2}@[a-z]{1,8}(-[a-z0-9]{1,4})?\\.[a-z]{2,5}"
}

/// Lines with their ends, of which the message is made; dots in all the places that matter.
fn lines() -> impl Strategy<Value = Vec<String>> {
    let line = prop::sample::select(vec!["", ".", "..", "...", ".a", "a.", "a", "Subject: x", ". ."]);
    prop::collection::vec(line.prop_map(str::to_owned), 1..12)
}

proptest! {
    #[test]
    fn both_read_the_same_addresses(address in address(), size in 0u64..1_000_000_000, space in "[ ]{0,1}") {
        let mail = format!("MAIL FROM:{space}<{address}> SIZE={size}");
        prop_assert_eq!(ours(&mail), Reading::Mail(address.clone(), size));
        prop_assert_eq!(ours(&mail), theirs(&mail));
        let rcpt = format!("RCPT TO:<{address}>");
        prop_assert_eq!(ours(&rcpt), theirs(&rcpt));
    }

    #[test]
    fn both_find_the_same_end_and_the_same_message(lines in lines(), tail in "[a-z]{0,5}") {
        // smtp-proto takes a dot that begins the first line for text, and so never sees the end of an
        // empty message (RFC 5321 §4.5.2). The first line has none here.
        let mut input = "X: y\r\n".to_owned();
        input.extend(lines.iter().map(|line| format!("{line}\r\n")));
        input.push_str(".\r\n");
        input.push_str(&tail);
        let mut theirs = Vec::new();
        let mut octets = input.as_bytes().iter();
        prop_assert!(DataReceiver::new().ingest(&mut octets, &mut theirs));

        let mut session = Ours::new();
        for line in ["MAIL FROM:<>\r\n", "RCPT TO:<a@example.org>\r\n", "DATA\r\n"] {
            session.say(line.as_bytes());
        }
        let consumed = session.session.feed(input.as_bytes(), &mut session.out);
        prop_assert_eq!(consumed, input.len() - octets.as_slice().len());
        prop_assert_eq!(&session.out.body, &theirs);
    }
}
