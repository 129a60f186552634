//! The commands that change or explain the file, as a person and a script see them; and properties of formatting
//! over every file that the other tests have.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use mailctl::compiler::edit::{format, mend};
use mailctl::compiler::{Inputs, compile, effective, text};
use mailctl::ground::clock::Timestamp;
use mailctl::ground::diagnostic::{Counts, Diagnostic, Source};
use mailctl::plan::digest::Digest;
use rcgen::{CertificateParams, KeyPair, PKCS_ED25519, date_time_ymd};

/// 2026-11-18T11:06:40Z.
const NOW: Timestamp = Timestamp(1_795_000_000_000);

struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new(yaml: &str) -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap() };
        desk.write("mailserver.yaml", yaml);
        desk.write("secret", "x");
        desk
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        if name.starts_with("secrets/") {
            std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        }
    }

    fn yaml(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("mailserver.yaml")).unwrap()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_mailctl"))
            .args(["--config", "mailserver.yaml", "--state", "state"])
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap()
    }

    /// Standard output and standard error of a run that must end with `code`.
    fn expect(&self, code: i32, arguments: &[&str]) -> (String, String) {
        let output = self.run(arguments);
        let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
        (out, err)
    }
}

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Compares with a golden file, or writes it under `MAILCTL_BLESS=1`.
fn golden(name: &str, actual: &str) {
    let path = root("tests/golden/editing").join(name);
    if std::env::var_os("MAILCTL_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, actual).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(expected, actual, "{}", path.display());
}

/// Every YAML file of examples and tests.
fn files() -> Vec<(PathBuf, String)> {
    let mut open = vec![root("examples"), root("tests")];
    let mut files = Vec::new();
    while let Some(folder) = open.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
            if path.is_dir() {
                // Zones for another tool are no configurations.
                open.extend((!path.ends_with("octodns")).then_some(path));
            } else if path.extension().is_some_and(|e| e == "yaml") {
                let bytes = std::fs::read(&path).unwrap();
                files.extend(text(&bytes).ok().map(|t| (path, t.to_owned())));
            }
        }
    }
    files.sort();
    assert!(files.len() > 60, "{}", files.len());
    files
}

/// The files that the examples name.
fn inputs() -> Inputs {
    let mut files: BTreeMap<PathBuf, Vec<u8>> = BTreeMap::new();
    let key = KeyPair::generate().unwrap();
    let names = ["mail.example.org", "mx.birch.mailhost"].map(str::to_owned);
    let mut parameters = CertificateParams::new(names).unwrap();
    parameters.not_before = date_time_ymd(2026, 1, 1);
    parameters.not_after = date_time_ymd(2036, 1, 1);
    files.insert("tls/good.pem".into(), parameters.self_signed(&key).unwrap().pem().into_bytes());
    files.insert("tls/good.key".into(), key.serialize_pem().into_bytes());
    let dkim = KeyPair::generate_for(&PKCS_ED25519).unwrap().serialize_pem();
    files.insert("keys/dkim.pem".into(), dkim.into_bytes());
    Inputs::in_memory(files, NOW).ignoring_secrets()
}

/// One file, mended in memory: its new text and what became of its diagnostics.
fn mended_in_memory(text: &str) -> (String, mend::Mended) {
    let inputs = Inputs::in_memory(BTreeMap::new(), NOW).ignoring_secrets();
    let name = "x";
    let mended =
        mend::mend(|drafts| compile(&Source { name, text: drafts.get(name).map_or(text, String::as_str) }, &inputs));
    (mended.changes.first().map_or(text, |c| &c.after).to_owned(), mended)
}

const MISTAKES: &str = "# My server.
host: { name: mail.example.org, adresses: [192.0.2.10] }   # behind a router
tls: { min_version: 1.2 }

listeners:
  smpt: { tls: implicit }
  submissions: { auth: yes }      # people send here
  imaps: { tls: starttls-requird }
