//! The world of the POP3 transcripts: the account `a@example.org` (password `secret pass`) with three
//! messages, UIDs 4, 5 and 9; message 2 begins a line with a dot and does not end with CRLF.
//!
//! Directives: `@listener pop3|pop3s|pop3-no-tls` and `@messages N` (so many small ones instead of the
//! three) before the first line; later `@gone UID` (somebody removed it), `@fail` (the next question is
//! answered with Unavailable), `@removed UID,UID` (what was removed so far).

use std::sync::Arc;

use mailctl::protocol::pop3::{Answer, Ask, Config, Maildrop, Message, ServerSession, TlsMode, Top};
use mailctl::protocol::sasl::{self, Mechanism, Question, scram};
use mailctl::protocol::{ContentRef, Splice};
use mailctl::vocabulary::mail::Address;

use super::harness::World;

const MESSAGES: [(u32, &str); 3] = [
    (4, "Subject: one\r\n\r\nfirst\r\nsecond\r\nthird\r\n"),
    (5, "Subject: two\r\n\r\n.dot\r\n..\r\nno end"),
    (9, "Subject: three\r\n\r\n"),
];

#[derive(Default)]
pub struct Pop3World {
    messages: Vec<(u32, String)>,
    removed: Vec<u32>,
    fails: bool,
}

fn account() -> Address {
    "a@example.org".parse().unwrap()
}

impl World for Pop3World {
    type Session = ServerSession;
    const NUMERIC_REPLIES: bool = false;

    fn new(settings: &[(&str, &str)]) -> Result<(Self, Self::Session), String> {
        let mut tls = TlsMode::Starttls;
        let mut world = Self::default();
        world.messages.extend(MESSAGES.map(|(uid, text)| (uid, text.to_owned())));
        for (name, argument) in settings {
            match (*name, *argument) {
                ("listener", "pop3") => tls = TlsMode::Starttls,
                ("listener", "pop3s") => tls = TlsMode::Implicit,
                ("listener", "pop3-no-tls") => tls = TlsMode::None,
                ("messages", count) => {
                    let count: u32 = count.parse().map_err(|_| "messages takes a number")?;
                    world.messages = (1..=count).map(|uid| (uid, "A: b\r\n\r\n".to_owned())).collect();
                }
                ("tls", _) => {}
                (name, _) => return Err(format!("unknown setting `{name}`")),
            }
        }
        let host = "mail.example.org".parse().unwrap();
        Ok((world, ServerSession::new(Arc::new(Config { tls, host, mechanisms: Mechanism::ALL.to_vec() }))))
    }

    fn answer(&mut self, ask: Ask) -> Result<Answer, String> {
        if std::mem::take(&mut self.fails) {
            return Ok(Answer::Unavailable);
        }
        Ok(match ask {
            Ask::Sasl(question) => Answer::Sasl(match question {
                Question::Password { user, password }
                    if user == "a@example.org" && password.expose() == b"secret pass" =>
                {
                    sasl::Answer::Accepted(account())
                }
                Question::Password { .. } => sasl::Answer::Rejected,
                Question::ScramKeys { .. } => {
                    let keys = scram::derive(&mailctl::ground::secret::Secret::new("pencil"), b"salt", 4096);
                    sasl::Answer::ScramKeys(keys.into_keys(None, b"salt".to_vec(), 4096, "nonce".to_owned()))
                }
                Question::ScramOutcome { .. } => sasl::Answer::Rejected,
            }),
            Ask::Open { account: who } => {
                assert_eq!(who, account());
                let message = |(uid, text): &(u32, String)| Message { uid: *uid, octets: text.len() as u64 };
                Answer::Maildrop(Maildrop { uidvalidity: 77, messages: self.messages.iter().map(message).collect() })
            }
            Ask::Fetch { uid, lines } => match self.messages.iter().find(|(found, _)| *found == uid) {
                None => Answer::Gone,
                Some((_, text)) => {
                    let octets = lines.map_or(text.len() as u64, |lines| {
                        let mut top = Top::new(lines);
                        top.take(text.as_bytes());
                        top.octets()
                    });
                    Answer::Content { content: ContentRef(uid.into()), octets }
                }
            },
            Ask::Update { uids } => {
                self.messages.retain(|(uid, _)| !uids.contains(uid));
                self.removed.extend(uids);
                Answer::Updated
            }
        })
    }

    fn body(&mut self, octets: &[u8]) -> Result<(), String> {
        if octets.is_empty() { Ok(()) } else { Err("POP3 receives no messages".to_owned()) }
    }

    fn content(&mut self, splice: &Splice) -> Vec<u8> {
        let text = self.messages.iter().find(|(uid, _)| i64::from(*uid) == splice.content.0);
        let text = text.map(|(_, text)| text.as_bytes()).unwrap_or_default();
        text[splice.range.start as usize..splice.range.end as usize].to_vec()
    }

    fn directive(&mut self, name: &str, argument: &str) -> Result<(), String> {
        match name {
            "gone" => {
                let uid: u32 = argument.parse().map_err(|_| "gone takes a UID")?;
                self.messages.retain(|(found, _)| *found != uid);
                Ok(())
            }
            "fail" => {
                self.fails = true;
                Ok(())
            }
            "removed" => {
                let removed: Vec<String> = self.removed.iter().map(ToString::to_string).collect();
                if removed.join(",") == argument { Ok(()) } else { Err(format!("removed: {removed:?}")) }
            }
            other => Err(format!("unknown directive `{other}`")),
        }
    }
}
