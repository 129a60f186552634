//! The server's half of each mechanism, as one state machine.

use super::scram::{self, Binding, ClientFinal, ClientFirst};
use super::{Answer, Channel, Failure, Mechanism, Question, ScramKeys, Step, prepare};
use crate::ground::secret::Secret;
use crate::protocol::wire::base64_encode;
use crate::vocabulary::mail::Address;

/// One exchange: begun by [`Exchange::begin`], ended by [`Step::Success`] or [`Step::Failure`]. After
/// the end every call fails as malformed.
#[derive(Debug)]
pub struct Exchange {
    channel: Channel,
    state: State,
}

#[derive(Debug)]
enum State {
    /// A response must come: what the client says first.
    ClientFirst(Mechanism),
    LoginPassword {
        user: String,
    },
    /// A question about a password is out. The identity to act as, if one was given.
    Password {
        user: String,
        authorization: String,
    },
    ScramKeys(ScramFirst),
    ScramFinal {
        first: ScramFirst,
        keys: Box<ScramKeys>,
        server_first: String,
    },
    ScramOutcome {
        user: String,
        authorization: String,
        proved: bool,
        server_final: String,
    },
    /// The server's signature is out; the client has only to acknowledge it.
    ScramAcknowledge {
        account: Address,
    },
    Over,
}

/// What of the client-first-message is needed later.
#[derive(Debug)]
struct ScramFirst {
    /// GS2 header and, for -PLUS, the channel's bytes: what `c=` must hold.
    binding: Vec<u8>,
    bare: String,
    client_nonce: String,
    user: String,
    authorization: String,
}

impl Exchange {
    /// Begins. `initial` is the decoded initial response, if the client sent one.
    pub fn begin(mechanism: Mechanism, channel: Channel, initial: Option<&[u8]>) -> (Self, Step) {
        let mut exchange = Self { channel, state: State::ClientFirst(mechanism) };
        let step = match (initial, mechanism) {
            (Some(response), _) => exchange.respond(response),
            (None, Mechanism::Login) => Step::Challenge(b"Username:".to_vec()),
            // RFC 4954 §4: a client-first mechanism without initial response gets an empty challenge.
            (None, _) => Step::Challenge(Vec::new()),
        };
        (exchange, step)
    }

    /// The client's decoded response to the last challenge.
    pub fn respond(&mut self, response: &[u8]) -> Step {
        let state = std::mem::replace(&mut self.state, State::Over);
        let Ok(text) = std::str::from_utf8(response) else { return Step::Failure(Failure::Malformed) };
        let step = match state {
            State::ClientFirst(Mechanism::Plain) => self.plain(text),
            State::ClientFirst(Mechanism::Login) => self.login_user(text),
            State::ClientFirst(Mechanism::ScramSha256) => self.scram_first(text, false),
            State::ClientFirst(Mechanism::ScramSha256Plus) => self.scram_first(text, true),
            State::LoginPassword { user } => self.ask_password(&user, String::new(), text),
            State::ScramFinal { first, keys, server_first } => self.scram_final(first, &keys, &server_first, text),
            State::ScramAcknowledge { account } if text.is_empty() => Some(Step::Success { account }),
            _ => None,
        };
        step.unwrap_or(Step::Failure(Failure::Malformed))
    }

    /// The answer to the question that is out.
    pub fn answer(&mut self, answer: Answer) -> Step {
        if answer == Answer::Unavailable {
            self.state = State::Over;
            return Step::Failure(Failure::Unavailable);
        }
        match (std::mem::replace(&mut self.state, State::Over), answer) {
            (State::Password { user, authorization }, Answer::Accepted(account)) => {
                match may_act_as(&authorization, &user, &account) {
                    true => Step::Success { account },
                    false => Step::Failure(Failure::Rejected),
                }
            }
            (State::ScramKeys(first), Answer::ScramKeys(keys)) => {
                let nonce = format!("{}{}", first.client_nonce, keys.nonce);
                let server_first = scram::server_first(&nonce, &keys.salt, keys.iterations);
                let challenge = server_first.clone().into_bytes();
                self.state = State::ScramFinal { first, keys: Box::new(keys), server_first };
                Step::Challenge(challenge)
            }
            (State::ScramOutcome { user, authorization, proved: true, server_final }, Answer::Accepted(account))
                if may_act_as(&authorization, &user, &account) =>
            {
                self.state = State::ScramAcknowledge { account };
                Step::Challenge(server_final.into_bytes())
            }
            _ => Step::Failure(Failure::Rejected),
        }
    }