certificates: { self_signed: \"true\" }
profile: lap
domains: { example.org: {} }
accounts:
  hello@example.org: { pasword: { file: secret } }
";

#[test]
fn what_needs_no_decision_is_mended_after_it_was_shown() {
    let desk = Desk::new(MISTAKES);
    let (diff, said) = desk.expect(2, &["check", "--fix"]);
    golden("fix.diff", &diff);
    assert!(said.contains("--yes writes without asking"), "{said}");
    assert_eq!(desk.yaml(), MISTAKES, "nothing is written unasked");
    let (shown, _) = desk.expect(0, &["check", "--fix", "--yes"]);
    assert!(shown.starts_with(&diff), "{shown}");
    golden("fix.yaml", &desk.yaml());
    let (_, said) = desk.expect(0, &["check", "--fix", "--yes"]);
    assert!(said.contains("nothing that can be mended"), "{said}");
}

#[test]
fn line_ends_mark_mode_and_links_stay() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new("");
    let path = desk.folder.path().join("real.yaml");
    std::fs::write(&path, format!("\u{feff}{}", MISTAKES.replace('\n', "\r\n"))).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::fs::remove_file(desk.folder.path().join("mailserver.yaml")).unwrap();
    std::os::unix::fs::symlink("real.yaml", desk.folder.path().join("mailserver.yaml")).unwrap();
    desk.expect(0, &["check", "--fix", "--yes"]);
    let mended = std::fs::read_to_string(&path).unwrap();
    let plain = std::fs::read_to_string(root("tests/golden/editing/fix.yaml")).unwrap();
    assert_eq!(mended, format!("\u{feff}{}", plain.replace('\n', "\r\n")));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(std::fs::symlink_metadata(desk.folder.path().join("mailserver.yaml")).unwrap().is_symlink());
    assert_eq!(std::fs::read_dir(desk.folder.path()).unwrap().count(), 3, "no draft is left");
}

#[test]
fn included_files_are_mended_where_they_are() {
    let yaml = "version: 1\nprofile: lab\nhost: { name: mail.bar.test, addresses: [127.0.0.1] }\ncertificates: { self_signed: true }\n\
                domains: { bar.test: {} }\ninclude: [people/*.yaml]\naccounts:\n  a@bar.test: { pasword: { file: secret } }\n";
    let desk = Desk::new(yaml);
    std::fs::create_dir(desk.folder.path().join("people")).unwrap();
    desk.write("people/b.yaml", "accounts:\n  b@bar.test: { qota: 1GB }   # small\n");
    desk.write("people/c.yaml", "accounts:\n  c@bar.test: {}\n");
    let (diff, _) = desk.expect(2, &["check", "--fix"]);
    assert!(diff.contains("+++ people/b.yaml") && diff.contains("+++ mailserver.yaml"), "{diff}");
    assert!(!diff.contains("c.yaml"), "{diff}");
    desk.expect(0, &["check", "--fix", "--yes"]);
    let read = |name: &str| std::fs::read_to_string(desk.folder.path().join(name)).unwrap();
    assert_eq!(read("people/b.yaml"), "accounts:\n  b@bar.test: { quota: 1GB }   # small\n");
    assert_eq!(desk.yaml(), yaml.replace("pasword", "password"));
    let (shown, _) = desk.expect(0, &["config", "show", "--origin"]);
    assert!(shown.contains("accounts.b@bar.test.quota: 1GB\n    people/b.yaml:2:24\n"), "{shown}");
}

#[test]
fn what_would_be_worse_is_not_written() {
    let yaml = "version: 1\nhost: { name: mail.example.org, addresses: [192.0.2.10] }\ncertificates: { self_signed: true }\nprofile: lab\n\
                domains: { example.org: {} }\nacounts:\n  hello: {}\n  you: {}\n  me: {}\n";
    let desk = Desk::new(yaml);
    let (diff, said) = desk.expect(1, &["check", "--fix", "--yes"]);
    assert!(diff.contains("+accounts:") && said.contains("nothing was written"), "{diff}{said}");
    assert_eq!(desk.yaml(), yaml);
}

