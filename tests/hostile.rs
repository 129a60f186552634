//! Files that were made to hurt, compiled by the program itself in a child process that the system bounds: 500 MB of
//! address space and a minute of processor time (a bound on a hang, not a measurement). Each ends with a plan or with at least one located diagnostic,
//! never in a panic, in both forms of the report.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use mailctl::ground::limits;

/// Octets that the child may map: RLIMIT_AS, so that even what it would not touch counts.
const ADDRESS_SPACE: &str = "--as=500000000";
const PROCESSOR_SECONDS: &str = "--cpu=60";

/// Sections before the hostile part, which are good.
const GOOD: &str = "version: 1\nprofile: lab\nhost: { name: mail.bar.test, addresses: [127.0.0.1] }\n\
    certificates: { self_signed: true }\ndomains: { bar.test: {} }\n";

fn check(file: &Path, format: &str) -> Output {
    let output = Command::new("prlimit")
        .args([ADDRESS_SPACE, PROCESSOR_SECONDS, "--core=0", "--", env!("CARGO_BIN_EXE_mailctl"), "--config"])
        .arg(file)
        .args(["check", "--format", format])
        .stdin(Stdio::null())
        .output()
        .expect("prlimit (util-linux) runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code().is_some_and(|c| c < 2), "{format}: {}\n{}", output.status, shortened(&error));
    assert!(!error.contains("panicked"), "{}", shortened(&error));
    output
}

fn shortened(text: &str) -> String {
    text.chars().take(2_000).collect()
}

/// The codes that are reported, once each; none if there is a plan.
fn codes(content: &[u8]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mailserver.yaml");
    std::fs::write(&file, content).unwrap();
    let output = check(&file, "json");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("the report is JSON");
    let diagnostics = report["diagnostics"].as_array().unwrap();
    let errors: Vec<_> = diagnostics.iter().filter(|d| d["severity"] == "error").collect();
    assert_eq!(output.status.success(), errors.is_empty(), "a plan if and only if there is no error");
    assert!(errors.iter().all(|d| d["primary"]["start"]["line"].is_u64()), "each error has a place");
    let human = check(&file, "human");
    assert_eq!(human.status.success(), output.status.success());
    let text = String::from_utf8(human.stdout).expect("the report is UTF-8");
    assert!(!text.is_empty() && text.len() < 10_000_000, "{} octets of report", text.len());
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "nothing that moves a terminal's cursor");
    let mut codes: Vec<String> = errors.iter().map(|d| d["code"].as_str().unwrap().to_owned()).collect();
    codes.sort();
    codes.dedup();
    codes
}

/// The codes for `text` behind good sections.
fn after_good(text: &str) -> Vec<String> {
    let accounts = if text.contains("accounts:") { "" } else { "accounts: { u1@bar.test: {} }\n" };
    codes(format!("{GOOD}{accounts}{text}").as_bytes())
}

const NONE: [&str; 0] = [];

#[test]
fn aliases_that_multiply() {
    let laughs: String = (b'b'..=b'k')
        .map(|c| {
            let (own, before) = (char::from(c), char::from(c - 1));
            format!("{own}: &{own} [{}]\n", vec![format!("*{before}"); 10].join(","))
        })
        .collect();
    assert_eq!(codes(format!("a: &a [lol,lol,lol,lol]\n{laughs}").as_bytes()), ["YAML-002"]);
    let nested: String = (1..50_000).map(|n| format!("k{n}: &a{n} {{ x: *a{} }}\n", n - 1)).collect();
    assert_eq!(codes(format!("k: &a0 1\n{nested}").as_bytes()), ["YAML-002"]);
    let anchors = "&a ".repeat(100_000);
    assert_eq!(codes(format!("a: {anchors} 1\n").as_bytes()), ["YAML-001"]);
    let large = format!("a: &a {}\nb: [{}]\n", "x".repeat(1_000_000), "*a,".repeat(5_000));
    assert_eq!(codes(large.as_bytes()), ["YAML-002"]);
}

#[test]
fn scalars_without_end() {
    let mut long = b"version: ".to_vec();
    long.resize(100_000_000, b'x');
    assert_eq!(codes(&long), ["YAML-002"]);
    for (before, after) in
        [("x: ", "\n"), ("x: \"", "\"\n"), ("x: |\n  ", "\n"), ("? ", "\n: 1\n"), ("\"", "\": 1\n"), ("# ", "\n")]
    {
        let text = format!("{before}{}{after}", "x".repeat(limits::YAML_OCTETS_MAX / 4));
        assert!(after_good(&text).iter().all(|c| c == "OPS-001" || c.starts_with("YAML-")), "{before}");
    }
    let lines = "  word\n".repeat(500_000);
    assert_eq!(after_good(&format!("x: >\n{lines}")), ["OPS-001"]);
    assert_eq!(after_good(&format!("x:\n{lines}")), ["OPS-001"]);
}

