//! Keeps the house as `ARCHITECTURE.md` says it is: layers, sizes, names, and what the code may not contain.
//!
//! Each offence is printed as `file:line: rule: what is wrong; what to do`, all of them at once. The rules
//! read source text, not types: they are simple enough to be understood when they complain.

#[path = "tidy/imports.rs"]
mod imports;
#[path = "tidy/source.rs"]
mod source;

use std::path::{Path, PathBuf};

use imports::{circle, imports, sibling_edges};
use source::{Source, closing};

/// The layers, from the ground up. A module imports only from folders before its own.
const LAYERS: [&str; 11] = [
    "ground",
    "vocabulary",
    "protocol",
    "plan",
    "compiler",
    "artefact",
    "state",
    "mailflow",
    "runtime",
    "apply",
    "cli",
];

/// The rooms of each layer in the order in which they may import each other.
const ROOMS: &[(&str, &[&str])] = &[
    ("ground", &["limits", "clock", "secret", "diagnostic"]),
    ("vocabulary", &["mail", "dns", "network"]),
    ("protocol", &["wire", "proxy", "sasl", "smtp", "imap", "pop3", "sieve"]),
    ("plan", &["outbound", "document", "canonical", "codec", "digest", "change"]),
    ("compiler", &["config", "rules", "lower", "edit"]),
    ("artefact", &["render", "reconcile"]),
    ("state", &["store", "queue"]),
    ("mailflow", &["evidence", "check", "verdict", "routing", "submission", "relaying", "handover", "delivery"]),
    ("runtime", &["net", "server"]),
];

/// Downward imports that are nevertheless forbidden, with the reason.
const WALLS: &[(&str, &str, &str)] = &[
    ("artefact", "compiler", "everything after the compiler knows the plan alone"),
    ("mailflow", "compiler", "the server executes a plan and never sees the language"),
    (
        "protocol/imap",
        "protocol/smtp",
        "protocols never import each other; share through `protocol/wire` or `protocol/sasl`",
    ),
    (
        "protocol/pop3",
        "protocol/imap",
        "protocols never import each other; share through `protocol/wire` or `protocol/sasl`",
    ),
    (
        "protocol/pop3",
        "protocol/smtp",
        "protocols never import each other; share through `protocol/wire` or `protocol/sasl`",
    ),
    ("protocol/sieve", "protocol/imap", "protocols never import each other"),
    ("protocol/sieve", "protocol/pop3", "protocols never import each other"),
    ("protocol/sieve", "protocol/smtp", "protocols never import each other"),
    ("runtime", "compiler", "the server executes a plan and never sees the language"),
    ("state", "compiler", "the server executes a plan and never sees the language"),
    ("state", "protocol/imap", "the store does not know SMTP, IMAP or POP3"),
    ("state", "protocol/pop3", "the store does not know SMTP, IMAP or POP3"),
    ("state", "protocol/smtp", "the store does not know SMTP, IMAP or POP3"),
];

/// Layers that may name tokio, and which of its modules; the others may not name it at all.
const TOKIO: &[(&str, &[&str])] = &[
    ("mailflow", &["io", "join", "select", "spawn", "sync", "task", "time", "try_join"]),
    ("runtime", &[]),
    ("apply", &["runtime", "select", "signal", "sync"]),
    ("cli", &["runtime", "select", "signal", "sync", "task"]),
];

/// A name that says nothing about what is inside.
const BANNED_NAMES: [&str; 8] = ["common", "helper", "helpers", "manager", "misc", "types", "util", "utils"];

/// Longest source file, in lines.
const FILE_LINES_MAX: usize = 800;
/// Longest function, in lines from its signature to its closing brace.
const FUNCTION_LINES_MAX: usize = 70;
/// A `mod.rs` opens like a manual page: at least so many characters of `//!` text.
const MANUAL_CHARACTERS_MIN: usize = 100;

struct Offence {
    path: PathBuf,
    line: usize,
    rule: &'static str,
    text: String,
}

impl std::fmt::Display for Offence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}: {}", self.path.display(), self.line, self.rule, self.text)
    }
}

fn offence(source: &Source, at: usize, rule: &'static str, text: impl Into<String>) -> Offence {
    Offence { path: source.path.clone(), line: source.line(at), rule, text: text.into() }
}

