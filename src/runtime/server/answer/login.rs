//! Logins of all protocols: SASL questions answered from the plan's credentials, as long as the source has
//! not failed too often.
//!
//! A source that has is answered as if logins were out of order (SMTP 454 4.7.0 of RFC 4954 §6, IMAP
//! `[UNAVAILABLE]` of RFC 5530 §3, POP3 `[SYS/TEMP]` of RFC 3206 §4): temporary, so that a mail program whose
//! neighbour guesses does not ask its user for another password.

use std::net::IpAddr;
use std::sync::Arc;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;

use crate::ground::clock::Timestamp;
use crate::plan::document::LoginFailures;
use crate::protocol::sasl::{Answer, Question};
use crate::runtime::server::abuse::AbuseFeed;
use crate::runtime::server::credentials::{Credentials, Verdict};
use crate::runtime::server::generation::Generation;
use crate::runtime::server::guard::LoginGuard;

/// Answers the SASL questions of one connection.
#[derive(Clone)]
pub struct Logins {
    credentials: Arc<Credentials>,
    guard: LoginGuard,
    /// Absent: as often as one likes.
    limit: Option<LoginFailures>,
    peer: IpAddr,
    /// Absent: the kernel is not told who guesses passwords.
    abuse: Option<AbuseFeed>,
}

impl Logins {
    /// For a connection from `peer`.
    pub fn new(generation: &Generation, guard: LoginGuard, abuse: AbuseFeed, peer: IpAddr) -> Self {
        let limit = generation.plan.limits.login_failures.clone();
        let abuse = generation.plan.packet_filter.abuse_set.then_some(abuse);
        Self { credentials: generation.credentials.clone(), guard, limit, peer, abuse }
    }

    pub async fn answer(&self, question: Question) -> Answer {
        let peer = self.peer;
        match question {
            Question::Password { .. } | Question::ScramKeys { .. } if self.shut() => {
                tracing::debug!(%peer, "login refused: too many failures from this source");
                Answer::Unavailable
            }
            Question::Password { user, password } => match self.credentials.check(&user, password).await {
                Verdict::Accepted { account, app_password } => {
                    tracing::info!(account = %account, app_password, %peer, "logged in");
                    Answer::Accepted(account)
                }
                Verdict::Rejected => self.rejected(&user),
            },
            Question::ScramKeys { user } => match nonce() {
                Some(nonce) => {
                    let credentials = self.credentials.clone();
                    // Deriving keys takes 4096 rounds: not on a thread that moves bytes.
                    let keys = tokio::task::spawn_blocking(move || credentials.scram_keys(&user, nonce));
                    keys.await.map_or(Answer::Unavailable, Answer::ScramKeys)
                }
                None => Answer::Unavailable,
            },
            Question::ScramOutcome { user, account, proved } => match account {
                Some(account) if proved => {
                    tracing::info!(account = %account, %peer, "logged in with SCRAM");
                    Answer::Accepted(account)
                }
                _ => self.rejected(&user),
            },
        }
    }

    fn shut(&self) -> bool {
        self.limit.as_ref().is_some_and(|limit| self.guard.refuses(self.peer, limit, Timestamp::now()))
    }

    fn rejected(&self, user: &str) -> Answer {
        tracing::warn!(user = shown(user), peer = %self.peer, "login failed");
        if let Some(limit) = &self.limit
            && self.guard.failed(self.peer, limit, Timestamp::now())
        {
            tracing::warn!(
                peer = %self.peer,
                failures = limit.max,
                window_seconds = limit.window_seconds,
                "no more logins from this source until the window ends"
            );
            if let Some(abuse) = &self.abuse {
                abuse.ban(self.peer, limit.window_seconds);
            }
        }
        Answer::Rejected
    }
}

/// A user name for the log: bounded and printable, because strangers choose it.
fn shown(user: &str) -> String {
    user.chars().filter(|c| !c.is_control()).take(100).collect()
}

/// 18 random octets, base64 (RFC 5802 §5.1: printable, no comma).
fn nonce() -> Option<String> {
    let mut octets = [0; 18];
    SystemRandom::new().fill(&mut octets).ok()?;
    Some(BASE64_STANDARD_NO_PAD.encode(octets))
}
