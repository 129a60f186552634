//! The command line as a script sees it: exit codes, what stays untouched, stale plans, going back.

use std::path::Path;
use std::process::{Command, Output};

struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap() };
        desk.write("secret", "pass word\n");
        desk.write("mailserver.yaml", &yaml(49125));
        desk
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Output {
        run_in(self.folder.path(), arguments)
    }

    /// Standard output of a run that must end with `code`.
    fn expect(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
        if code == 1 { format!("{out}{err}") } else { out }
    }

    fn state_exists(&self) -> bool {
        self.folder.path().join("state").exists()
    }
}

fn run_in(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mailctl"))
        .args(["--config", "mailserver.yaml", "--state", "state"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn yaml(port: u16) -> String {
    format!(
        "version: 1\nprofile: lab\nhost: {{ name: mail.bar.test, addresses: [127.0.0.1] }}\nlisteners:\n  smtp: {{ port: {port}, addresses: [127.0.0.1] }}\n\
         certificates: {{ self_signed: true }}\ndomains: {{ bar.test: {{}} }}\naccounts:\n  u1@bar.test: {{ password: {{ file: secret }} }}\n"
    )
}

#[test]
fn exit_codes_say_done_error_and_differences() {
    let desk = Desk::new();
    desk.expect(0, &["check"]);
    desk.expect(0, &["plan"]);
    desk.expect(2, &["plan", "--detailed-exitcode"]);
    assert!(!desk.state_exists(), "looking changes nothing");
    desk.expect(0, &["apply"]);
    desk.expect(0, &["plan", "--detailed-exitcode"]);
    desk.write("mailserver.yaml", &format!("# a comment is no change\n{}", yaml(49125)));
    desk.expect(0, &["plan", "--detailed-exitcode"]);
    desk.write("mailserver.yaml", &yaml(49126));
    desk.expect(2, &["plan", "--detailed-exitcode"]);
    desk.expect(1, &["no-such-command"]);
    desk.expect(1, &["explain", "PORT-999"]);
}

#[test]
fn bad_input_is_one_clear_error_and_touches_nothing() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let good = yaml(49125);
    let certificate = |chain: &str, key: &str| {
        good.replace("{ self_signed: true }", &format!("{{ files: [{{ chain: {chain}, key: {key} }}] }}"))
    };
    let desk = Desk::new();
    let pair = rcgen::generate_simple_self_signed(vec!["mail.bar.test".to_owned()]).unwrap();
    desk.write("chain.pem", &pair.cert.pem());
    desk.write("junk.pem", "not a certificate");
    let cases = [
        ("malformed", "version: 1\nhost: {".to_owned(), "YAML-001"),
        ("duplicate key", format!("{good}version: 1\n"), "version"),
        ("wrong type", good.replace("[127.0.0.1]", "7"), "addresses"),
        ("missing secret", good.replace("file: secret", "file: nowhere"), "SEC-002"),
        ("unreadable certificate", certificate("junk.pem", "junk.pem"), "junk.pem"),
        ("certificate without key", certificate("chain.pem", "nokey.pem"), "nokey.pem"),
        ("taken port", yaml(taken.local_addr().unwrap().port()), "another program listens there"),
    ];
    for (name, yaml, must_say) in cases {
        desk.write("mailserver.yaml", &yaml);
        let said = desk.expect(1, &["apply"]);
        assert!(said.contains(must_say), "{name}: {said}");
        assert!(!desk.state_exists(), "{name} left something behind");
    }
}

#[test]
fn a_reviewed_plan_is_applied_only_onto_what_it_was_reviewed_against() {
    let desk = Desk::new();
    desk.expect(0, &["plan", "--out", "first.json"]);
    desk.expect(0, &["apply", "first.json"]);
    desk.write("mailserver.yaml", &yaml(49126));
    desk.expect(0, &["plan", "--out", "second.json"]);
    desk.write("mailserver.yaml", &yaml(49127));
    desk.expect(0, &["apply"]);
    let said = desk.expect(1, &["apply", "second.json"]);
    assert!(said.contains("run `mailctl plan` again"), "{said}");
    let changed = std::fs::read_to_string(desk.folder.path().join("second.json")).unwrap().replace("49126", "49128");
    desk.write("changed.json", &changed);
    assert!(desk.expect(1, &["apply", "changed.json"]).contains("changed after the review"));
}

#[test]
fn rolling_back_twice_goes_back_two_plans() {
    let desk = Desk::new();
    for port in [49125, 49126, 49127] {
        desk.write("mailserver.yaml", &yaml(port));
        desk.expect(0, &["apply"]);
    }
    for port in [49126, 49125] {
        desk.expect(0, &["rollback"]);
        assert!(desk.expect(0, &["ports", "--active"]).contains(&port.to_string()));
    }
    assert!(desk.expect(1, &["rollback"]).contains("no such plan"));
    assert_eq!(desk.expect(0, &["history"]).lines().count(), 1 + 5);
}

#[test]
fn the_same_yaml_gives_the_same_plan_in_two_folders() {
    let (one, two) = (Desk::new(), Desk::new());
    for desk in [&one, &two] {
        desk.expect(0, &["plan", "--out", "plan.json"]);
        desk.expect(0, &["apply"]);
        desk.expect(0, &["plan", "--out", "after.json"]);
    }
    let read = |desk: &Desk, name: &str| std::fs::read(desk.folder.path().join(name)).unwrap();
    assert_eq!(read(&one, "plan.json"), read(&two, "plan.json"));
    let digest = |desk: &Desk| -> String {
        let proposal: serde_json::Value = serde_json::from_slice(&read(desk, "after.json")).unwrap();
        assert_eq!(proposal["base"], proposal["digest"], "keys made at activation do not change the plan");
        proposal["digest"].as_str().unwrap().to_owned()
    };
    assert_eq!(digest(&one), digest(&two));
}

#[test]
fn no_secret_reaches_a_plan_or_a_report() {
    let desk = Desk::new();
    desk.expect(0, &["plan", "--out", "plan.json"]);
    let plan = std::fs::read_to_string(desk.folder.path().join("plan.json")).unwrap();
    assert!(!plan.contains("pass word"));
    desk.write("mailserver.yaml", &yaml(49125).replace("{ file: secret }", "hunter2hunter2"));
    let said = desk.expect(1, &["check"]);
    assert!(!said.contains("hunter2"), "{said}");
    let said = desk.expect(1, &["check", "--format", "json"]);
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn a_hashed_password_verifies() {
    use std::io::Write;
    let mut child = Command::new(env!("CARGO_BIN_EXE_mailctl"))
        .args(["account", "hash-password"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"correct horse\n").unwrap();
    let hash = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    use argon2::PasswordVerifier;
    let parsed = argon2::password_hash::phc::PasswordHash::new(hash.trim()).unwrap();
    assert!(argon2::Argon2::default().verify_password(b"correct horse", &parsed).is_ok());
}
