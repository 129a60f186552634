//! The forms of a report: one golden each over the same findings, SARIF against the schema of OASIS, and any place in
//! any file.

use mailctl::compiler::{Compilation, rules};
use mailctl::ground::diagnostic::{Diagnostic, Edit, Label, Severity, SourceMap, github, human, json, markdown, sarif};
use proptest::prelude::*;
use serde_json::Value;

use crate::fixtures::{golden, inputs, report, root};

fn several_at_once() -> Compilation {
    let yaml = std::fs::read_to_string(root("tests/bad_configs/several_at_once.yaml")).unwrap();
    report("mailserver.yaml", &yaml, &inputs()).0
}

/// Findings in three files, with places in each other.
fn several_files() -> Compilation {
    let yaml = std::fs::read_to_string(root("tests/bad_configs/include_broken.yaml")).unwrap();
    report("conf/mailserver.yaml", &yaml, &inputs()).0
}

#[test]
fn each_form_is_word_for_word() {
    let Compilation { sources, diagnostics, .. } = &several_at_once();
    let mut failures = Vec::new();
    for (ending, text) in [
        ("json", json(sources, diagnostics)),
        ("sarif", sarif(sources, diagnostics, &rules::help())),
        ("github", github(sources, diagnostics)),
        ("md", markdown(sources, diagnostics)),
    ] {
        assert!(!text.contains("geheim"), "the {ending} form quotes a secret:\n{text}");
        failures.extend(golden(&root(&format!("tests/bad_configs/several_at_once.{ending}")), &text).err());
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_form_names_the_file_of_each_place() {
    let Compilation { sources, diagnostics, .. } = &several_files();
    for text in [
        json(sources, diagnostics),
        sarif(sources, diagnostics, &[]),
        github(sources, diagnostics),
        markdown(sources, diagnostics),
        human(sources, diagnostics, false),
    ] {
        for file in ["conf/mailserver.yaml", "conf/parts/syntax.yaml", "conf/parts/mistakes.yaml"] {
            assert!(text.contains(file), "{file} is missing in\n{text}");
        }
        assert!(!text.contains("geheim"), "a secret of an included file in\n{text}");
    }
}

/// The schema of OASIS for SARIF 2.1.0, as the crate serde-sarif 0.8.0 (MIT) carries it, to the octet.
fn sarif_schema() -> jsonschema::Validator {
    let text = std::fs::read_to_string(root("tests/language/sarif-schema-2.1.0.json")).unwrap();
    // A bracket too many in the pattern of `language`, which no report of ours has; the validator refuses it.
    let text = text.replace("-[a-zA-Z]{2}]?$", "-[a-zA-Z]{2}$");
    let schema: Value = serde_json::from_str(&text).unwrap();
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

#[test]
fn sarif_is_sarif() {
    let validator = sarif_schema();
    for compilation in [several_at_once(), several_files()] {
        let mut diagnostics = compilation.diagnostics;
        for diagnostic in &mut diagnostics {
            let span = diagnostic.primary.as_ref().map_or(0..0, |l| l.span.clone());
            diagnostic.edits.push(Edit { span, text: "é\n".to_owned() });
        }
        let mut log: Value = serde_json::from_str(&sarif(&compilation.sources, &diagnostics, &rules::help())).unwrap();
        let errors: Vec<_> = validator.iter_errors(&log).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}");
        let run = &log["runs"][0];
        for (result, diagnostic) in run["results"].as_array().unwrap().iter().zip(&diagnostics) {
            let rule = &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap() as usize];
            assert_eq!(rule["id"], diagnostic.code);
            assert!(rule["help"]["markdown"].as_str().unwrap().contains("## Why it matters"));
            let place = &result["locations"][0]["physicalLocation"];
            let change = &result["fixes"][0]["artifactChanges"][0];
            assert_eq!(change["replacements"][0]["deletedRegion"], place["region"]);
            assert_eq!(change["artifactLocation"], place["artifactLocation"]);
        }
        // And the schema can say no.
        log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0.into();
        assert!(!validator.is_valid(&log));
    }
}

fn finding(primary: Option<Label>, related: Vec<Label>, edits: Vec<Edit>, code: &'static str) -> Diagnostic {
    Diagnostic {
        code,
        name: "made-up",
        severity: Severity::Warning,
        summary: "Made up.".to_owned(),
        primary,
        related,
        detail: "Nothing | `is` wrong <here>.".to_owned(),
        fix: None,
        edits,
        references: &[],
    }
}

#[test]
fn one_excerpt_a_file_the_primary_first() {
    let mut sources = SourceMap::new("main.yaml", "accounts:\n  a@x.org: {}\r\n");
    let second = sources.add("more/b.yaml", "# é\naccounts: { a@x.org: {} }\n").unwrap();
    let related = vec![Label { span: 12..19, text: "first given here".to_owned() }];
    let place = second + 17..second + 24;
    let diagnostic = finding(Some(Label { span: place, text: "again".to_owned() }), related, Vec::new(), "X-001");
    let text = human(&sources, &[diagnostic], false);
    let expected = "\
warning[X-001]: made-up: Made up.
 --> more/b.yaml:2:13
  |
2 | accounts: { a@x.org: {} }
  |             ^^^^^^^ again
  |
 ::: main.yaml:2:3
  |
2 |   a@x.org: {}
  |   ------- first given here
  |
  = why: Nothing | `is` wrong <here>.
  = see: mailctl explain X-001

main.yaml: 1 warning
";
    assert_eq!(text, expected);
}

#[test]
fn distant_places_and_endless_lines_are_not_quoted_whole() {
    let text = format!("first: 1\n{}last: 2\n", "between: 0\n".repeat(5_000));
    let end = text.len() as u32;
    let sources = SourceMap::new("long.yaml", text);
    let label = |span| Label { span, text: "here".to_owned() };
    let far = finding(Some(label(end - 8..end - 4)), vec![label(0..5), label(0..end)], Vec::new(), "X-001");
    let shown = human(&sources, &[far], false);
    assert!(shown.contains("long.yaml:5002:1") && shown.contains("1 | first: 1"), "{shown}");
    assert!(shown.len() < 1_000, "{shown}");

    let sources = SourceMap::new("wide.yaml", format!("a: [{}]\n", "x, ".repeat(1_000_000)));
    let wide = finding(Some(label(2_000_000..2_000_001)), Vec::new(), Vec::new(), "X-001");
    let shown = human(&sources, &[wide], false);
    assert!(shown.contains("wide.yaml:1:2000001") && shown.contains("here"), "{shown}");
    assert!(shown.len() < 1_000);
}

#[test]
fn sarif_is_bounded_and_counts_the_rest() {
    let sources = SourceMap::new("a.yaml", "a: 1\n");
    let one = finding(Some(Label { span: 0..1, text: String::new() }), Vec::new(), Vec::new(), "X-001");
    let log: Value = serde_json::from_str(&sarif(&sources, &vec![one; 6_000], &[])).unwrap();
    assert!(sarif_schema().is_valid(&log));
    assert_eq!(log["runs"][0]["results"].as_array().unwrap().len(), 5_000);
    let said = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"];
    assert!(said.as_str().unwrap().starts_with("1000 more findings"), "{said}");
}

/// A comment that is too long is refused by the host: better a part of it, and the number of the rest.
#[test]
fn markdown_is_bounded_and_counts_the_rest() {
    let sources = SourceMap::new("a.yaml", "a: 1\n");
    let one = finding(Some(Label { span: 0..1, text: String::new() }), Vec::new(), Vec::new(), "X-001");
    let text = markdown(&sources, &vec![one; 5_000]);
    assert!(text.len() < 62_000, "{}", text.len());
    assert!(text.contains(" more are not listed.") && text.contains(" more are not shown"), "{text}");
}

#[test]
fn markdown_stays_markdown_whatever_it_quotes() {
    let name = "a|b`c@everyone.yaml";
    let sources = SourceMap::new(name, "```\n# <script>alert(1)</script>\n[x](javascript:1) | @everyone\n");
    let one = finding(Some(Label { span: 0..40, text: "``` | @all".to_owned() }), Vec::new(), Vec::new(), "X-001");
    let text = markdown(&sources, &[one]);
    assert!(text.starts_with("### ``a\\|b`c@everyone.yaml``: 1 warning\n"), "{text}");
    assert!(text.contains("| warning | ``a\\|b`c@everyone.yaml:1:1`` | X-001 `made-up`: Made up. |\n"), "{text}");
    let (_, body) = text.split_once("\n````text\n").unwrap();
    let (inside, behind) = body.split_once("\n````\n").unwrap();
    assert!(inside.contains("<script>") && behind.is_empty(), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a span says, every form renders it.
    #[test]
    fn any_span_in_any_file_renders(
        texts in prop::collection::vec("[a\u{e9}\u{1f600}\t\r\n `|<]{0,40}", 1..4),
        spans in prop::collection::vec((0u32..140, 0u32..140), 1..5),
        secret in any::<bool>(),
    ) {
        let mut sources = SourceMap::new("main.yaml", texts[0].as_str());
        for (at, text) in texts.iter().enumerate().skip(1) {
            sources.add(&format!("{at}.yaml"), text.as_str()).unwrap();
        }
        let mut labels = spans.iter().map(|(start, end)| Label { span: *start..*end, text: "here".to_owned() });
        let edits = spans.iter().map(|(start, end)| Edit { span: *start..*end, text: "x".to_owned() }).collect();
        let code = if secret { "SEC-001" } else { "X-001" };
        let diagnostics = [finding(labels.next(), labels.collect(), edits, code)];
        prop_assert!(human(&sources, &diagnostics, false).contains("made-up"));
        human(&sources, &diagnostics, true);
        serde_json::from_str::<Value>(&json(&sources, &diagnostics)).unwrap();
        serde_json::from_str::<Value>(&sarif(&sources, &diagnostics, &[])).unwrap();
        prop_assert_eq!(github(&sources, &diagnostics).lines().count(), 2);
        markdown(&sources, &diagnostics);
    }
}
