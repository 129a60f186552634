//! The server in this process, seen through sockets: what a plan promises, a swap without loss, a swap
//! that fails, and the ways in which strangers misbehave.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mailctl::apply::probe::Probe;
use mailctl::apply::{ApplyError, apply, verify};
use mailctl::compiler::{self, Inputs};
use mailctl::ground::clock::Timestamp;
use mailctl::ground::diagnostic::Source;
use mailctl::ground::secret::SecretRef;
use mailctl::mailflow::srs::Rewriter;
use mailctl::plan::Plan;
use mailctl::plan::document::{LoginFailures, Password, Srs, SrsKey};
use mailctl::runtime::server::Server;
use mailctl::runtime::server::activation::StateFolder;
use mailctl::runtime::server::keyring::Keyring;

const NAMES: [&str; 7] = ["smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s"];

/// A state folder, a running server, and the ports that its listeners may use.
struct World {
    folder: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
    server: Arc<Server>,
    ports: Vec<u16>,
}

impl World {
    /// Serves with the listeners named.
    fn serving(listeners: &[&str]) -> Self {
        Self::serving_edited(listeners, |_| {})
    }

    /// Serves with the listeners named, and a plan that was edited.
    fn serving_edited(listeners: &[&str], edit: impl FnOnce(&mut Plan)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), "pass word\n").unwrap();
        let held: Vec<TcpListener> =
            NAMES.iter().map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()).collect();
        let ports: Vec<u16> = held.iter().map(|l| l.local_addr().unwrap().port()).collect();
        drop(held);
        let state = StateFolder::new(folder.path());
        let mut plan = plan(folder.path(), &ports, listeners);
        edit(&mut plan);
        apply(&state, &plan, folder.path(), &None, None).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let server = runtime.block_on(Server::start(state)).unwrap();
        Self { folder, runtime, server, ports }
    }

    fn state(&self) -> StateFolder {
        StateFolder::new(self.folder.path())
    }

    fn plan(&self, listeners: &[&str]) -> Plan {
        plan(self.folder.path(), &self.ports, listeners)
    }

    fn apply(&self, plan: &Plan) -> Result<(), ApplyError> {
        apply(&self.state(), plan, self.folder.path(), &None, None).map(|applied| assert!(applied.swapped))
    }

    fn socket(&self, listener: &str) -> SocketAddr {
        let at = NAMES.iter().position(|name| *name == listener).unwrap();
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.ports[at]))
    }

    fn connect(&self, listener: &str) -> Probe {
        let mut probe = Probe::connect(self.socket(listener)).unwrap();
        if listener.ends_with('s') && listener != "pop3" {
            probe = probe.start_tls("mail.bar.test").unwrap().0;
        }
        probe.line().unwrap();
        probe
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.runtime.block_on(self.server.stop());
    }
}

fn plan(folder: &Path, ports: &[u16], listeners: &[&str]) -> Plan {
    let listeners: String = NAMES
        .iter()
        .zip(ports)
        .filter(|(name, _)| listeners.contains(name))
        .map(|(name, port)| format!("  {name}: {{ port: {port}, addresses: [127.0.0.1] }}\n"))
        .collect();
    let yaml = format!(
        "version: 1\nprofile: lab\nhost: {{ name: mail.bar.test, addresses: [127.0.0.1] }}\nlisteners:\n{listeners}\
         certificates: {{ self_signed: true }}\ndomains: {{ bar.test: {{}} }}\naccounts:\n  u1@bar.test: {{ password: {{ file: secret }} }}\n\
         limits: {{ drain: 1s }}\n"
    );
    let compilation = compiler::compile(&Source { name: "test.yaml", text: &yaml }, &Inputs::from_disk(folder));
    compilation.plan.unwrap_or_else(|| panic!("{:#?}", compilation.diagnostics))
}