#[test]
fn the_house_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = Source::all_below(root, "src");
    let tests = Source::all_below(root, "tests");
    assert!(sources.len() > 20, "the walk found only {} files", sources.len());
    let mut offences = check(&sources);
    offences.extend(tests.iter().flat_map(words_nobody_may_use));
    offences.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    for offence in &offences {
        println!("{offence}");
    }
    assert!(offences.is_empty(), "{} offences, printed above", offences.len());
}

fn check(sources: &[Source]) -> Vec<Offence> {
    let mut found = Vec::new();
    for source in sources {
        found.extend(size_and_name(source));
        found.extend(long_functions(source));
        found.extend(manual_page(source));
        found.extend(layers(source));
        found.extend(tokio(source));
        found.extend(panics(source));
        found.extend(words_nobody_may_use(source));
    }
    for (folder, edges) in sibling_edges(sources) {
        if let Some(members) = circle(&edges) {
            let pairs = members.iter().zip(members.iter().cycle().skip(1));
            let trail: Vec<String> =
                pairs.map(|(a, b)| format!("{a} -> {b} ({})", edges[&(a.clone(), b.clone())])).collect();
            found.push(Offence {
                path: Path::new("src").join(folder.join("/")),
                line: 1,
                rule: "circle",
                text: format!("modules import each other: {}; move what both need below them", trail.join(", ")),
            });
        }
    }
    found
}

fn size_and_name(source: &Source) -> Vec<Offence> {
    let mut found = Vec::new();
    let lines = source.raw.lines().count();
    if lines > FILE_LINES_MAX {
        let text = format!("{lines} lines, at most {FILE_LINES_MAX}; split it by what its parts are");
        found.push(Offence { path: source.path.clone(), line: lines, rule: "file-size", text });
    }
    if let Some(name) = source.module().iter().find(|name| BANNED_NAMES.contains(&name.as_str())) {
        found.push(offence(
            source,
            0,
            "module-name",
            format!("`{name}` names nothing; ask what it is, and call it that"),
        ));
    }
    found
}

fn long_functions(source: &Source) -> Vec<Offence> {
    let mut found = Vec::new();
    for at in source.words("fn").filter(|at| source.ships(*at)) {
        let rest = &source.code[at..];
        let Some(name) = rest[2..].split(|c: char| !c.is_alphanumeric() && c != '_').find(|n| !n.is_empty()) else {
            continue;
        };
        // A `;` before any `{` ends a trait's signature; `fn(` is a pointer's type.
        if !rest[2..].starts_with(' ') || rest.find(';').unwrap_or(usize::MAX) < rest.find('{').unwrap_or(usize::MAX) {
            continue;
        }
        let Some(open) = rest.find('{') else { continue };
        let lines = source.line(closing(&source.code, at + open) - 1) - source.line(at) + 1;
        if lines > FUNCTION_LINES_MAX {
            let text = format!("`{name}` has {lines} lines, at most {FUNCTION_LINES_MAX}; give its steps names");
            found.push(offence(source, at, "function-size", text));
        }
    }
    found
}

fn manual_page(source: &Source) -> Option<Offence> {
    if source.path.file_name()? != "mod.rs" || source.is_test_file() {
        return None;
    }
    // Below the rooms, a `mod.rs` that only lists its files may say what they have in common in one line.
    let list = source.module().len() > 2
        && source.code.lines().all(|line| {
            let line = line.trim();
            line.is_empty() || line.starts_with("mod ") || line.starts_with("pub mod ")
        });
    let at_least = if list { 10 } else { MANUAL_CHARACTERS_MIN };
    let page: usize = source.raw.lines().map_while(|l| l.strip_prefix("//!")).map(|l| l.trim().chars().count()).sum();
    (page < at_least).then(|| {
        let text = format!(
            "opens with {page} characters of `//!`, at least {at_least}; say what it is, which standards, \
             which invariants, what it does not do"
        );
        offence(source, 0, "manual-page", text)
    })
}

fn layers(source: &Source) -> Vec<Offence> {
    let from = source.module();
    let Some(own) = from.first().and_then(|l| LAYERS.iter().position(|k| k == l)) else { return Vec::new() };
    let mut found = Vec::new();
    for import in imports(source) {
        let Some(layer) = import.path.first().and_then(|l| LAYERS.iter().position(|k| k == l)) else { continue };
        let path = import.path.join("::");
        if layer > own {
            let text = format!("`{}` imports `{path}` from a layer above; ask through a trait or a value", LAYERS[own]);
            found.push(offence(source, import.at, "upward-import", text));
        }
        let wall = WALLS.iter().find(|(a, b, _)| within(&from, a) && within(&import.path, b));
        if let Some((a, b, why)) = wall {
            let text = format!("`{a}` imports `{path}` from `{b}`; {why}");
            found.push(offence(source, import.at, "wall", text));
        }
        if let Some((a, b)) = room_order(&from, &import.path) {
            let text = format!("`{a}` imports `{path}`, but `{b}` stands after it in the layer's order");
            found.push(offence(source, import.at, "room-order", text));
        }
    }
    found
}