#[test]
fn a_diff_shows_no_secret() {
    let desk = Desk::new(&MISTAKES.replace("pasword: { file: secret }", "pasword: hunter2hunter2"));
    let output = desk.run(&["check", "--fix"]);
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(out.contains("+  hello@example.org: { password: **************"), "{out}{err}");
    assert!(!out.contains("hunter2") && !err.contains("hunter2"), "{out}{err}");
}

#[test]
fn edits_of_diagnostics_mend_them() {
    let (mut mended, mut kinds) = (0, std::collections::BTreeSet::new());
    for (path, yaml) in files() {
        let (text, result) = mended_in_memory(&yaml);
        for diagnostic in &result.mended {
            kinds.insert(diagnostic.code);
            let same = |d: &&Diagnostic| d.code == diagnostic.code && d.detail == diagnostic.detail;
            let again = result.left.diagnostics.iter().any(|d| same(&d));
            assert!(!again, "{}: {} is still there in\n{text}", path.display(), diagnostic.detail);
        }
        let left = result.left.diagnostics.iter().filter(|d| !d.edits.is_empty());
        let stuck: Vec<_> = left.map(|d| d.code).collect();
        assert!(stuck.is_empty(), "{}: {stuck:?} in\n{text}", path.display());
        assert_eq!(mended_in_memory(&text).0, text);
        mended += result.mended.len();
    }
    assert!(mended >= 30 && kinds.len() >= 10, "{mended} of {kinds:?}");
}

#[test]
fn formatting_changes_no_plan_and_is_done_after_one_round() {
    let inputs = inputs();
    let (mut plans, mut formatted) = (0, 0);
    for (path, yaml) in files() {
        let once = match format::format(&yaml) {
            Ok(once) => once,
            Err(format::FormatError::Unreadable(diagnostics)) => {
                assert!(!diagnostics.is_empty());
                continue;
            }
            Err(format::FormatError::Changed) => panic!("{} would be changed", path.display()),
        };
        formatted += 1;
        assert_eq!(format::format(&once).unwrap(), once, "{}", path.display());
        let plan = |text: &str| compile(&Source { name: "x", text }, &inputs).plan.map(|p| Digest::of_plan(&p));
        assert_eq!(plan(&yaml), plan(&once), "{}", path.display());
        plans += usize::from(plan(&yaml).is_some());
        let comments = |text: &str| text.matches('#').count();
        assert_eq!(comments(&yaml), comments(&once), "{}", path.display());
    }
    assert!(formatted > 50 && plans > 10, "{formatted} formatted, {plans} plans");
}

/// A small generator of numbers (SplitMix64), so that a failure can be repeated.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end.max(1) as u64) as usize
    }
}

#[test]
fn formatting_survives_odd_layout() {
    const PIECES: [&str; 14] = [
        "# why\n",
        "\n",
        "\n\n",
        "    # deep\n",
        " ",
        "  # behind",
        "\n# left\n",
        "- ",
        "\"",
        "  ",
        "{}",
        "'",
        "|\n",
        "&x ",
    ];
    let files = files();
    let mut numbers = Numbers(3);
    let (mut good, mut doubtful) = (0, 0);
    for round in 0..6_000 {
        let mut yaml = files[round % files.len()].1.clone();
        if yaml.len() > 10_000 {
            continue;
        }
        for _ in 0..=numbers.below(3) {
            // Mostly at the ends of lines, where layout is.
            let ends: Vec<usize> = yaml.match_indices('\n').map(|(at, _)| at + numbers.below(2)).collect();
            let at = ends.get(numbers.below(ends.len())).copied().unwrap_or(0);
            yaml.insert_str(at, PIECES[numbers.below(PIECES.len())]);
        }
        match format::format(&yaml) {
            Ok(once) => {
                let twice = format::format(&once);
                assert_eq!(twice.ok().as_deref(), Some(once.as_str()), "round {round}, of\n{yaml}");
                good += 1;
            }
            Err(format::FormatError::Changed) => {
                println!("round {round}, of\n{yaml}");
                doubtful += 1;
            }
            Err(format::FormatError::Unreadable(_)) => {}
        }
    }
    assert!(good > 1_500, "{good} formatted");
    assert_eq!(doubtful, 0, "files that formatting would have changed");
}