fn say(probe: &mut Probe, line: &str, code: &str) {
    probe.say(line).unwrap();
    let reply = probe.smtp_reply().unwrap();
    assert!(reply.last().unwrap().starts_with(code), "{line}: {reply:?}");
}

fn imap(probe: &mut Probe, tag: &str, line: &str) -> Vec<String> {
    probe.say(&format!("{tag} {line}")).unwrap();
    let lines = probe.imap_reply(tag).unwrap();
    assert!(lines.last().unwrap().starts_with(&format!("{tag} OK")), "{line}: {lines:?}");
    lines
}

#[test]
fn every_listener_does_what_the_plan_says() {
    let world = World::serving(&NAMES);
    let plan = world.plan(&NAMES);
    assert_eq!(verify::with_state(&plan, world.folder.path()).unwrap(), vec![]);
    // And the verification can fail: another certificate than the plan's is noticed on all of them.
    assert_eq!(verify::verify(&plan, &vec![vec![0]]).len(), NAMES.len());
}

#[test]
fn a_swap_keeps_idle_and_data_alive() {
    let world = World::serving(&["smtp", "submissions", "imap", "imaps"]);
    let mut idle = world.connect("imaps");
    imap(&mut idle, "a", "LOGIN u1@bar.test \"pass word\"");
    imap(&mut idle, "b", "SELECT INBOX");
    idle.say("c IDLE").unwrap();
    assert!(idle.line().unwrap().starts_with('+'));
    let mut data = world.connect("smtp");
    for (line, code) in
        [("EHLO x.test", "250"), ("MAIL FROM:<a@x.test>", "250"), ("RCPT TO:<u1@bar.test>", "250"), ("DATA", "354")]
    {
        say(&mut data, line, code);
    }
    data.say("Subject: half").unwrap();

    world.apply(&world.plan(&["smtp", "submissions", "submission", "imaps"])).unwrap();

    assert!(Probe::connect(world.socket("imap")).is_err(), "143 is closed");
    world.connect("submission");
    data.say("\r\nthe other half\r\n.").unwrap();
    assert!(data.smtp_reply().unwrap()[0].starts_with("250 2."));
    let news = idle.line().unwrap();
    assert_eq!(news, "* 1 EXISTS", "the IDLE session hears of the message that the DATA session brought");
    idle.say("DONE").unwrap();
    assert!(idle.imap_reply("c").unwrap().last().unwrap().starts_with("c OK"));
}

#[test]
fn a_swap_that_cannot_bind_changes_nothing_and_says_why() {
    let world = World::serving(&["smtp", "imaps"]);
    let _taken = TcpListener::bind(world.socket("pop3s")).unwrap();
    let error = world.apply(&world.plan(&["smtp", "imaps", "pop3s"])).unwrap_err().to_string();
    assert!(
        error.contains(&world.socket("pop3s").to_string()) && error.contains("another program listens there"),
        "{error}"
    );
    world.connect("smtp");
    world.connect("imaps");
    assert_eq!(world.state().active().unwrap().unwrap().generation, 1);
}

#[test]
fn a_plan_with_a_missing_secret_changes_nothing() {
    let world = World::serving(&["smtp", "imaps"]);
    let plan = world.plan(&["smtp", "imaps", "pop3s"]);
    std::fs::remove_file(world.folder.path().join("secret")).unwrap();
    let error = world.apply(&plan).unwrap_err().to_string();
    assert!(error.contains("u1@bar.test") && error.contains("does not exist"), "{error}");
    assert!(Probe::connect(world.socket("pop3s")).is_err());
}

/// RFC 3207 §6, CVE-2011-0411.
#[test]
fn what_is_pipelined_behind_starttls_is_never_executed() {
    let world = World::serving(&["smtp"]);
    let mut probe = world.connect("smtp");
    say(&mut probe, "EHLO x.test", "250");
    probe.send(b"STARTTLS\r\nEHLO injected.test\r\nMAIL FROM:<evil@x.test>\r\n").unwrap();
    assert!(probe.smtp_reply().unwrap()[0].starts_with("220"));
    let (mut probe, _) = probe.start_tls("mail.bar.test").unwrap();
    // Had MAIL been executed, this RCPT would find a transaction.
    say(&mut probe, "RCPT TO:<u1@bar.test>", "503");
}

