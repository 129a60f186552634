//! Bad configurations and their exact reports: `tests/bad_configs/NAME.yaml` and `NAME.report`.

use mailctl::compiler::text;
use mailctl::ground::diagnostic::human;

use crate::fixtures::{golden, inputs, report, root};

#[test]
fn bad_configurations_are_reported_word_for_word() {
    let inputs = inputs();
    let mut failures = Vec::new();
    let mut count = 0;
    let mut paths: Vec<_> = std::fs::read_dir(root("tests/bad_configs")).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    for path in paths.into_iter().filter(|p| p.extension().is_some_and(|e| e == "yaml")) {
        let bytes = std::fs::read(&path).unwrap();
        let rendered = match text(&bytes) {
            Ok(text) => {
                let (compilation, rendered) = report("mailserver.yaml", text, &inputs);
                assert!(!compilation.diagnostics.is_empty(), "{} is not bad", path.display());
                rendered
            }
            Err(bad) => {
                let compilation = bad.into_compilation("mailserver.yaml");
                human(&compilation.sources, &compilation.diagnostics, false)
            }
        };
        failures.extend(golden(&path.with_extension("report"), &rendered).err());
        count += 1;
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(count >= 40, "only {count} bad configurations");
}

#[test]
fn colours_change_nothing_but_colours() {
    let yaml = std::fs::read_to_string(root("tests/bad_configs/several_at_once.yaml")).unwrap();
    let (compilation, plain) = report("mailserver.yaml", &yaml, &inputs());
    let coloured = human(&compilation.sources, &compilation.diagnostics, true);
    assert!(coloured.contains("\u{1b}["));
    let mut stripped = String::new();
    let mut rest = coloured.as_str();
    while let Some(at) = rest.find('\u{1b}') {
        stripped.push_str(&rest[..at]);
        rest = rest[at..].split_once('m').unwrap().1;
    }
    stripped.push_str(rest);
    assert_eq!(stripped, plain);
}
