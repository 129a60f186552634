//! The world of the SMTP transcripts: `example.org` is ours, with the accounts `a` and `b` (password
//! `secret`) and the address `ä`; `mail.example.org` is our host.
//!
//! Directives: `@listener smtp|smtp-no-tls|submission|submissions`, `@size N` (default 1000), `@recipients N`
//! (default 3) before the first line; later `@answer mail|rcpt|begin|accept REPLY` (the next question of
//! that kind is refused), `@answer sasl` (unavailable), `@stored N` (messages so far) and
//! `@message TEXT` (the last message, with escapes). The trace prefix is `Trace: WITH HELO COUNT`.

use std::collections::VecDeque;
use std::sync::Arc;

use mailctl::ground::secret::Secret;
use mailctl::protocol::sasl::{self, Mechanism, Question, scram};
use mailctl::protocol::smtp::server::{Answer, Ask, Config, Kind, ServerSession, TlsMode};
use mailctl::vocabulary::mail::{Address, Enhanced, Reply};

use super::harness::{World, unescape};

/// The proof that only this store makes.
#[derive(Debug)]
pub struct Durable(());

#[derive(Default)]
pub struct SmtpWorld {
    begun: Option<Vec<u8>>,
    stored: Vec<Vec<u8>>,
    /// Kind of question and its refusal.
    refusals: VecDeque<(String, Reply)>,
}

impl World for SmtpWorld {
    type Session = ServerSession<Durable>;
    const NUMERIC_REPLIES: bool = true;

    fn new(settings: &[(&str, &str)]) -> Result<(Self, Self::Session), String> {
        let mut config = Config {
            kind: Kind::Smtp,
            tls: TlsMode::Starttls,
            host: "mail.example.org".parse().unwrap(),
            message_octets_max: 1000,
            recipients_max: 3,
            mechanisms: Mechanism::ALL.to_vec(),
        };
        for (name, argument) in settings {
            match (*name, *argument) {
                ("listener", "smtp") | ("tls", _) => {}
                ("listener", "smtp-no-tls") => config.tls = TlsMode::None,
                ("listener", "submission") => (config.kind, config.tls) = (Kind::Submission, TlsMode::StarttlsRequired),
                ("listener", "submissions") => (config.kind, config.tls) = (Kind::Submission, TlsMode::Implicit),
                ("size", n) => config.message_octets_max = n.parse().map_err(|_| "not a size")?,
                ("recipients", n) => config.recipients_max = n.parse().map_err(|_| "not a number")?,
                _ => return Err(format!("unknown setting @{name} {argument}")),
            }
        }
        Ok((Self::default(), ServerSession::new(Arc::new(config))))
    }

    fn answer(&mut self, ask: Ask) -> Result<Answer<Durable>, String> {
        let kind = kind_of(&ask);
        if self.refusals.front().is_some_and(|(refused, _)| refused == kind) {
            if kind == "accept" {
                self.begun.take().ok_or("Accept without Begin")?;
            }
            let (_, reply) = self.refusals.pop_front().unwrap();
            return Ok(if kind == "sasl" { Answer::Sasl(sasl::Answer::Unavailable) } else { Answer::Refuse(reply) });
        }
        match ask {
            Ask::Sasl(question) => Ok(Answer::Sasl(answer_sasl(question))),
            Ask::MailFrom { reverse_path, account, .. } => Ok(match (reverse_path.address(), account) {
                (Some(address), Some(account)) if *address != account => {
                    refuse(553, Enhanced(5, 7, 1), "Not your address")
                }
                _ => Answer::Ok,
            }),
            Ask::RcptTo { recipient, account, .. } => Ok(recipient_known(&recipient.forward_path, account.is_some())),
            Ask::Begin { transaction } => {
                let count = transaction.envelope.recipients.len();
                let trace = format!("Trace: {} {} {count}\r\n", transaction.with, transaction.helo).into_bytes();
                match self.begun.replace(Vec::new()) {
                    None => Ok(Answer::Proceed { trace }),
                    Some(_) => Err("Begin within Begin".to_owned()),
                }
            }
            Ask::Accept { octets, received_fields, .. } => {
                let message = self.begun.take().ok_or("Accept without Begin")?;
                let trace = message.iter().position(|&b| b == b'\n').map_or(0, |lf| lf + 1);
                if octets != (message.len() - trace) as u64 {
                    return Err(format!("{octets} octets claimed, {} there", message.len() - trace));
                }
                if received_fields > 100 {
                    return Ok(refuse(554, Enhanced(5, 4, 6), "Loop"));
                }
                self.stored.push(message);
                Ok(Answer::Stored { proof: Durable(()), id: self.stored.len().to_string() })
            }
            Ask::Discard => self.begun.take().map(|_| Answer::Ok).ok_or("Discard without Begin".to_owned()),
        }
    }

