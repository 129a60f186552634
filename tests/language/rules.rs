//! The catalogue against itself: every rule's example fires it, what it recommends does not.

use mailctl::compiler::{explain, rules};
use mailctl::ground::diagnostic::Severity;

use crate::fixtures::{inputs, report};

/// Sections that an example may leave out.
const SECTIONS: [(&str, &str); 5] = [
    ("version", "version: 1"),
    ("host", "host: { name: mail.example.org, addresses: [192.0.2.10, \"2001:db8::10\"] }"),
    ("certificates", "certificates:\n  files: [{ chain: tls/good.pem, key: tls/good.key }]"),
    ("domains", "domains: { example.org: {} }"),
    ("accounts", "accounts:\n  hello@example.org: { password: { file: /run/secrets/hello } }"),
];

pub fn complete(piece: &str) -> String {
    let written = |name: &str| piece.lines().any(|l| l.starts_with(&format!("{name}:")));
    let mut text: String =
        SECTIONS.iter().filter(|(name, _)| !written(name)).map(|(_, yaml)| format!("{yaml}\n")).collect();
    text.push_str(piece);
    text.push('\n');
    // Behind the piece, so that every example is on the lines that it always had.
    if !written("storage") {
        text.push_str("storage: { backup: { enabled: false } }\n");
    }
    text
}

#[test]
fn examples_fire_and_recommendations_do_not() {
    let inputs = inputs();
    let mut failures = Vec::new();
    // What needs an active plan or DNS has its cases in tests/rules/ alone.
    let alone = |r: &&&rules::Rule| {
        !matches!(r.check, rules::Check::Live | rules::Check::Online(_) | rules::Check::Transition(_))
    };
    for rule in rules::catalogue().iter().filter(alone) {
        let (compilation, rendered) = report(rule.code, &complete(rule.explanation.example), &inputs);
        let fired: Vec<_> =
            compilation.diagnostics.iter().filter(|d| d.severity == rule.severity).map(|d| d.code).collect();
        // A rule's example is about that rule; it may warn of more, and breaks nothing else.
        let others: Vec<_> = fired.iter().filter(|c| **c != rule.code && rule.severity == Severity::Error).collect();
        if !fired.contains(&rule.code) || !others.is_empty() {
            failures.push(format!("the example of {} fires {fired:?}:\n{rendered}", rule.code));
        }
        let (compilation, rendered) = report(rule.code, &complete(rule.explanation.instead), &inputs);
        let again = compilation.diagnostics.iter().any(|d| d.code == rule.code && d.severity == rule.severity);
        if compilation.plan.is_none() || again {
            failures.push(format!("what {} recommends does not compile, or fires it:\n{rendered}", rule.code));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_rule_explains_itself() {
    let mut codes = Vec::new();
    let mut names = Vec::new();
    for rule in rules::catalogue() {
        assert!(
            rule.code.split_once('-').is_some_and(|(t, n)| t.bytes().all(|b| b.is_ascii_uppercase())
                && n.len() == 3
                && n.bytes().all(|b| b.is_ascii_digit())),
            "{}",
            rule.code
        );
        assert!(rule.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{}", rule.name);
        assert!(rule.summary.ends_with('.') && !rule.summary.contains('{'), "{}", rule.code);
        assert!(!rule.references.is_empty(), "{} has no source", rule.code);
        let markdown = rule.markdown();
        for heading in ["What it does", "Why it matters", "Example", "Use instead", "When to ignore", "References"] {
            assert!(markdown.contains(&format!("\n## {heading}\n\n")), "{}", rule.code);
        }
        for part in [rule.explanation.what, rule.explanation.why, rule.explanation.ignore] {
            assert!(part.len() > 40 && part.ends_with('.'), "{}: {part}", rule.code);
        }
        assert_eq!(explain(rule.code).unwrap().name, rule.name);
        assert_eq!(explain(&rule.name.to_uppercase()).unwrap().code, rule.code);
        codes.push(rule.code);
        names.push(rule.name);
    }
    assert!(codes.is_sorted(), "{codes:?}");
    names.sort_unstable();
    names.dedup();
    codes.dedup();
    assert_eq!(codes.len(), names.len());
    assert!(explain("PORT-999").is_none());
}
