//! The world that sessions of any protocol are driven in: one account, `a@example.org` with the password `secret`,
//! and TLS that stands.

use mailctl::ground::secret::Secret;
use mailctl::protocol::TlsFacts;
use mailctl::protocol::sasl::{self, Question, scram};

pub fn facts() -> TlsFacts {
    TlsFacts { version: "TLSv1.3".into(), cipher: "TLS13_AES_256_GCM_SHA384".into(), exporter: Some([7; 32]) }
}

pub fn answer_sasl(question: Question) -> sasl::Answer {
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