    fn body(&mut self, octets: &[u8]) -> Result<(), String> {
        match &mut self.begun {
            Some(message) => message.extend_from_slice(octets),
            None if octets.is_empty() => {}
            None => return Err(format!("octets without Begin: {}", octets.escape_ascii())),
        }
        Ok(())
    }

    fn directive(&mut self, name: &str, argument: &str) -> Result<(), String> {
        match name {
            "answer" => {
                let (kind, reply) = argument.split_once(' ').unwrap_or((argument, "454 4.7.0 unavailable"));
                self.refusals.push_back((kind.to_owned(), reply_from(reply).ok_or("not a reply")?));
                Ok(())
            }
            "stored" if argument == self.stored.len().to_string() => Ok(()),
            "stored" => Err(format!("{} messages are stored", self.stored.len())),
            "message" if self.stored.last() == Some(&unescape(argument)) => Ok(()),
            "message" => {
                let last = self.stored.last().map(|message| message.escape_ascii().to_string());
                Err(format!("the last message is {}", last.unwrap_or_default()))
            }
            _ => Err(format!("unknown directive @{name}")),
        }
    }
}

fn kind_of(ask: &Ask) -> &'static str {
    match ask {
        Ask::Accept { .. } => "accept",
        Ask::Begin { .. } => "begin",
        Ask::Discard => "discard",
        Ask::MailFrom { .. } => "mail",
        Ask::RcptTo { .. } => "rcpt",
        Ask::Sasl(_) => "sasl",
    }
}

fn reply_from(text: &str) -> Option<Reply> {
    let mut words = text.splitn(3, ' ');
    let code = words.next()?.parse().ok()?;
    let mut digits = words.next()?.split('.').map(str::parse);
    let enhanced = Enhanced(digits.next()?.ok()? as u8, digits.next()?.ok()?, digits.next()?.ok()?);
    Some(Reply::new(code, enhanced, words.next().unwrap_or("refused").replace("\\n", "\n")))
}

fn refuse<P>(code: u16, enhanced: Enhanced, text: &str) -> Answer<P> {
    Answer::Refuse(Reply::new(code, enhanced, text))
}

fn recipient_known<P>(address: &Address, authenticated: bool) -> Answer<P> {
    let known = ["a", "b", "ä", "postmaster", "\"a b\""];
    match address.domain.as_str() {
        "example.org" | "mail.example.org" if known.contains(&address.local.to_string().as_str()) => Answer::Ok,
        "example.org" | "mail.example.org" => refuse(550, Enhanced(5, 1, 1), "No such user"),
        _ if authenticated => Answer::Ok,
        _ => refuse(550, Enhanced(5, 7, 1), "Relaying denied"),
    }
}

/// The accounts of this world, and RFC 7677 §3's `user` with the password `pencil`.
pub fn answer_sasl(question: Question) -> sasl::Answer {
    let account = |user: &str| match user {
        "a@example.org" | "b@example.org" => user.parse().ok(),
        "user" => "a@example.org".parse().ok(),
        _ => None,
    };
    match question {
        Question::Password { user, password } => match account(&user) {
            Some(address) if password == Secret::new("secret") => sasl::Answer::Accepted(address),
            _ => sasl::Answer::Rejected,
        },
        Question::ScramKeys { user } => {
            let salt = b"[m\x99h\x9d\x125\x8e\xec\xa0K\x14\x126\xfa\x81".to_vec();
            let nonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0".to_owned();
            let keys = scram::derive(&Secret::new("pencil"), &salt, 4096);
            sasl::Answer::ScramKeys(keys.into_keys(account(&user), salt, 4096, nonce))
        }
        Question::ScramOutcome { account: Some(account), proved: true, .. } => sasl::Answer::Accepted(account),
        Question::ScramOutcome { .. } => sasl::Answer::Rejected,
    }
}
