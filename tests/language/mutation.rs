//! Whatever the text is: no panic, a plan if and only if there is no error, the same answer twice.

use mailctl::compiler::rules;
use mailctl::ground::diagnostic::{Severity, github, human, json, markdown, sarif};
use proptest::prelude::*;

use crate::fixtures::{inputs, report, root};
use crate::numbers::Numbers;
use crate::schema::mutate;
use crate::yaml::{NASTY, mutate_structure};

fn holds(text: &str, inputs: &mailctl::compiler::Inputs) {
    let (first, rendered) = report("mailserver.yaml", text, inputs);
    let (second, again) = report("mailserver.yaml", text, inputs);
    let errors = first.diagnostics.iter().any(|d| d.severity == Severity::Error);
    assert_eq!(first.plan.is_none(), errors, "{rendered}\n{text}");
    assert_eq!(first.plan, second.plan);
    assert_eq!(rendered, again);
    let (sources, diagnostics) = (&first.sources, &first.diagnostics);
    let parsed: serde_json::Value = serde_json::from_str(&json(sources, diagnostics)).unwrap();
    assert_eq!(parsed["diagnostics"].as_array().unwrap().len(), diagnostics.len());
    let parsed: serde_json::Value = serde_json::from_str(&sarif(sources, diagnostics, &rules::help())).unwrap();
    assert_eq!(parsed["runs"][0]["results"].as_array().unwrap().len(), diagnostics.len());
    assert_eq!(github(sources, diagnostics).lines().count(), diagnostics.len() + 1);
    markdown(sources, diagnostics);
    human(sources, diagnostics, true);
    for diagnostic in &first.diagnostics {
        assert_ne!(diagnostic.name, "unlisted", "{}", diagnostic.code);
        assert!(!diagnostic.detail.is_empty(), "{}", diagnostic.code);
        assert!(!diagnostic.detail.contains("bug in mailctl"), "{}\n{text}", diagnostic.detail);
        for label in diagnostic.primary.iter().chain(&diagnostic.related) {
            assert!(label.span.start <= label.span.end && label.span.end <= sources.end(), "{label:?}\n{text}");
        }
    }
}

/// How many files the two tests below make each. `MAILCTL_MUTATIONS=20000` is the long form (`docs/testing.md`).
pub fn rounds() -> usize {
    const SHORT: usize = 1_500;
    std::env::var("MAILCTL_MUTATIONS").map_or(SHORT, |n| n.parse().expect("MAILCTL_MUTATIONS is a number"))
}

pub fn seeds() -> Vec<String> {
    let mut seeds: Vec<String> = Vec::new();
    for folder in ["examples", "tests/bad_configs"] {
        let mut paths: Vec<_> = std::fs::read_dir(root(folder)).unwrap().map(|e| e.unwrap().path()).collect();
        paths.sort();
        let yaml = paths.into_iter().filter(|p| p.extension().is_some_and(|e| e == "yaml"));
        seeds.extend(yaml.filter_map(|p| std::fs::read_to_string(p).ok()).filter(|t| t.len() < 10_000));
    }
    seeds
}

#[test]
fn mutated_files_never_break_the_compiler() {
    let (inputs, seeds) = (inputs(), seeds());
    let mut numbers = Numbers(7);
    for round in 0..rounds() {
        holds(&mutate(&seeds[round % seeds.len()], &mut numbers), &inputs);
    }
}

#[test]
fn mutated_structures_never_break_the_compiler() {
    let (inputs, seeds) = (inputs(), seeds());
    let mut numbers = Numbers(11);
    let mut read = 0;
    for round in 0..rounds() {
        let Some(text) = mutate_structure(&seeds[round % seeds.len()], &mut numbers) else { continue };
        read += 1;
        holds(&text, &inputs);
    }
    assert!(read * 2 > rounds(), "most seeds can be read: {read}");
}

/// Each odd scalar in the place of each value of a file that has every key.
#[test]
fn odd_scalars_stand_everywhere() {
    let inputs = inputs();
    let text = std::fs::read_to_string(root("examples/everything.yaml")).unwrap();
    let places: Vec<usize> = text.match_indices(": ").map(|(at, _)| at + 2).collect();
    // The short form tries a fifth of them at each place, another fifth at the next.
    let step = if std::env::var_os("MAILCTL_MUTATIONS").is_some() { 1 } else { 5 };
    for (n, place) in places.iter().enumerate() {
        let end = text[*place..].find([',', '\n', '}', ']']).map_or(text.len(), |i| place + i);
        for scalar in NASTY.iter().skip(n % step).step_by(step) {
            holds(&format!("{}{scalar}{}", &text[..*place], &text[end..]), &inputs);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered(text in "(version: 1\n)?[ \\-\\{\\}\\[\\]:,&*!|>'\"%@`a-zé0-9\r\n\t\u{feff}]{0,200}") {
        holds(&text, &inputs());
    }
}
