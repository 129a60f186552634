//! `include`: what is merged, in which order, and what the digest covers. What is refused stands in
//! `tests/bad_configs/include_*.yaml`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mailctl::compiler::config::{include, path, tree};
use mailctl::compiler::{Compilation, Inputs, compile};
use mailctl::ground::diagnostic::{Severity, Source, SourceMap, human};

use crate::fixtures::NOW;

const MAIN: &str = "version: 1\nprofile: lab\nhost: { name: mail.bar.test, addresses: [127.0.0.1] }\n\
                    certificates: { self_signed: true }\ndomains: { bar.test: {} }\n";

fn compiled(main: &str, files: &[(&str, &str)]) -> Compilation {
    let files: BTreeMap<_, _> = files.iter().map(|(p, t)| (PathBuf::from(p), t.as_bytes().to_vec())).collect();
    compile(&Source { name: "conf/mailserver.yaml", text: main }, &Inputs::in_memory(files, NOW).ignoring_secrets())
}

fn errors(compilation: &Compilation) -> Vec<&'static str> {
    compilation.diagnostics.iter().filter(|d| d.severity == Severity::Error).map(|d| d.code).collect()
}

#[test]
fn included_accounts_are_as_if_written_in_the_main_file() {
    let (anna, ben) = ("accounts:\n  anna@bar.test: { quota: 1GB }\n", "accounts:\n  ben@bar.test:\n");
    let team = "aliases: { team@bar.test: [anna@bar.test, ben@bar.test] }\n";
    let main = format!("{MAIN}accounts:\n  me@bar.test: {{}}\ninclude: [people/*.yaml, team.yaml]\n");
    let files = [("people/2-ben.yaml", ben), ("people/1-anna.yaml", anna), ("team.yaml", team)];
    let split = compiled(&main, &files);
    let whole =
        format!("{MAIN}accounts:\n  me@bar.test: {{}}\n  anna@bar.test: {{ quota: 1GB }}\n  ben@bar.test:\n{team}");
    let whole = compiled(&whole, &[]);
    let report = human(&split.sources, &split.diagnostics, false);
    let (mut split, whole) = (split.plan.unwrap_or_else(|| panic!("{report}")), whole.plan.unwrap());
    assert_ne!(split.source_digest, whole.source_digest);
    split.source_digest.clone_from(&whole.source_digest);
    assert_eq!(split, whole);
}

#[test]
fn a_main_file_needs_no_accounts_of_its_own() {
    let account = "accounts: { me@bar.test: { aliases: [postmaster@bar.test, abuse@bar.test] } }\n";
    for own in ["", "accounts:\n"] {
        let main = format!("{MAIN}{own}include: [me.yaml]\n");
        let compilation = compiled(&main, &[("me.yaml", account)]);
        assert_eq!(compilation.diagnostics, [], "{own}");
        assert_eq!(compilation.plan.unwrap().accounts.len(), 1);
    }
}

#[test]
fn the_digest_covers_what_is_included() {
    let main = format!("{MAIN}include: [me.yaml]\n");
    let digest = |text| compiled(&main, &[("me.yaml", text)]).plan.unwrap().source_digest;
    let first = digest("accounts: { me@bar.test: {} }\n");
    assert_eq!(first, digest("# a comment is no change\naccounts:\n  me@bar.test: {}\n"));
    assert_ne!(first, digest("accounts: { me@bar.test: { quota: 1GB } }\n"));
}

/// `allow` names places by their path, whichever file they stand in.
#[test]
fn what_is_allowed_may_stand_in_an_included_file() {
    let main = format!("{MAIN}accounts: {{ me@bar.test: {{}} }}\ninclude: [1.yaml, 2.yaml]\n");
    let files = [
        ("1.yaml", "accounts: { ann@bar.test: {} }\n"),
        ("2.yaml", "accounts: { ben@bar.test: {} }\naliases: { x@bar.test: ben@bar.test }\n"),
    ];
    let mut root = tree::read(&main).root.unwrap();
    let mut sources = SourceMap::new("mailserver.yaml", main.as_str());
    let inputs = Inputs::in_memory(files.map(|(p, t)| (PathBuf::from(p), t.as_bytes().to_vec())).into(), NOW);
    assert!(!include::merge(&mut root, &mut sources, &inputs, 0, &mut Vec::new()));
    for (file, needle, path) in [
        (1, "ann", "accounts.ann@bar.test"),
        (2, "ben", "accounts.ben@bar.test"),
        (2, "ben@bar.test }", "aliases.x@bar.test"),
    ] {
        let file = sources.files().nth(file).unwrap();
        let offset = file.base() + file.text().find(needle).unwrap() as u32;
        assert_eq!(path::around(&root, offset).last().unwrap(), path);
    }
}

/// The folder of an included file is not where its paths start.
#[test]
fn paths_in_included_files_start_at_the_main_file() {
    let main = format!("{MAIN}include: [deep/er/me.yaml]\n");
    let account = "accounts: { me@bar.test: { password: { file: secrets/me } } }\n";
    let files =
        |secret: &str| BTreeMap::from([(PathBuf::from("deep/er/me.yaml"), account.into()), (secret.into(), vec![1])]);
    let at = |secret| compile(&Source { name: "m.yaml", text: &main }, &Inputs::in_memory(files(secret), NOW));
    assert_eq!(errors(&at("secrets/me")), [""; 0]);
    assert_eq!(errors(&at("deep/er/secrets/me")), ["SEC-002"]);
}

/// Aliases of YAML are bounded over all files together.
#[test]
fn small_files_do_not_expand_without_end() {
    let bomb = |name: usize| {
        let list = "*a,".repeat(900);
        (
            format!("bomb/{name:03}.yaml"),
            format!("accounts:\n  u{name}@bar.test: {{ aliases: [&a [1,1,1,1,1,1,1,1,1], {list}] }}\n"),
        )
    };
    let bombs: Vec<_> = (0..100).map(bomb).collect();
    let files: Vec<_> = bombs.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
    let compilation = compiled(&format!("{MAIN}include: [bomb/*.yaml]\n"), &files);
    let codes: Vec<_> = compilation.diagnostics.iter().map(|d| d.code).collect();
    assert!(codes.contains(&"YAML-002"), "{codes:?}");
}

#[test]
fn what_was_asked_for_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let main = format!(
        "{}include: [people/*.yaml]\n",
        MAIN.replace("{ self_signed: true }", "{ files: [{ chain: tls/chain.pem, key: tls/key.pem }] }")
    );
    std::fs::create_dir(folder.path().join("people")).unwrap();
    std::fs::write(folder.path().join("people/me.yaml"), "accounts: { me@bar.test: { password: { file: s } } }")
        .unwrap();
    let inputs = Inputs::from_disk(folder.path());
    compile(&Source { name: "m.yaml", text: &main }, &inputs);
    let consulted = inputs.consulted();
    let consulted: Vec<&Path> = consulted.keys().map(|p| p.strip_prefix(folder.path()).unwrap()).collect();
    for path in ["people", "people/me.yaml", "tls/chain.pem", "tls/key.pem", "s"] {
        assert!(consulted.contains(&Path::new(path)), "{path} is missing in {consulted:?}");
    }
}