#[test]
fn a_wrong_password_is_refused_and_a_right_one_is_not() {
    let world = World::serving(&["imaps"]);
    let mut probe = world.connect("imaps");
    probe.say("a LOGIN u1@bar.test wrong").unwrap();
    assert!(probe.imap_reply("a").unwrap().last().unwrap().starts_with("a NO [AUTHENTICATIONFAILED]"));
    imap(&mut probe, "b", "LOGIN U1@BAR.test \"pass word\"");
}

#[test]
fn a_drained_server_says_goodbye() {
    let world = World::serving(&["imaps"]);
    let mut probe = world.connect("imaps");
    imap(&mut probe, "a", "LOGIN u1@bar.test \"pass word\"");
    world.runtime.block_on(world.server.stop());
    assert!(probe.line().unwrap().starts_with("* BYE"));
    assert!(Probe::connect(world.socket("imaps")).is_err());
}

fn pop3(probe: &mut Probe, line: &str, reply: &str) {
    probe.say(line).unwrap();
    assert_eq!(probe.line().unwrap(), reply, "{line}");
}

fn pop3_lines(probe: &mut Probe, line: &str) -> Vec<String> {
    probe.say(line).unwrap();
    let mut lines = probe.pop3_lines().unwrap();
    let status = lines.remove(0);
    assert!(status.starts_with("+OK"), "{line}: {status}");
    lines
}

/// RFC 1939 §6: QUIT alone removes, and what it removed is gone for every later session, IMAP's too.
#[test]
fn pop3_reads_what_smtp_brought_and_removes_it_at_quit() {
    let world = World::serving(&["smtp", "imaps", "pop3", "pop3s"]);
    let login = |mut probe: Probe, count: usize| {
        pop3(&mut probe, "USER u1@bar.test", "+OK now the password");
        pop3(&mut probe, "PASS pass word", &format!("+OK {count} messages"));
        probe
    };
    // Nobody has used the account before: login makes it.
    pop3(&mut login(world.connect("pop3s"), 0), "STAT", "+OK 0 0");
    let mut sender = world.connect("smtp");
    say(&mut sender, "EHLO x.test", "250");
    for subject in ["one", "two"] {
        for (line, code) in [("MAIL FROM:<a@x.test>", "250"), ("RCPT TO:<u1@bar.test>", "250"), ("DATA", "354")] {
            say(&mut sender, line, code);
        }
        say(&mut sender, &format!("Subject: {subject}\r\n\r\n..dot of {subject}\r\nlast\r\n."), "250");
    }

    let mut dropped = login(world.connect("pop3s"), 2);
    let unique_ids = pop3_lines(&mut dropped, "UIDL");
    let whole = pop3_lines(&mut dropped, "RETR 1");
    assert_eq!(whole[whole.len() - 2..], ["..dot of one", "last"], "RFC 1939 §3: the dot is doubled on the wire");
    assert_eq!(pop3_lines(&mut dropped, "TOP 1 1"), whole[..whole.len() - 1]);
    pop3(&mut dropped, "DELE 1", "+OK deleted when you QUIT");
    drop(dropped);

    let mut clear = world.connect("pop3");
    pop3(&mut clear, "STLS", "+OK begin TLS");
    let mut quitting = login(clear.start_tls("mail.bar.test").unwrap().0, 2);
    assert_eq!(pop3_lines(&mut quitting, "UIDL"), unique_ids, "a connection that broke removed nothing");
    pop3(&mut quitting, "DELE 1", "+OK deleted when you QUIT");
    pop3(&mut quitting, "QUIT", "+OK good-bye");

    let mut later = login(world.connect("pop3s"), 1);
    let kept = unique_ids[1].split_once(' ').unwrap().1;
    pop3(&mut later, "UIDL 1", &format!("+OK 1 {kept}"));
    let mut over_imap = world.connect("imaps");
    imap(&mut over_imap, "a", "LOGIN u1@bar.test \"pass word\"");
    let status = imap(&mut over_imap, "b", "STATUS INBOX (MESSAGES UNSEEN)");
    assert_eq!(status[0], "* STATUS INBOX (MESSAGES 1 UNSEEN 1)", "reading by POP3 leaves new mail new");

    // Somebody removes the message by IMAP while the POP3 session is open.
    imap(&mut over_imap, "c", "SELECT INBOX");
    imap(&mut over_imap, "d", "STORE 1 +FLAGS.SILENT (\\Deleted)");
    assert!(!pop3_lines(&mut later, "RETR 1").is_empty(), "flagged is not yet removed");
    imap(&mut over_imap, "e", "EXPUNGE");
    pop3(&mut later, "RETR 1", "-ERR the message was removed meanwhile");
    let listed = pop3_lines(&mut later, "LIST").remove(0);
    pop3(&mut later, "STAT", &format!("+OK {listed}"));
}

