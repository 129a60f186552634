//! The world of the transcripts of our SMTP client. `S` is the session under test, that is the client;
//! `C` is its counterpart, a server whose lines the transcript gives.
//!
//! Settings: `@wish never|opportunistic|required|implicit` (default `opportunistic`), `@credentials`
//! (`user` with `pencil`, and RFC 7677 §3's nonce), `@eight-bit refuse`, `@deliver ADDRESS... [8bit] [utf8]`
//! (messages to send, in order; then QUIT). Later: `@outcome ADDRESS CODE peer|ourselves`, each outcome in
//! turn; `@failed TEXT` for the error of the connection; `@tls-facts yes|no` for the last report.

use std::collections::VecDeque;

use mailctl::ground::secret::Secret;
use mailctl::protocol::smtp::client::{
    Answer, Ask, ClientSession, Config, Credentials, Delivery, EightBit, Origin, TlsWish,
};
use mailctl::protocol::{ContentRef, Splice};
use mailctl::vocabulary::mail::{BodyType, ReversePath};

use super::harness::World;

const CONTENT: &[u8] = b"Subject: x\r\n\r\n.dot\r\nno end";

#[derive(Default)]
pub struct SmtpClientWorld {
    deliveries: VecDeque<Delivery>,
    /// `ADDRESS CODE ORIGIN`, in the order of the reports.
    outcomes: VecDeque<String>,
    failed: Option<String>,
    tls_facts: bool,
}

impl World for SmtpClientWorld {
    type Session = ClientSession;
    const NUMERIC_REPLIES: bool = false;

    fn new(settings: &[(&str, &str)]) -> Result<(Self, Self::Session), String> {
        let mut config = Config {
            helo: "mail.example.org".parse().unwrap(),
            tls: TlsWish::Opportunistic,
            credentials: None,
            eight_bit: EightBit::SendAnyway,
        };
        let mut world = Self::default();
        for (name, argument) in settings {
            match (*name, *argument) {
                ("tls", _) => {}
                ("wish", "never") => config.tls = TlsWish::Never,
                ("wish", "opportunistic") => config.tls = TlsWish::Opportunistic,
                ("wish", "required") => config.tls = TlsWish::Required,
                ("wish", "implicit") => config.tls = TlsWish::Implicit,
                ("eight-bit", "refuse") => config.eight_bit = EightBit::Refuse,
                ("credentials", "") => {
                    config.credentials = Some(Credentials {
                        user: "user".to_owned(),
                        password: Secret::new("pencil"),
                        nonce: "rOprNGfwEbeRWgbNEkqO".to_owned(),
                    });
                }
                ("deliver", words) => world.deliveries.push_back(delivery(words)?),
                _ => return Err(format!("unknown setting @{name} {argument}")),
            }
        }
        Ok((world, ClientSession::new(config)))
    }

    fn answer(&mut self, ask: Ask) -> Result<Answer, String> {
        match ask {
            Ask::Next => {}
            Ask::Failed(error) => self.failed = Some(error.to_string()),
            Ask::Delivered(report) => {
                self.failed = report.error.map(|error| error.to_string());
                self.tls_facts = report.tls.is_some();
                for outcome in report.outcomes {
                    let origin = if outcome.origin == Origin::Peer { "peer" } else { "ourselves" };
                    self.outcomes.push_back(format!("{} {} {origin}", outcome.recipient, outcome.reply.code));
                }
            }
        }
        Ok(self.deliveries.pop_front().map_or(Answer::Quit, |delivery| Answer::Deliver(Box::new(delivery))))
    }

    fn body(&mut self, octets: &[u8]) -> Result<(), String> {
        if octets.is_empty() { Ok(()) } else { Err("a client receives no message".to_owned()) }
    }

    fn content(&mut self, splice: &Splice) -> Vec<u8> {
        CONTENT[splice.range.start as usize..splice.range.end as usize].to_vec()
    }

    fn directive(&mut self, name: &str, argument: &str) -> Result<(), String> {
        let (expected, found) = match name {
            "outcome" => (argument.to_owned(), self.outcomes.pop_front().unwrap_or("no outcome".to_owned())),
            "failed" => (argument.to_owned(), self.failed.clone().unwrap_or("no error".to_owned())),
            "tls-facts" => (argument.to_owned(), if self.tls_facts { "yes" } else { "no" }.to_owned()),
            _ => return Err(format!("unknown directive @{name}")),
        };
        if expected == found { Ok(()) } else { Err(format!("expected `{expected}`, got `{found}`")) }
    }
}

fn delivery(words: &str) -> Result<Delivery, String> {
    let mut delivery = Delivery {
        reverse_path: ReversePath::Address("a@example.org".parse().unwrap()),
        recipients: Vec::new(),
        body: BodyType::SevenBit,
        smtputf8: false,
        prefix: b"DKIM-Signature: s\r\n".to_vec(),
        content: ContentRef(1),
        range: 0..CONTENT.len() as u64,
    };
    for word in words.split(' ') {
        match word {
            "8bit" => delivery.body = BodyType::EightBitMime,
            "utf8" => delivery.smtputf8 = true,
            "bounce" => delivery.reverse_path = ReversePath::Null,
            address => delivery.recipients.push(address.parse().map_err(|_| format!("not an address: {address}"))?),
        }
    }
    Ok(delivery)
}
