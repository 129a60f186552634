//! SARIF 2.1.0 (OASIS, with Errata 01) for programs that collect findings of many tools.
//!
//! One run: the rules that fired with their explanations, the files, a result a finding with its place, related
//! places and, where a finding carries edits, a fix. It quotes no source text. Findings beyond
//! `limits::SARIF_RESULTS_MAX` are counted in a notification.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::source::{Place, SourceMap};
use super::{Diagnostic, RuleHelp, Severity, Span};
use crate::ground::limits;

/// Renders `diagnostics` as pretty-printed SARIF with a final line end. `rules` explains them; rules that did not
/// fire are left out.
pub fn sarif(sources: &SourceMap, diagnostics: &[Diagnostic], rules: &[RuleHelp]) -> String {
    let mut fired: Vec<&RuleHelp> =
        rules.iter().filter(|rule| diagnostics.iter().any(|d| d.code == rule.code)).collect();
    fired.sort_by_key(|rule| rule.code);
    let index: BTreeMap<&str, usize> = fired.iter().enumerate().map(|(at, rule)| (rule.code, at)).collect();
    let shown = diagnostics.iter().take(limits::SARIF_RESULTS_MAX);
    let results: Vec<Value> = shown.map(|d| result(sources, d, index.get(d.code).copied())).collect();
    let left_out = diagnostics.len() - results.len();
    let files: Vec<Value> = sources.files().map(|f| json!({ "location": { "uri": uri(f.name()) } })).collect();
    let mut log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "mailctl",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": fired.into_iter().map(rule).collect::<Vec<_>>(),
            } },
            // Columns count characters, as everywhere in our reports.
            "columnKind": "unicodeCodePoints",
            "artifacts": files,
            "results": results,
        }],
    });
    if left_out > 0 {
        let text = format!("{left_out} more findings are not in this log; `mailctl check --format json` has them.");
        let notification = json!({ "level": "warning", "message": { "text": text } });
        // §3.20.21: what the reader has to know of the run itself.
        log["runs"][0]["invocations"] =
            json!([{ "executionSuccessful": true, "toolExecutionNotifications": [notification] }]);
    }
    let mut text = serde_json::to_string_pretty(&log).expect("invariant: a JSON value always serialises");
    text.push('\n');
    text
}

fn rule(rule: &RuleHelp) -> Value {
    json!({
        "id": rule.code,
        "name": rule.name,
        "shortDescription": { "text": rule.summary },
        "fullDescription": { "text": rule.what },
        // §3.49.12: the plain form has to be there beside the Markdown.
        "help": { "text": rule.text, "markdown": rule.markdown },
        "defaultConfiguration": { "level": level(rule.severity) },
    })
}

fn result(sources: &SourceMap, diagnostic: &Diagnostic, rule: Option<usize>) -> Value {
    let mut text = format!("{} {}", diagnostic.summary, diagnostic.detail);
    if let Some(fix) = &diagnostic.fix {
        text.push_str(&format!("\nFix: {fix}"));
    }
    let mut result = json!({
        "ruleId": diagnostic.code,
        "level": level(diagnostic.severity),
        "message": { "text": text },
    });
    if let Some(rule) = rule {
        result["ruleIndex"] = json!(rule);
    }
    let primary = diagnostic.primary.iter();
    result["locations"] = primary.map(|label| location(sources, &label.span, &label.text)).collect();
    if !diagnostic.related.is_empty() {
        let related = diagnostic.related.iter().enumerate().map(|(at, label)| {
            let mut place = location(sources, &label.span, &label.text);
            place["id"] = json!(at + 1);
            place
        });
        result["relatedLocations"] = related.collect();
    }
    if !diagnostic.edits.is_empty() {
        result["fixes"] = json!([fix(sources, diagnostic)]);
    }
    result
}

/// All edits of a finding as one fix, by file.
fn fix(sources: &SourceMap, diagnostic: &Diagnostic) -> Value {
    let mut changes: BTreeMap<u32, (&str, Vec<Value>)> = BTreeMap::new();
    for edit in &diagnostic.edits {
        let place = sources.place(&edit.span);
        let (_, replacements) = changes.entry(place.file.base()).or_insert_with(|| (place.file.name(), Vec::new()));
        replacements.push(json!({ "deletedRegion": region(&place), "insertedContent": { "text": edit.text } }));
    }
    let changes: Vec<Value> = changes
        .into_values()
        .map(|(file, replacements)| json!({ "artifactLocation": { "uri": uri(file) }, "replacements": replacements }))
        .collect();
    let description = diagnostic.fix.as_deref().unwrap_or(&diagnostic.summary);
    json!({ "description": { "text": description }, "artifactChanges": changes })
}

fn location(sources: &SourceMap, span: &Span, label: &str) -> Value {
    let place = sources.place(span);
    let mut location = json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(place.file.name()) },
        "region": region(&place),
    } });
    if !label.is_empty() {
        location["message"] = json!({ "text": label });
    }
    location
}

/// §3.30: lines and columns from 1, the end column behind the last character.
fn region(place: &Place<'_>) -> Value {
    json!({
        "startLine": place.start.line,
        "startColumn": place.start.column,
        "endLine": place.end.line,
        "endColumn": place.end.column,
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// A path as a URI reference (RFC 3986 §4.1): relative ones stay relative, as code hosts expect.
fn uri(path: &str) -> String {
    let mut out = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            // Also the colon: RFC 3986 §4.2, in the first segment it would end a scheme.
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uri_references() {
        assert_eq!(uri("conf/mailserver.yaml"), "conf/mailserver.yaml");
        assert_eq!(uri("/etc/mailctl/mail server.yaml"), "file:///etc/mailctl/mail%20server.yaml");
        assert_eq!(uri("c:é#?.yaml"), "c%3A%C3%A9%23%3F.yaml");
    }
}