#[test]
fn fmt_writes_checks_and_shows() {
    let messy = "domains:\n    example.org:\n# the machine\nhost: { addresses: [192.0.2.10], name: mail.example.org }\nversion: 1\n";
    let desk = Desk::new(messy);
    let (_, said) = desk.expect(2, &["fmt", "--check"]);
    assert!(said.contains("not in canonical form"), "{said}");
    let (diff, _) = desk.expect(0, &["fmt", "--diff"]);
    golden("fmt.diff", &diff);
    let (both, _) = desk.expect(2, &["fmt", "--check", "--diff"]);
    assert_eq!(both, diff);
    assert_eq!(desk.yaml(), messy);
    desk.expect(0, &["fmt"]);
    desk.expect(0, &["fmt", "--check"]);
    desk.write("mailserver.yaml", "version: [\n");
    let (_, said) = desk.expect(1, &["fmt"]);
    assert!(said.contains("YAML-001"), "{said}");
}

#[test]
fn examples_are_in_canonical_form() {
    for path in std::fs::read_dir(root("examples")).unwrap().map(|e| e.unwrap().path()) {
        let yaml = std::fs::read_to_string(&path).unwrap();
        let Ok(formatted) = format::format(&yaml) else { panic!("{}", path.display()) };
        if std::env::var_os("MAILCTL_BLESS").is_some() {
            std::fs::write(&path, &formatted).unwrap();
        } else {
            assert!(formatted == yaml, "run: mailctl --config {} fmt", path.display());
        }
    }
}

const INIT: [&str; 8] = [
    "init",
    "--host",
    "mail.example.org",
    "--address=192.0.2.10",
    "--address=2001:db8::10",
    "--account=hello@example.org",
    "--relay=smtp.provider.net:587",
    "--relay-user=me",
];

#[test]
fn a_first_file_compiles_once_its_secrets_are_there() {
    let desk = Desk::new("mine");
    let (_, said) = desk.expect(1, &INIT);
    assert!(said.contains("--force"), "{said}");
    assert_eq!(desk.yaml(), "mine");
    let (yaml, _) = desk.expect(0, &[&INIT[..], &["--output", "-"]].concat());
    golden("init.yaml", &yaml);
    let (_, said) = desk.expect(0, &[&INIT[..], &["--force"]].concat());
    assert_eq!(desk.yaml(), yaml);
    assert!(said.contains("not yet:") && said.contains("secrets/hello@example.org"), "{said}");
    std::fs::create_dir(desk.folder.path().join("secrets")).unwrap();
    desk.write("secrets/hello@example.org", "x");
    desk.write("secrets/relay", "x");
    desk.expect(0, &["check"]);
    desk.expect(0, &["fmt", "--check"]);
}

#[test]
fn questions_are_asked_again_until_they_are_answered() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    // `script` (util-linux) gives the program a terminal.
    let program = format!("{} init --output made.yaml", env!("CARGO_BIN_EXE_mailctl"));
    let mut child = Command::new("script")
        .args(["--quiet", "--return", "--command", &program, "/dev/null"])
        .current_dir(folder.path())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("script, of util-linux");
    let answers =
        "mail\nmail.example.org\n10.0.0.1\n192.0.2.10 2001:db8::10\n\nhello@example.net\nhello@example.org\n\n\n";
    child.stdin.take().unwrap().write_all(answers.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    for must_say in ["(ID-", "(NET-", "(ACC-", "[example.org]", "made.yaml: written", "secrets/hello@example.org"] {
        assert!(said.contains(must_say), "{must_say}: {said}");
    }
    let made = std::fs::read_to_string(folder.path().join("made.yaml")).unwrap();
    assert!(made.contains("addresses: [192.0.2.10, \"2001:db8::10\"]"), "{made}");
}

