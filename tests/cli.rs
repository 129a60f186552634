//! The command line as a script sees it: exit codes, what stays untouched, stale plans, going back.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

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

    /// Writes so that nobody sees half of it.
    fn replace(&self, name: &str, text: &str) {
        self.write("draft", text);
        std::fs::rename(self.folder.path().join("draft"), self.folder.path().join(name)).unwrap();
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
fn roll_overs_are_shown_and_turn_back() {
    let desk = Desk::new();
    desk.expect(0, &["apply"]);
    assert_eq!(desk.expect(0, &["stages", "list"]), "nothing is under way\n", "what is new waits for nothing");
    desk.write("mailserver.yaml", &yaml(49125).replace("bar.test: {}", "bar.test: { dkim: { s2027: {} } }"));
    let plan = desk.expect(0, &["plan"]);
    assert!(plan.contains("Not at once") && plan.contains("dkim/bar.test/s2027\n"), "{plan}");
    assert_eq!(desk.expect(0, &["stages", "list"]), "nothing is under way\n", "looking opens nothing");
    let applied = desk.expect(0, &["apply"]);
    assert!(applied.contains("Under way"), "{applied}");
    let listed: serde_json::Value = serde_json::from_str(&desk.expect(0, &["status", "--format", "json"])).unwrap();
    let step = |name: &str| {
        let stages = listed["stages"].as_array().unwrap();
        stages.iter().find(|s| s["stage"] == name).map(|s| s["step"].as_str().unwrap().to_owned()).unwrap()
    };
    assert_eq!(step("dkim/bar.test/s2027"), "published, does not sign yet");
    assert_eq!(step("dkim/bar.test/mailctl-rsa"), "signs");
    let why = desk.expect(1, &["stages", "skip", "dkim/bar.test/s2027"]);
    assert!(why.contains("nobody can be asked"), "{why}");
    desk.expect(2, &["stages", "skip", "dkim/bar.test/s2027", "--confirm", "yes"]);
    let why = desk.expect(1, &["stages", "skip", "dkim/bar.test/s2027", "--confirm", "dkim/bar.test/s2027"]);
    assert!(why.contains("no server is running"), "{why}");
    desk.expect(1, &["stages", "skip", "nonsense"]);
    desk.expect(0, &["rollback"]);
    let left = desk.expect(0, &["stages", "list"]);
    assert!(!left.contains("dkim/"), "the former selectors sign, and the new one never did: {left}");
    assert!(left.contains("record/") || left.contains("nothing"), "{left}");
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

#[test]
fn findings_come_in_five_forms() {
    let desk = Desk::new();
    desk.write("mailserver.yaml", &format!("{}include: [people/*.yaml]\n", yaml(49125)));
    std::fs::create_dir(desk.folder.path().join("people")).unwrap();
    desk.write("people/ben.yaml", "accounts:\n  ben@bar.test: { qota: 5GB }\n");
    for (format, must_say) in [
        ("human", "--> people/ben.yaml:2:19"),
        ("json", "\"file\": \"people/ben.yaml\""),
        ("sarif", "\"uri\": \"people/ben.yaml\""),
        ("github", "::error file=people/ben.yaml,line=2,col=19,endLine=2,endColumn=23,title=OPS-001 unknown-key::"),
        ("markdown", "| **error** | `people/ben.yaml:2:19` | OPS-001 `unknown-key`"),
    ] {
        for command in ["check", "plan"] {
            let said = desk.expect(1, &[command, "--format", format]);
            assert!(said.contains(must_say), "{command} {format}: {said}");
            assert!(!said.contains('\u{1b}'), "colours without a terminal: {said}");
        }
    }
}

#[test]
fn a_good_configuration_is_reported_in_each_form_too() {
    let desk = Desk::new();
    let json = |arguments: &[&str]| serde_json::from_str::<serde_json::Value>(&desk.expect(0, arguments)).unwrap();
    assert_eq!(json(&["check", "--format", "json"])["errors"], 0);
    for command in ["check", "plan"] {
        let log = json(&[command, "--format", "sarif"]);
        let results = log["runs"][0]["results"].as_array().unwrap();
        assert!(results.iter().all(|r| r["level"] == "note"), "{results:?}");
    }
    let plan = json(&["plan", "--format", "json"]);
    assert_eq!((plan["findings"]["errors"].as_u64(), plan["counts"]["add"].as_u64() > Some(0)), (Some(0), true));
    let said = desk.expect(2, &["plan", "--format", "markdown", "--detailed-exitcode"]);
    assert!(said.starts_with("### Plan `") && said.contains("| + | `smtp` |"), "{said}");
    let said = desk.expect(0, &["plan", "--format", "github"]);
    assert!(said.contains("::notice file=mailserver.yaml,") && said.contains(" to add, "), "{said}");
}

/// What a command prints on a terminal of its own (`script` of util-linux makes one).
fn on_a_terminal(desk: &Desk, command: &str, no_color: &str) -> String {
    let command = format!("{} --config mailserver.yaml {command}", env!("CARGO_BIN_EXE_mailctl"));
    let output = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .env("NO_COLOR", no_color)
        .current_dir(desk.folder.path())
        .stdin(Stdio::null())
        .output()
        .expect("util-linux is installed by tests/run");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn colours_and_a_clear_screen_are_for_terminals() {
    const CLEAR: &str = "\u{1b}[2J\u{1b}[3J\u{1b}[H";
    let desk = Desk::new();
    desk.write("mailserver.yaml", "version: 1\n");
    let coloured = on_a_terminal(&desk, "check", "");
    assert!(coloured.contains("\u{1b}[") && coloured.contains("OPS-013") && !coloured.contains(CLEAR), "{coloured}");
    assert!(!on_a_terminal(&desk, "check", "1").contains('\u{1b}'));
    assert!(!on_a_terminal(&desk, "check --format github", "").contains('\u{1b}'));
    // `timeout` ends the watching as Ctrl-C would.
    let program = env!("CARGO_BIN_EXE_mailctl");
    let watched = |format: &str, redirected: &str| {
        let watch = format!("check --watch --format {format}{redirected}");
        let command = format!("check >/dev/null; timeout -s INT 4 {program} --config mailserver.yaml {watch}");
        on_a_terminal(&desk, &command, "1")
    };
    std::thread::scope(|scope| {
        scope.spawn(|| assert!(watched("human", "").contains(CLEAR)));
        scope.spawn(|| assert!(!watched("json", "").contains('\u{1b}')));
        scope.spawn(|| assert!(!watched("human", " | cat").contains('\u{1b}')));
    });
}

/// A `check --watch` whose output is read line by line.
struct Watcher {
    child: Child,
    lines: Receiver<String>,
}

impl Watcher {
    fn new(desk: &Desk) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mailctl"))
            .args(["--config", "mailserver.yaml", "check", "--watch", "--format", "github"])
            .current_dir(desk.folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (send, lines) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
        Self { child, lines }
    }

    /// The codes of the next report.
    fn codes(&self) -> Vec<String> {
        let mut codes = Vec::new();
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(30)).expect("a report within 30 s");
            if line.starts_with("mailctl: ") || line.starts_with("error: ") {
                return codes;
            }
            let title = line.split_once("title=").unwrap().1;
            codes.push(title.split(' ').next().unwrap().to_owned());
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn watching_notices_every_file_that_matters_and_ends_with_the_signal() {
    use std::os::unix::process::ExitStatusExt;

    let desk = Desk::new();
    let config = |rest: &str| format!("{}{rest}", yaml(49125));
    let has = |codes: &[String], code: &str| codes.iter().any(|c| c == code);
    desk.replace("mailserver.yaml", &config(""));
    let mut watcher = Watcher::new(&desk);
    assert!(!has(&watcher.codes(), "OPS-020"));
    // The main file; then a folder that is not there yet, and a file in it.
    desk.replace("mailserver.yaml", &config("include: [people/*.yaml]\n"));
    assert!(has(&watcher.codes(), "OPS-020"));
    std::fs::create_dir(desk.folder.path().join("people")).unwrap();
    assert!(has(&watcher.codes(), "OPS-020"));
    desk.replace("people/ben.yaml", "accounts: { ben@bar.test: { qota: 1GB } }\n");
    assert!(has(&watcher.codes(), "OPS-001"));
    // A certificate that is not there, and then is.
    let files = "{ files: [{ chain: chain.pem, key: key.pem }] }";
    desk.replace("mailserver.yaml", &yaml(49125).replace("{ self_signed: true }", files));
    assert!(has(&watcher.codes(), "CERT-014"));
    let pair = rcgen::generate_simple_self_signed(vec!["mail.bar.test".to_owned()]).unwrap();
    desk.replace("key.pem", &pair.signing_key.serialize_pem());
    watcher.codes();
    desk.replace("chain.pem", &pair.cert.pem());
    assert!(!has(&watcher.codes(), "CERT-014"));
    // The main file itself goes, and comes back.
    let path = |name: &str| desk.folder.path().join(name);
    std::fs::rename(path("mailserver.yaml"), path("away")).unwrap();
    assert_eq!(watcher.codes(), [""; 0]);
    std::fs::rename(path("away"), path("mailserver.yaml")).unwrap();
    watcher.codes();
    let id = rustix::process::Pid::from_child(&watcher.child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    assert_eq!(watcher.child.wait().unwrap().signal(), Some(2), "Ctrl-C ends it as it ends every program");
}