fn plain(password: &str) -> String {
    BASE64_STANDARD.encode(format!("\0u1@bar.test\0{password}"))
}

/// An account `u1` with the app passwords `phone` (a file) and `laptop` (a hash of `laptop word`).
fn with_app_passwords(plan: &mut Plan) {
    let hash = argon2::PasswordHasher::hash_password(&argon2::Argon2::default(), b"laptop word").unwrap();
    let account = plan.accounts.values_mut().next().unwrap();
    account.app_passwords = [
        ("laptop".to_owned(), Password::Hash(hash.to_string())),
        ("phone".to_owned(), Password::Secret(SecretRef::File("phone".into()))),
    ]
    .into();
}

#[test]
fn app_passwords_log_in_everywhere() {
    let world = World::serving(&["submissions", "imaps", "pop3s"]);
    std::fs::write(world.folder.path().join("phone"), "phone word\n").unwrap();
    let mut plan = world.plan(&["submissions", "imaps", "pop3s"]);
    with_app_passwords(&mut plan);
    world.apply(&plan).unwrap();
    for password in ["pass word", "phone word", "laptop word"] {
        imap(&mut world.connect("imaps"), "a", &format!("LOGIN u1@bar.test \"{password}\""));
        let mut sender = world.connect("submissions");
        say(&mut sender, "EHLO x.test", "250");
        say(&mut sender, &format!("AUTH PLAIN {}", plain(password)), "235");
        let mut reader = world.connect("pop3s");
        pop3(&mut reader, "USER u1@bar.test", "+OK now the password");
        pop3(&mut reader, &format!("PASS {password}"), "+OK 0 messages");
    }
    let mut sender = world.connect("submissions");
    say(&mut sender, "EHLO x.test", "250");
    say(&mut sender, &format!("AUTH PLAIN {}", plain("phone")), "535");
}

