//! The client's half, for relays that want credentials: SCRAM-SHA-256, PLAIN, LOGIN.

use subtle::ConstantTimeEq;

use super::scram::{self, ServerFirst};
use super::{Mechanism, prepare};
use crate::ground::secret::Secret;
use crate::protocol::wire::{base64_decode, base64_encode};

/// What we can do, best first. SCRAM shows the password to nobody.
const PREFERENCE: [Mechanism; 3] = [Mechanism::ScramSha256, Mechanism::Plain, Mechanism::Login];

/// Why the client gives up; the server is not who knows the password, or no server at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server does not follow the mechanism")]
pub struct Broken;

/// The best mechanism among those that a server offers.
pub fn choose(offered: &[Mechanism]) -> Option<Mechanism> {
    PREFERENCE.into_iter().find(|mechanism| offered.contains(mechanism))
}

/// One login.
#[derive(Debug)]
pub struct Login {
    user: String,
    password: Secret,
    state: State,
}

#[derive(Debug)]
enum State {
    LoginPassword,
    LoginUser,
    /// All is said; the server's verdict follows, no challenge.
    Said,
    ScramFirst {
        bare: String,
        nonce: String,
    },
    ScramFinal {
        server_signature: [u8; 32],
    },
}

impl Login {
    /// The initial response comes with it, where the mechanism has one. `nonce` is random, printable, without comma; 18 octets as base64 are right.
    pub fn new(mechanism: Mechanism, user: &str, password: &Secret, nonce: &str) -> (Self, Option<Vec<u8>>) {
        // RFC 4013 §2: what cannot be prepared is sent as it is, and the server decides.
        let user = prepare(user).unwrap_or_else(|| user.to_owned());
        let password = match std::str::from_utf8(password.expose()).ok().and_then(prepare) {
            Some(prepared) => Secret::new(prepared),
            None => password.clone(),
        };
        let (state, initial) = match mechanism {
            Mechanism::Plain => {
                let message = [b"\0", user.as_bytes(), b"\0", password.expose()].concat();
                (State::Said, Some(message))
            }
            Mechanism::Login => (State::LoginUser, None),
            Mechanism::ScramSha256 | Mechanism::ScramSha256Plus => {
                let bare = format!("n={},r={nonce}", scram::escape(&user));
                let message = format!("n,,{bare}").into_bytes();
                (State::ScramFirst { bare, nonce: nonce.to_owned() }, Some(message))
            }
        };
        (Self { user, password, state }, initial)
    }

    /// The response to a decoded challenge.
    ///
    /// # Errors
    /// If the server does not follow the mechanism, or cannot prove that it knows the password.
    pub fn respond(&mut self, challenge: &[u8]) -> Result<Vec<u8>, Broken> {
        match std::mem::replace(&mut self.state, State::Said) {
            // The challenges' texts are not fixed; their order is.
            State::LoginUser => {
                self.state = State::LoginPassword;
                Ok(self.user.clone().into_bytes())
            }
            State::LoginPassword => Ok(self.password.expose().to_vec()),
            State::ScramFirst { bare, nonce } => self.scram_final(&bare, &nonce, challenge),
            State::ScramFinal { server_signature } => {
                let signature = challenge.strip_prefix(b"v=").and_then(base64_decode).ok_or(Broken)?;
                if bool::from(signature.ct_eq(&server_signature)) { Ok(Vec::new()) } else { Err(Broken) }
            }
            State::Said => Err(Broken),
        }
    }

    /// Whether a positive verdict may be believed now: a SCRAM server must have proved itself first.
    pub fn may_succeed(&self) -> bool {
        matches!(self.state, State::Said)
    }

    fn scram_final(&mut self, bare: &str, nonce: &str, challenge: &[u8]) -> Result<Vec<u8>, Broken> {
        let server_first = std::str::from_utf8(challenge).map_err(|_| Broken)?;
        let first = ServerFirst::parse(server_first).ok_or(Broken)?;
        // RFC 5802 §5.1: the server's nonce begins with ours and adds to it.
        if first.nonce.strip_prefix(nonce).is_none_or(str::is_empty) {
            return Err(Broken);
        }
        let derived = scram::derive(&self.password, &first.salt, first.iterations);
        let without_proof = format!("c=biws,r={}", first.nonce);
        let auth_message = format!("{bare},{server_first},{without_proof}");
        let proof = base64_encode(&derived.client_proof(&auth_message));
        let server_signature = scram::server_signature(&derived.server_key, &auth_message);
        self.state = State::ScramFinal { server_signature };
        Ok(format!("{without_proof},p={proof}").into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Answer, Channel, Exchange, Question, Step};
    use super::*;

    fn login(mechanism: Mechanism) -> (Login, Option<Vec<u8>>) {
        Login::new(mechanism, "user", &Secret::new("pencil"), "rOprNGfwEbeRWgbNEkqO")
    }

    #[test]
    fn rfc7677_3_example() {
        let (mut login, initial) = login(Mechanism::ScramSha256);
        assert_eq!(initial.as_deref(), Some(&b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"[..]));
        let first = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let last = login.respond(first).unwrap();
        assert!(last.ends_with(b",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="));
        assert!(!login.may_succeed());
        assert_eq!(login.respond(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), Ok(Vec::new()));
        assert!(login.may_succeed());
    }

    #[test]
    fn a_server_that_cannot_prove_itself_is_not_believed() {
        let (mut login, _) = login(Mechanism::ScramSha256);
        assert_eq!(login.respond(b"r=somebodyelse,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"), Err(Broken));
        let (mut login, _) = self::login(Mechanism::ScramSha256);
        login.respond(b"r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096").unwrap();
        assert_eq!(login.respond(b"v=AAAA"), Err(Broken));
    }

    #[test]
    fn our_client_and_our_server_understand_each_other() {
        let account: crate::vocabulary::mail::Address = "user@example.org".parse().unwrap();
        for mechanism in PREFERENCE {
            let (mut login, initial) = login(mechanism);
            let (mut exchange, mut step) = Exchange::begin(mechanism, Channel::default(), initial.as_deref());
            let reached = loop {
                step = match step {
                    Step::Challenge(challenge) => exchange.respond(&login.respond(&challenge).unwrap()),
                    Step::Ask(Question::ScramKeys { .. }) => {
                        let keys = scram::derive(&Secret::new("pencil"), b"salt", 4096);
                        let nonce = "server".to_owned();
                        let keys = keys.into_keys(Some(account.clone()), b"salt".to_vec(), 4096, nonce);
                        exchange.answer(Answer::ScramKeys(keys))
                    }
                    Step::Ask(Question::Password { password, .. }) => {
                        assert_eq!(password, Secret::new("pencil"));
                        exchange.answer(Answer::Accepted(account.clone()))
                    }
                    Step::Ask(Question::ScramOutcome { .. }) => exchange.answer(Answer::Accepted(account.clone())),
                    Step::Success { account } => break Some(account),
                    Step::Failure(_) => break None,
                };
            };
            assert_eq!(reached.as_ref(), Some(&account), "{mechanism:?}");
        }
    }
}
