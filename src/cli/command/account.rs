//! `mailctl account hash-password`: makes a one-way hash for the configuration.

use std::io::{BufRead, IsTerminal, Write};

use argon2::{Argon2, PasswordHasher};

use crate::cli::{Failure, Outcome, print};
use crate::ground::limits;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Read a password from standard input and print its argon2id hash.
    HashPassword,
}

pub fn run(command: Command) -> Result<Outcome, Failure> {
    match command {
        Command::HashPassword => hash_password(),
    }
}

fn hash_password() -> Result<Outcome, Failure> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        eprint!("Password (shown while you type; pipe it in to avoid that): ");
        std::io::stderr().flush()?;
    }
    let mut line = String::new();
    std::io::Read::take(stdin.lock(), limits::SECRET_OCTETS_MAX as u64).read_line(&mut line)?;
    let password = line.trim_end_matches(['\n', '\r']);
    if password.is_empty() {
        return Err(Failure(
            "an empty password protects nothing; pipe one in: printf %s 'the password' | mailctl account hash-password"
                .into(),
        ));
    }
    let hash = Argon2::default().hash_password(password.as_bytes()).map_err(|error| Failure(error.to_string()))?;
    print(&hash.to_string());
    Ok(Outcome::Done)
}