#[test]
fn nesting_without_end() {
    const DEEP: usize = 100_000;
    for text in [
        "[".repeat(DEEP),
        "{a: ".repeat(DEEP),
        "- ".repeat(DEEP),
        "? ".repeat(DEEP),
        "[{".repeat(DEEP),
        "[".repeat(DEEP) + &"]".repeat(DEEP),
        (0..3_000).map(|n| format!("{}a:\n", " ".repeat(n))).collect(),
        (0..3_000).map(|n| format!("{}-\n", " ".repeat(n))).collect(),
    ] {
        let found = codes(text.as_bytes());
        assert!(found == ["YAML-002"] || found == ["YAML-001"], "{found:?} for {}", shortened(&text[..40]));
    }
}

#[test]
fn octets_that_are_no_text() {
    let good = format!("{GOOD}accounts: {{ u1@bar.test: {{}} }}\n");
    assert_eq!(codes(good.as_bytes()), NONE);
    for at in [0, 1, good.len() / 2, good.len()] {
        for bad in [&b"\xff"[..], b"\xc3", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xc0\xaf", b"\0"] {
            let octets = [&good.as_bytes()[..at], bad, &good.as_bytes()[at..]].concat();
            assert_eq!(codes(&octets), ["YAML-001"], "{bad:?} at {at}");
        }
    }
    let wide = |to: fn(u16) -> [u8; 2]| good.encode_utf16().flat_map(to).collect::<Vec<u8>>();
    for octets in [wide(u16::to_le_bytes), wide(u16::to_be_bytes), [b"\xff\xfe", &wide(u16::to_le_bytes)[..]].concat()]
    {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mailserver.yaml");
        std::fs::write(&file, &octets).unwrap();
        let report = String::from_utf8(check(&file, "human").stdout).unwrap();
        assert!(report.contains("the file looks like UTF-16"), "{report}");
    }
    assert_eq!(codes(&vec![0; 1_000_000]), ["YAML-001"]);
    assert_eq!(codes(&vec![0xff; 1_000_000]), ["YAML-001"]);
}

#[test]
fn line_ends_tabs_and_marks() {
    let good = format!("{GOOD}accounts:\n  u1@bar.test:\n    quota: 5GB\n");
    assert_eq!(codes(format!("\u{feff}{good}").as_bytes()), NONE);
    assert_eq!(codes(good.replace('\n', "\r\n").as_bytes()), NONE);
    // YAML 1.2 §5.4: a CR alone is a line break too.
    assert_eq!(codes(good.replace('\n', "\r").as_bytes()), NONE);
    assert_eq!(codes(good.replace("  u1", "\tu1").as_bytes()), ["YAML-001"]);
    assert!(!codes(good.replace("quota", "\u{feff}quota").as_bytes()).is_empty());
    for control in
        ['\u{1}', '\u{7}', '\u{8}', '\u{1b}', '\u{7f}', '\u{85}', '\u{9b}', '\u{2028}', '\u{202e}', '\u{fffe}']
    {
        codes(good.replace("quota", &format!("qu{control}ota")).as_bytes());
        codes(good.replace("quota", &format!("\"qu\\x1b[2J{control}ota\"")).as_bytes());
    }
}

#[test]
fn many_of_everything() {
    let many = |n: usize, line: fn(usize) -> String| (0..n).map(line).collect::<String>();
    let one_key = many(10_000, |_| "x: 1\n".to_owned());
    assert_eq!(after_good(&one_key), ["OPS-001", "OPS-002"]);
    let each_twice = many(10_000, |n| format!("  u{}@bar.test: {{}}\n", n % 5_000));
    assert_eq!(after_good(&format!("accounts:\n{each_twice}")), ["OPS-002"]);
    let unknown = many(10_000, |n| format!("key{n}: {n}\n"));
    assert_eq!(after_good(&unknown), ["OPS-001"]);
    let near = many(10_000, |n| format!("listener{n}: {n}\n"));
    assert_eq!(after_good(&near), ["OPS-001"]);
    let items = "a,".repeat(100_000);
    assert_eq!(after_good(&format!("outbound: {{ retry: [{items}] }}\n")), ["OPS-005"]);
    assert_eq!(after_good(&format!("x: [{items}]\n")), ["OPS-001"]);
    assert_eq!(after_good(&format!("x: [{}]\n", ",".repeat(100_000))), ["YAML-001"]);
    let values = "a,".repeat(limits::YAML_NODES_MAX + 10);
    assert_eq!(codes(format!("[{values}]").as_bytes()), ["YAML-002"]);
    assert_eq!(after_good(&many(50_000, |n| format!("--- {n}\n"))), ["OPS-002"]);
    let tags = many(50_000, |n| format!("k{n}: !t x\n"));
    assert_eq!(after_good(&tags), ["OPS-001", "OPS-002"]);
}

