//! The quickstart's self-test: a message each way in, read back each way out, and what must be refused.

use std::io;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::{HOST, Ports, USER};
use crate::apply::probe::Probe;
use crate::apply::verify;
use crate::cli::{Failure, print};
use crate::ground::clock::Timestamp;
use crate::plan::Plan;
use crate::runtime::server::activation::StateFolder;

/// Does the tour, a line for each stop. Blocking.
pub fn take(state: &StateFolder, plan: &Plan, ports: &Ports, password: &str) -> Result<(), Failure> {
    let mismatches = verify::with_state(plan, state.root())?;
    if let Some(mismatch) = mismatches.first() {
        return Err(Failure(mismatch.to_string()));
    }
    done(&format!("all {} listeners greet, and show the right certificate and login offers", plan.listeners.len()));
    let stamp = Timestamp::now();
    let (sent, received) = (format!("sent {}", stamp.0), format!("received {}", stamp.0));
    submit(ports, password, &sent, stamp)?;
    done(&format!("submission on {}: implicit TLS, AUTH PLAIN, message accepted", ports.of("submissions")));
    receive(ports, &received, stamp)?;
    done(&format!("smtp on {}: STARTTLS, message from another server accepted", ports.of("smtp")));
    refuse_to_relay(ports)?;
    done(&format!("smtp on {}: a message for a foreign domain refused (no open relay)", ports.of("smtp")));
    read_imap(ports, password, &sent, &received)?;
    done(&format!("imaps on {}: both messages are in the INBOX", ports.of("imaps")));
    read_pop3(ports, password, &received)?;
    done(&format!("pop3s on {}: the message comes back as it was sent", ports.of("pop3s")));
    refuse_clear_login(ports, password)?;
    done(&format!("imap on {}: LOGIN before TLS refused", ports.of("imap")));
    Ok(())
}

fn done(what: &str) {
    print(&format!("   ok  {what}"));
}

fn expect(lines: &[String], start: &str) -> io::Result<()> {
    match lines.last() {
        Some(line) if line.starts_with(start) => Ok(()),
        other => {
            Err(io::Error::other(format!("expected {start}, the server said {:?}", other.map_or("nothing", |l| l))))
        }
    }
}

fn command(probe: &mut Probe, line: &str, code: &str) -> io::Result<()> {
    probe.say(line)?;
    expect(&probe.smtp_reply()?, code)
}

fn message(from: &str, subject: &str, at: Timestamp) -> String {
    format!(
        "From: <{from}>\r\nTo: <{USER}>\r\nSubject: {subject}\r\nDate: {}\r\nMessage-ID: <{}.{}@quickstart.test>\r\n\r\nHello, {USER}.\r\n..A line that begins with a dot.\r\n.\r\n",
        at.rfc5322(),
        at.0,
        subject.split(' ').next().unwrap_or_default()
    )
}

fn submit(ports: &Ports, password: &str, subject: &str, at: Timestamp) -> io::Result<()> {
    let (mut probe, _) = Probe::connect(ports.socket("submissions"))?.start_tls(HOST)?;
    expect(&probe.smtp_reply()?, "220")?;
    command(&mut probe, "EHLO client.quickstart.test", "250")?;
    let response = BASE64_STANDARD.encode(format!("\0{USER}\0{password}"));
    command(&mut probe, &format!("AUTH PLAIN {response}"), "235")?;
    hand_over(&mut probe, USER, subject, at)
}

fn receive(ports: &Ports, subject: &str, at: Timestamp) -> io::Result<()> {
    let mut probe = Probe::connect(ports.socket("smtp"))?;
    expect(&probe.smtp_reply()?, "220")?;
    command(&mut probe, "EHLO mx.elsewhere.test", "250")?;
    command(&mut probe, "STARTTLS", "220")?;
    let (mut probe, _) = probe.start_tls(HOST)?;
    command(&mut probe, "EHLO mx.elsewhere.test", "250")?;
    hand_over(&mut probe, "friend@elsewhere.test", subject, at)
}

fn hand_over(probe: &mut Probe, from: &str, subject: &str, at: Timestamp) -> io::Result<()> {
    command(probe, &format!("MAIL FROM:<{from}>"), "250")?;
    command(probe, &format!("RCPT TO:<{USER}>"), "250")?;
    command(probe, "DATA", "354")?;
    probe.send(message(from, subject, at).as_bytes())?;
    expect(&probe.smtp_reply()?, "250")?;
    command(probe, "QUIT", "221")
}

