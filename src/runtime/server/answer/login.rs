//! Logins of all protocols: SASL questions answered from the plan's credentials.

use std::net::IpAddr;
use std::sync::Arc;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;

use crate::protocol::sasl::{Answer, Question};
use crate::runtime::server::credentials::{Credentials, Verdict};

/// Answers one SASL question of the connection from `peer`.
pub async fn answer(credentials: &Arc<Credentials>, peer: IpAddr, question: Question) -> Answer {
    match question {
        Question::Password { user, password } => match credentials.check(&user, password).await {
            Verdict::Accepted(account) => {
                tracing::info!(account = %account, %peer, "logged in");
                Answer::Accepted(account)
            }
            Verdict::Rejected => {
                tracing::warn!(user = shown(&user), %peer, "login failed");
                Answer::Rejected
            }
        },
        Question::ScramKeys { user } => match nonce() {
            Some(nonce) => {
                let credentials = credentials.clone();
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
            _ => {
                tracing::warn!(user = shown(&user), %peer, "login with SCRAM failed");
                Answer::Rejected
            }
        },
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