fn within(module: &[String], place: &str) -> bool {
    place.split('/').zip(module.iter().map(String::as_str).chain(std::iter::repeat(""))).all(|(a, b)| a == b)
}

/// The two rooms, if the import goes against the order of their layer.
fn room_order<'a>(from: &'a [String], to: &'a [String]) -> Option<(&'a str, &'a str)> {
    let (_, rooms) = ROOMS.iter().find(|(layer, _)| Some(*layer) == from.first().map(String::as_str))?;
    let room = |m: &'a [String]| rooms.iter().position(|r| Some(*r) == m.get(1).map(String::as_str));
    let (a, b) = (room(from)?, room(to)?);
    (from[0] == to[0] && b > a).then(|| (from[1].as_str(), to[1].as_str()))
}

fn tokio(source: &Source) -> Vec<Offence> {
    let module = source.module();
    let Some(layer) = module.first() else { return Vec::new() };
    let allowed = TOKIO.iter().find(|(l, _)| l == layer).map(|(_, parts)| *parts);
    let mut found = Vec::new();
    for at in ["tokio", "tokio_rustls"].iter().flat_map(|w| source.words(w)).filter(|at| source.ships(*at)) {
        let part =
            source.code[at..].split("::").nth(1).unwrap_or("").split(|c: char| !c.is_alphanumeric() && c != '_').next();
        let fine = allowed.is_some_and(|parts| parts.is_empty() || part.is_some_and(|p| parts.contains(&p)));
        if !fine {
            let text =
                format!("`{layer}` may not use this part of tokio; sockets, clocks and tasks belong to `runtime`");
            found.push(offence(source, at, "tokio", text));
        }
    }
    found
}

fn panics(source: &Source) -> Vec<Offence> {
    let mut found = Vec::new();
    for call in [".unwrap()", ".unwrap_err()"] {
        for at in source.words(call).filter(|at| source.ships(*at)) {
            let text = format!("`{call}` may panic; return an error, or `.expect(\"invariant: why it cannot fail\")`");
            found.push(offence(source, at, "panic", text));
        }
    }
    for call in [".expect(", ".expect_err(", "panic!(", "unreachable!("] {
        for at in source.words(call).filter(|at| source.ships(*at)) {
            let argument = source.raw[at + call.len()..].trim_start();
            // A parser's own `expect(b'(')` returns an error and takes no text.
            let own_method = call == ".expect(" && !argument.starts_with('"') && !argument.starts_with("&format!");
            if !own_method && !argument.starts_with("\"invariant: ") {
                let text = format!(
                    "`{call}` without a named invariant; return an error, or begin its text with `invariant: `"
                );
                found.push(offence(source, at, "panic", text));
            }
        }
    }
    found
}