fn refuse_to_relay(ports: &Ports) -> io::Result<()> {
    let mut probe = Probe::connect(ports.socket("smtp"))?;
    expect(&probe.smtp_reply()?, "220")?;
    command(&mut probe, "EHLO mx.elsewhere.test", "250")?;
    command(&mut probe, "MAIL FROM:<friend@elsewhere.test>", "250")?;
    command(&mut probe, "RCPT TO:<somebody@foreign.test>", "550")?;
    command(&mut probe, "QUIT", "221")
}

fn read_imap(ports: &Ports, password: &str, sent: &str, received: &str) -> io::Result<()> {
    let (mut probe, _) = Probe::connect(ports.socket("imaps"))?.start_tls(HOST)?;
    probe.line()?;
    for (tag, line, must_say) in [
        ("a", format!("LOGIN {USER} {password}"), Vec::new()),
        ("b", "SELECT INBOX".to_owned(), Vec::new()),
        ("c", "FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])".to_owned(), vec![sent, received]),
        ("d", "LOGOUT".to_owned(), Vec::new()),
    ] {
        probe.say(&format!("{tag} {line}"))?;
        let lines = probe.imap_reply(tag)?;
        expect(&lines, &format!("{tag} OK"))?;
        for subject in must_say {
            let found = lines.iter().any(|line| line.contains(subject));
            if !found {
                return Err(io::Error::other(format!("the message with the subject `{subject}` is not in the INBOX")));
            }
        }
    }
    Ok(())
}

fn read_pop3(ports: &Ports, password: &str, subject: &str) -> io::Result<()> {
    let (mut probe, _) = Probe::connect(ports.socket("pop3s"))?.start_tls(HOST)?;
    probe.line()?;
    let mut last = 0_u32;
    for line in [format!("USER {USER}"), format!("PASS {password}"), "STAT".to_owned()] {
        probe.say(&line)?;
        let reply = probe.line()?;
        expect(std::slice::from_ref(&reply), "+OK")?;
        last = reply.split(' ').nth(1).and_then(|count| count.parse().ok()).unwrap_or(last);
    }
    probe.say(&format!("RETR {last}"))?;
    let lines = probe.pop3_lines()?;
    let whole =
        lines.iter().any(|l| l.contains(subject)) && lines.iter().any(|l| l == "..A line that begins with a dot.");
    if !whole {
        return Err(io::Error::other("POP3 does not give the message back as it was sent"));
    }
    probe.say("QUIT")?;
    expect(&[probe.line()?], "+OK")
}

fn refuse_clear_login(ports: &Ports, password: &str) -> io::Result<()> {
    let mut probe = Probe::connect(ports.socket("imap"))?;
    probe.line()?;
    probe.say(&format!("a LOGIN {USER} {password}"))?;
    expect(&probe.imap_reply("a")?, "a NO")
}

/// Lines to copy for other clients.
pub fn invitations(folder: &Path, ports: &Ports, password: &str) -> String {
    let ca = folder.join("certificates/ca/ca.pem");
    let ca = ca.display();
    let (imaps, submissions, imap) = (ports.of("imaps"), ports.of("submissions"), ports.of("imap"));
    format!(
        "Try it yourself (user {USER}, password {password}):

  curl --cacert {ca} --resolve {HOST}:{imaps}:127.0.0.1 --user '{USER}:{password}' 'imaps://{HOST}:{imaps}/INBOX;MAILINDEX=1'
  printf 'From: {USER}\\nSubject: hello\\n\\nHello\\n' | curl --cacert {ca} --resolve {HOST}:{submissions}:127.0.0.1 --user '{USER}:{password}' --mail-from {USER} --mail-rcpt {USER} --crlf --upload-file - smtps://{HOST}:{submissions}
  openssl s_client -connect 127.0.0.1:{imap} -starttls imap -CAfile {ca} -servername {HOST} -crlf -quiet
  mutt -e 'set ssl_verify_host=no certificate_file={ca} imap_user={USER} imap_pass={password}' -f imaps://127.0.0.1:{imaps}/INBOX
"
    )
}