    /// RFC 4616 §2: `[authzid] NUL authcid NUL passwd`.
    fn plain(&mut self, text: &str) -> Option<Step> {
        let mut parts = text.split('\0');
        let (authorization, user, password) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        self.ask_password(user, authorization.to_owned(), password)
    }

    fn login_user(&mut self, text: &str) -> Option<Step> {
        if text.is_empty() {
            return None;
        }
        self.state = State::LoginPassword { user: text.to_owned() };
        Some(Step::Challenge(b"Password:".to_vec()))
    }

    fn ask_password(&mut self, user: &str, authorization: String, password: &str) -> Option<Step> {
        // RFC 4616 §2: a name or password that cannot be prepared, or is empty, fails.
        let (user, password) = (prepare(user)?, Secret::new(prepare(password)?));
        self.state = State::Password { user: user.clone(), authorization };
        Some(Step::Ask(Question::Password { user, password }))
    }

    fn scram_first(&mut self, text: &str, plus: bool) -> Option<Step> {
        let first = ClientFirst::parse(text)?;
        let mut binding = first.gs2_header.as_bytes().to_vec();
        match (first.binding, plus) {
            (Binding::None, false) => {}
            // RFC 5802 §6: a client that could bind and was told that we cannot has been lied to.
            (Binding::ClientOnly, false) if !self.channel.plus_offered => {}
            (Binding::TlsExporter, true) => binding.extend_from_slice(&self.channel.exporter?),
            _ => return None,
        }
        let user = prepare(&first.user)?;
        self.state = State::ScramKeys(ScramFirst {
            binding,
            bare: first.bare.to_owned(),
            client_nonce: first.nonce.to_owned(),
            user: user.clone(),
            authorization: first.authorization,
        });
        Some(Step::Ask(Question::ScramKeys { user }))
    }

    fn scram_final(&mut self, first: ScramFirst, keys: &ScramKeys, server_first: &str, text: &str) -> Option<Step> {
        let last = ClientFinal::parse(text)?;
        let nonce_is_ours = last.nonce.strip_prefix(first.client_nonce.as_str()) == Some(keys.nonce.as_str());
        if !nonce_is_ours || last.channel_binding != first.binding {
            return None;
        }
        let auth_message = format!("{},{server_first},{}", first.bare, last.without_proof);
        // The proof is computed for made-up keys too, so that time tells nothing.
        let holds = scram::proof_holds(&keys.stored_key, &auth_message, &last.proof);
        let proved = holds && keys.account.is_some();
        let signature = scram::server_signature(&keys.server_key, &auth_message);
        let question = Question::ScramOutcome { user: first.user.clone(), account: keys.account.clone(), proved };
        self.state = State::ScramOutcome {
            user: first.user,
            authorization: first.authorization,
            proved,
            server_final: format!("v={}", base64_encode(&signature)),
        };
        Some(Step::Ask(question))
    }
}