fn words_nobody_may_use(source: &Source) -> Vec<Offence> {
    let mut found = Vec::new();
    let rules: [(&str, &str); 7] = [
        ("todo!", "finish it, or leave it out and say so"),
        ("unimplemented!", "finish it, or leave it out and say so"),
        ("allow(dead_code)", "delete what nobody calls"),
        ("allow(unused", "delete what nobody uses"),
        ("unsafe", "this crate has no unsafe code"),
        ("#[ignore", "a test that cannot run here fails and says why"),
        ("dbg!", "use `tracing`"),
    ];
    for (word, advice) in rules {
        for at in source.words(word) {
            found.push(offence(source, at, "word", format!("`{word}`; {advice}")));
        }
    }
    // Spelt in halves, because this file is read too.
    for note in [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["XX", "X"].concat()] {
        for (at, _) in source.comments.match_indices(&note) {
            found.push(offence(
                source,
                at,
                "word",
                format!("`{note}` in a comment; do it, or describe the limit in a sentence"),
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rules that fire on one made-up file.
    fn fired(path: &str, text: &str) -> Vec<&'static str> {
        let mut rules: Vec<_> = check(&[Source::new(path, text)]).iter().map(|o| o.rule).collect();
        rules.dedup();
        rules
    }

    #[test]
    fn clean_files_are_silent() {
        let text =
            "use crate::plan::Plan;\nfn f(p: &Plan) -> u32 { p.format.checked_add(1).expect(\"invariant: small\") }\n";
        assert!(fired("src/compiler/lower/host.rs", text).is_empty());
        assert!(fired("src/protocol/imap/parse.rs", "fn f(p: &mut P) { p.expect(b'(')?; }").is_empty());
        assert!(fired("src/runtime/net/a.rs", "use tokio::net::TcpStream; use tokio_rustls::TlsAcceptor;").is_empty());
        assert!(fired("src/a/b.rs", "#[cfg(test)]\nmod tests { fn f() { g().unwrap(); panic!(\"x\") } }").is_empty());
    }

    #[test]
    fn layers_hold() {
        assert_eq!(fired("src/protocol/smtp/a.rs", "use crate::plan::Plan;"), ["upward-import"]);
        assert_eq!(fired("src/ground/clock.rs", "fn f() { crate::cli::main(); }"), ["upward-import"]);
        assert_eq!(fired("src/runtime/server/a.rs", "use crate::compiler::config::Config;"), ["wall"]);
        assert_eq!(fired("src/protocol/pop3/a.rs", "use super::super::smtp::Ask;"), ["wall"]);
        assert_eq!(fired("src/protocol/smtp/a.rs", "use crate::protocol::{imap::Ask, wire};"), ["room-order"]);
        assert_eq!(fired("src/plan/codec.rs", "use crate::plan::change::Change;"), ["room-order"]);
        assert_eq!(fired("src/state/store/a.rs", "use tokio::sync::mpsc;"), ["tokio"]);
        assert_eq!(fired("src/mailflow/a.rs", "use tokio::net::TcpStream;"), ["tokio"]);
        assert!(fired("src/mailflow/a.rs", "use tokio::time::sleep;").is_empty());
    }

    #[test]
    fn circles_are_reported_with_places() {
        let a = Source::new("src/state/a.rs", "\nuse crate::state::b::B;");
        let b = Source::new("src/state/b.rs", "use crate::state::a::A;");
        let found = check(&[a, b]);
        assert_eq!(found.len(), 1);
        assert!(found[0].to_string().contains("a -> b (src/state/a.rs:2)"), "{}", found[0]);
    }

    #[test]
    fn panics_need_an_invariant() {
        for text in [
            "fn f() { g().unwrap(); }",
            "fn f() { g().expect(\"works\"); }",
            "fn f() { g()\n.expect(&format!(\"{x}\")); }",
            "fn f() { panic!(\"no\"); }",
            "fn f() { unreachable!() }",
        ] {
            assert_eq!(fired("src/a/b.rs", text), ["panic"], "{text}");
        }
        assert!(fired("src/a/b.rs", "fn f() { g().expect(\n    \"invariant: checked above\"); }").is_empty());
    }

    #[test]
    fn sizes_names_and_pages() {
        assert_eq!(fired("src/a/b.rs", &"\n".repeat(801)), ["file-size"]);
        assert!(fired("src/a/b.rs", &"\n".repeat(800)).is_empty());
        let long = format!("fn f() {{{}}}\n", "\n".repeat(70));
        assert_eq!(fired("src/a/b.rs", &long), ["function-size"]);
        assert!(fired("src/a/b.rs", &format!("trait T {{ fn f();{}}}", "\n".repeat(100))).is_empty());
        assert_eq!(fired("src/a/utils.rs", ""), ["module-name"]);
        assert_eq!(fired("src/a/mod.rs", "//! Short.\n"), ["manual-page"]);
        assert!(fired("src/a/mod.rs", &format!("//! {}\n", "what it is ".repeat(20))).is_empty());
    }

    #[test]
    fn words_are_refused_in_code_and_notes_in_comments() {
        let words = ["fn f() { todo!() }", "#[allow(dead_code)] fn f() {}", "unsafe { f() }", "#[ignore] fn f() {}"];
        for text in words {
            assert_eq!(fired("src/a/b.rs", text), ["word"], "{text}");
        }
        assert_eq!(fired("src/a/b.rs", &format!("// {}: later", ["TO", "DO"].concat())), ["word"]);
        assert!(fired("src/a/b.rs", "#![forbid(unsafe_code)]\nfn f() { g(\"todo!\") }").is_empty());
    }
}