#[test]
fn a_source_that_guesses_is_refused_by_every_protocol() {
    let world = World::serving_edited(&["submissions", "imaps", "pop3s"], |plan| {
        plan.limits.login_failures = Some(LoginFailures { max: 3, window_seconds: 3600, exempt: Vec::new() });
    });
    let mut open = world.connect("imaps");
    imap(&mut open, "a", "LOGIN u1@bar.test \"pass word\"");
    let mut guesses = world.connect("imaps");
    guesses.say("a LOGIN u1@bar.test wrong").unwrap();
    assert!(guesses.imap_reply("a").unwrap().last().unwrap().starts_with("a NO [AUTHENTICATIONFAILED]"));
    let mut sender = world.connect("submissions");
    say(&mut sender, "EHLO x.test", "250");
    say(&mut sender, &format!("AUTH PLAIN {}", plain("wrong")), "535");
    let mut reader = world.connect("pop3s");
    pop3(&mut reader, "USER nobody@bar.test", "+OK now the password");
    pop3(&mut reader, "PASS wrong", "-ERR [AUTH] wrong name or password");

    // The right password no longer helps: whoever guesses cannot tell that it is right.
    say(&mut sender, &format!("AUTH PLAIN {}", plain("pass word")), "454 4.7.0");
    // SCRAM asks for keys first, and gets none.
    say(&mut sender, "AUTH SCRAM-SHA-256 biwsbj11LHI9YWJj", "454 4.7.0");
    pop3(&mut reader, "USER u1@bar.test", "+OK now the password");
    pop3(&mut reader, "PASS pass word", "-ERR [SYS/TEMP] logging in is not possible now");
    guesses.say("b LOGIN u1@bar.test \"pass word\"").unwrap();
    assert!(guesses.imap_reply("b").unwrap().last().unwrap().starts_with("b NO [UNAVAILABLE]"));
    imap(&mut open, "b", "NOOP");

    // A plan without the limit lets in again; with it the failures are still known.
    world.apply(&world.plan(&["submissions", "imaps", "pop3s"])).unwrap();
    imap(&mut world.connect("imaps"), "a", "LOGIN u1@bar.test \"pass word\"");
}

#[test]
fn an_account_sends_so_many_messages_an_hour() {
    let world = World::serving_edited(&["submissions"], |plan| plan.limits.messages_per_hour_max = Some(2));
    let session = || {
        let mut sender = world.connect("submissions");
        say(&mut sender, "EHLO x.test", "250");
        say(&mut sender, &format!("AUTH PLAIN {}", plain("pass word")), "235");
        sender
    };
    let begin = |sender: &mut Probe| {
        say(sender, "MAIL FROM:<u1@bar.test>", "250");
        say(sender, "RCPT TO:<u1@bar.test>", "250");
    };
    let mut early = session();
    begin(&mut early);
    let mut sender = session();
    for _ in 0..2 {
        begin(&mut sender);
        say(&mut sender, "DATA", "354");
        say(&mut sender, "Subject: x\r\n\r\n.", "250");
    }
    say(&mut sender, "MAIL FROM:<u1@bar.test>", "450 4.7.1");
    say(&mut early, "DATA", "450 4.7.1");
}

#[test]
fn bounces_come_back_to_rewritten_senders_and_nothing_else_does() {
    let world = World::serving_edited(&["smtp"], |plan| {
        plan.forwarding = Some(Srs { domain: plan.host.name.clone(), key: SrsKey::Generated {} });
    });
    let key = Keyring::new(world.folder.path()).srs().unwrap();
    let rewriter = Rewriter::new("mail.bar.test".parse().unwrap(), &key);
    let long = format!("bounces+{}=example.net@sender.example", "x".repeat(40));
    let held = rewriter.rewrite(&long.parse().unwrap(), Timestamp::now()).unwrap().to_string();
    assert!(held.len() > 100, "longer than RFC 5321 §4.5.3.1.1 makes others take");
    let mut peer = world.connect("smtp");
    say(&mut peer, "EHLO x.test", "250");
    say(&mut peer, "MAIL FROM:<>", "250");
    say(&mut peer, &format!("RCPT TO:<{held}>"), "250");
    say(&mut peer, &format!("RCPT TO:<{}>", held.to_lowercase()), "250");
    say(&mut peer, &format!("RCPT TO:<{}>", held.replace("sender.example", "victim.example")), "550 5.7.1");
    say(&mut peer, "RCPT TO:<SRS0=AAAAAAAA=AA=victim.example=x@mail.bar.test>", "550 5.7.1");
    say(&mut peer, "RCPT TO:<x@sender.example>", "550 5.7.1");
    say(&mut peer, "RSET", "250");
    say(&mut peer, "MAIL FROM:<x@y.test>", "250");
    say(&mut peer, &format!("RCPT TO:<{held}>"), "550 5.7.1");
}
