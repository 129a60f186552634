//! Everything that a client can observe of a session, as text files: `tests/transcripts/PROTOCOL/*.txt`.
//!
//! `transcripts/harness.rs` explains the form. Each file is played several times, with the client's
//! octets cut in different ways, and must give the same result each time.

#[path = "transcripts/harness.rs"]
mod harness;
#[path = "transcripts/imap_world.rs"]
mod imap_world;
#[path = "transcripts/pop3_world.rs"]
mod pop3_world;
#[path = "transcripts/smtp_client_world.rs"]
mod smtp_client_world;
#[path = "transcripts/smtp_world.rs"]
mod smtp_world;

#[test]
fn smtp_transcripts() {
    harness::play_folder::<smtp_world::SmtpWorld>("smtp", 49);
}

#[test]
fn smtp_client_transcripts() {
    harness::play_folder::<smtp_client_world::SmtpClientWorld>("smtp-client", 12);
}

#[test]
fn pop3_transcripts() {
    harness::play_folder::<pop3_world::Pop3World>("pop3", 20);
}

#[test]
fn imap_transcripts() {
    harness::play_folder::<imap_world::ImapWorld>("imap", 28);
}