#[test]
fn answers_that_are_none_are_refused_in_the_compilers_words() {
    let desk = Desk::new("");
    std::fs::remove_file(desk.folder.path().join("mailserver.yaml")).unwrap();
    let (_, said) = desk.expect(1, &["init", "--host", "mail..org"]);
    assert!(said.contains("--host: "), "{said}");
    let (_, said) = desk.expect(1, &["init", "--host", "mail.example.org"]);
    assert!(said.contains("--address is needed"), "{said}");
    let (_, said) = desk.expect(1, &[&INIT[..3], &["--address=10.0.0.1", "--account=a@b.example"]].concat());
    assert!(said.contains("would not compile"), "{said}");
    assert!(!desk.folder.path().join("mailserver.yaml").exists());
}

#[test]
fn version_1_needs_no_migration_and_newer_ones_a_newer_program() {
    let desk = Desk::new(MISTAKES);
    let (_, said) = desk.expect(1, &["migrate"]);
    assert!(said.contains("OPS-003"), "{said}");
    desk.write("mailserver.yaml", "version: 1\nhost: {}\n");
    let (said, _) = desk.expect(0, &["migrate", "--check"]);
    assert!(said.contains("nothing to do"), "{said}");
    desk.write("mailserver.yaml", "version: 7\n");
    let (_, said) = desk.expect(1, &["migrate"]);
    assert!(said.contains("OPS-003") && said.contains("version 7"), "{said}");
}

#[test]
fn every_value_in_force_is_shown_with_its_origin() {
    let desk = Desk::new(&std::fs::read_to_string(root("examples/relay.yaml")).unwrap());
    golden("config.txt", &desk.expect(0, &["config", "show", "--origin"]).0);
    golden("config.json", &desk.expect(0, &["config", "show", "--format", "json"]).0);
    desk.write("mailserver.yaml", &std::fs::read_to_string(root("examples/everything.yaml")).unwrap());
    let (all, _) = desk.expect(0, &["config", "show"]);
    golden("everything.txt", &all);
    assert!(!all.contains("$6$"), "a hash is shown");
    desk.write("mailserver.yaml", MISTAKES);
    assert!(desk.expect(1, &["config", "show"]).1.contains("OPS-001"));
}

#[test]
fn what_is_shown_written_out_gives_the_same_plan() {
    let yaml = "version: 1\nprofile: lab\nhost: { name: mail.bar.test, addresses: [127.0.0.1, \"::1\"] }\n\
                domains: { bar.test: {} }\naccounts: { u1@bar.test: { password: { file: secrets/u1 } } }\n\
                relay: { default: { host: smtp.provider.net, port: 587 } }\n";
    // From paths and values back to a file.
    let mut file = serde_json::json!({});
    let memory = inputs();
    let (rows, _) = effective(&Source { name: "x", text: yaml }, &memory).unwrap();
    for row in rows {
        let Some(value) = row.value else { continue };
        let tree = mailctl::compiler::config::tree::read(&format!("x: {value}")).root.unwrap();
        let mut at = &mut file;
        for part in row.keys {
            at = &mut at[part];
        }
        *at = tree.get("x").unwrap().to_json();
    }
    let written = serde_json::to_string(&file).unwrap();
    let plan = |text: &str| {
        let compilation = compile(&Source { name: "x", text }, &inputs());
        let counts = Counts::of(&compilation.diagnostics);
        let mut plan = compilation.plan.unwrap_or_else(|| panic!("{counts}: {:?}\n{text}", compilation.diagnostics));
        plan.source_digest = String::new();
        plan
    };
    assert_eq!(plan(yaml), plan(&written), "{written}");
}