/// Nobody acts for somebody else: the authorization identity is absent or the user's own.
fn may_act_as(authorization: &str, user: &str, account: &Address) -> bool {
    authorization.is_empty()
        || prepare(authorization)
            .is_some_and(|wanted| wanted == user || wanted.to_lowercase() == account.to_string().to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> Address {
        "user@example.org".parse().unwrap()
    }

    fn password_question(user: &str, password: &str) -> Step {
        Step::Ask(Question::Password { user: user.to_owned(), password: Secret::new(password) })
    }

    /// RFC 7677 §3.
    fn rfc7677_keys(account: Option<Address>) -> Answer {
        let salt = b"[m\x99h\x9d\x125\x8e\xec\xa0K\x14\x126\xfa\x81".to_vec();
        let nonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0".to_owned();
        Answer::ScramKeys(scram::derive(&Secret::new("pencil"), &salt, 4096).into_keys(account, salt, 4096, nonce))
    }

    const RFC7677_FINAL: &[u8] =
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

    fn scram_until_final(last: &[u8], owner: Option<Address>) -> (Exchange, Step) {
        let first = Some(&b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"[..]);
        let (mut exchange, step) = Exchange::begin(Mechanism::ScramSha256, Channel::default(), first);
        assert_eq!(step, Step::Ask(Question::ScramKeys { user: "user".to_owned() }));
        let step = exchange.answer(rfc7677_keys(owner));
        let expected = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        assert_eq!(step, Step::Challenge(expected.into()));
        let step = exchange.respond(last);
        (exchange, step)
    }

    #[test]
    fn rfc7677_3_example() {
        let (mut exchange, step) = scram_until_final(RFC7677_FINAL, Some(account()));
        let outcome = Question::ScramOutcome { user: "user".to_owned(), account: Some(account()), proved: true };
        assert_eq!(step, Step::Ask(outcome));
        let step = exchange.answer(Answer::Accepted(account()));
        assert_eq!(step, Step::Challenge(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=".to_vec()));
        assert_eq!(exchange.respond(b""), Step::Success { account: account() });
        assert_eq!(exchange.respond(b""), Step::Failure(Failure::Malformed));
    }

    #[test]
    fn a_proof_counts_only_with_an_account_and_only_if_it_holds() {
        let forged = String::from_utf8_lossy(RFC7677_FINAL).replace(",p=d", ",p=e");
        for (last, owner) in [(RFC7677_FINAL, None), (forged.as_bytes(), Some(account()))] {
            let (mut exchange, step) = scram_until_final(last, owner);
            assert!(matches!(step, Step::Ask(Question::ScramOutcome { proved: false, .. })), "{step:?}");
            // Even an answerer that errs cannot let the user in.
            assert_eq!(exchange.answer(Answer::Accepted(account())), Step::Failure(Failure::Rejected));
        }
    }

    #[test]
    fn rfc5802_6_downgrades_and_wrong_channels_are_refused() {
        let offered = Channel { exporter: Some([7; 32]), plus_offered: true };
        let unbound = Channel::default();
        for (mechanism, channel, first, fine) in [
            (Mechanism::ScramSha256, offered, "y,,n=u,r=abc", false),
            (Mechanism::ScramSha256, unbound, "y,,n=u,r=abc", true),
            (Mechanism::ScramSha256, offered, "n,,n=u,r=abc", true),
            (Mechanism::ScramSha256, offered, "p=tls-exporter,,n=u,r=abc", false),
            (Mechanism::ScramSha256Plus, offered, "p=tls-exporter,,n=u,r=abc", true),
            (Mechanism::ScramSha256Plus, offered, "p=tls-unique,,n=u,r=abc", false),
            (Mechanism::ScramSha256Plus, offered, "n,,n=u,r=abc", false),
            (Mechanism::ScramSha256Plus, unbound, "p=tls-exporter,,n=u,r=abc", false),
        ] {
            let (_, step) = Exchange::begin(mechanism, channel, Some(first.as_bytes()));
            assert_eq!(matches!(step, Step::Ask(_)), fine, "{mechanism:?} {first}");
        }
    }

    #[test]
    fn plain_follows_rfc4616() {
        let begin = |text: &str| Exchange::begin(Mechanism::Plain, Channel::default(), Some(text.as_bytes())).1;
        assert_eq!(begin("\0tim\0tanstaaftanstaaf"), password_question("tim", "tanstaaftanstaaf"));
        // RFC 4013: a non-ASCII space is mapped to a space, a soft hyphen to nothing.
        assert_eq!(begin("\0I\u{ad}X\0a\u{a0}b"), password_question("IX", "a b"));
        for bad in ["", "\0", "\0u\0", "\0\0p", "u\0p", "\0u\0p\0x", "\0u\0\u{7}"] {
            assert_eq!(begin(bad), Step::Failure(Failure::Malformed), "{bad:?}");
        }
        let (_, step) = Exchange::begin(Mechanism::Plain, Channel::default(), None);
        assert_eq!(step, Step::Challenge(Vec::new()));
    }

    #[test]
    fn an_authorization_identity_must_be_ones_own() {
        for (authorization, fine) in [("", true), ("u", true), ("User@Example.org", true), ("boss@example.org", false)]
        {
            let text = format!("{authorization}\0u\0p");
            let (mut exchange, _) = Exchange::begin(Mechanism::Plain, Channel::default(), Some(text.as_bytes()));
            let step = exchange.answer(Answer::Accepted(account()));
            assert_eq!(step == Step::Success { account: account() }, fine, "{authorization}");
        }
    }

    #[test]
    fn login_asks_twice() {
        let (mut exchange, step) = Exchange::begin(Mechanism::Login, Channel::default(), None);
        assert_eq!(step, Step::Challenge(b"Username:".to_vec()));
        assert_eq!(exchange.respond(b"u"), Step::Challenge(b"Password:".to_vec()));
        assert_eq!(exchange.respond(b"p"), password_question("u", "p"));
        assert_eq!(exchange.answer(Answer::Unavailable), Step::Failure(Failure::Unavailable));
    }
}