#[test]
fn many_mistakes_of_people() {
    let accounts: String = (0..20_000).map(|n| format!("  user{n}@bar.test: {{}}\n")).collect();
    let aliases = |line: fn(usize) -> String| {
        let lines: String = (0..20_000).map(line).collect();
        after_good(&format!("accounts:\n{accounts}aliases:\n{lines}"))
    };
    assert_eq!(aliases(|n| format!("  alias{n}@bar.test: usre{n}@bar.test\n")), ["ACC-004"]);
    assert_eq!(aliases(|n| format!("  alias{n}@bra.test: user{n}@bar.test\n")), ["ACC-006"]);
    assert_eq!(aliases(|n| format!("  user{n}@bar.test: user0@bar.test\n")), ["ACC-001"]);
    assert_eq!(aliases(|n| format!("  a{n}@bar.test: [a{}@bar.test, a0@bar.test]\n", (n + 1) % 20_000)), ["ACC-003"]);
    let wide: String = (0..100).map(|n| format!("user{n}@bar.test,")).collect();
    let copies: String = (0..15_000).map(|n| format!("  c{n}@bar.test: all@bar.test\n")).collect();
    let found = after_good(&format!("accounts:\n{accounts}aliases:\n  all@bar.test: [{wide}]\n{copies}"));
    assert_eq!(found, ["ACC-009"]);
    let name = "x".repeat(100_000);
    let wrong: String = (0..100).map(|n| format!("  {name}{n}: {{ port: 0, tls: x, addresses: [y] }}\n")).collect();
    assert!(!after_good(&format!("listeners:\n{wrong}")).is_empty());
    assert!(!after_good(&format!("accounts: {{ {name}@bar.test: {{}} }}\n")).is_empty());
}

/// YAML 1.1 read more into plain scalars than 1.2 does; none of it may become a value in silence.
#[test]
fn scalars_of_yaml_1_1() {
    let accounts = "accounts: { u1@bar.test: {} }\n";
    for (value, code) in [("no", "OPS-002"), ("on", "OPS-002"), ("yes", "OPS-002"), ("Off", "OPS-002")] {
        let text = format!("{GOOD}{accounts}").replace("self_signed: true", &format!("self_signed: {value}"));
        assert_eq!(codes(text.as_bytes()), [code], "{value}");
    }
    for port in [
        "0465",
        "22:30",
        "0x",
        "1e1",
        "465.5",
        "465_0",
        "-465",
        "1e999",
        ".inf",
        "99999999999999999999",
        "'465'",
        "~",
        "no",
        "18446744073709551616",
        "+",
        "-",
    ] {
        let text = format!("{accounts}listeners: {{ smtp: {{ port: {port} }} }}\n");
        // A null is as if the key were absent.
        assert_eq!(after_good(&text).is_empty(), ["~", "1e1"].contains(&port), "{port}");
    }
    // YAML 1.2 §10.3.2: `0o25` is 21 and `0x19` is 25.
    for port in ["0o25", "0x19", "25", "25.0"] {
        assert_eq!(after_good(&format!("{accounts}listeners: {{ smtp: {{ port: {port} }} }}\n")), NONE, "{port}");
    }
    for key in
        ["no", "on", "yes", "0465", "22:30", "1.5", "~", "null", "true", "<<", "\"\"", "!!str x", "[a]", "{a: b}", "*a"]
    {
        assert!(!after_good(&format!("{accounts}{key}: 1\n")).is_empty(), "{key}");
    }
    // As the name of a listener a word is a word.
    for key in ["no", "on", "yes"] {
        let text = format!("{accounts}listeners: {{ smtp: {{}}, {key}: {{ protocol: imaps, port: 994 }} }}\n");
        let found = after_good(&text);
        assert!(!found.contains(&"OPS-002".to_owned()), "{key}: {found:?}");
    }
}

/// A file that never ends is read as far as one that is too long.
#[test]
fn a_device_is_no_configuration() {
    let output = check(Path::new("/dev/zero"), "json");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["diagnostics"][0]["code"], "YAML-002");
}
