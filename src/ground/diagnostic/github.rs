//! Workflow commands of GitHub Actions: one line a finding, which the runner shows at the line of the file.
//!
//! A finding that spans lines gets no columns, because the runner refuses them there. The runner shows ten
//! findings of each severity a step; all are in its log.

use super::source::SourceMap;
use super::{Counts, Diagnostic, Severity};
use crate::ground::limits;

/// Renders `diagnostics` as workflow commands and ends with a line that counts them. It quotes no source text.
pub fn github(sources: &SourceMap, diagnostics: &[Diagnostic]) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics.iter().take(limits::DIAGNOSTICS_MAX) {
        out.push_str(&command(sources, diagnostic));
        out.push('\n');
    }
    // The count is no command and must not become one: a name could begin with `::`.
    out.push_str(&format!("mailctl: {}\n", Counts::of(diagnostics)));
    out
}

fn command(sources: &SourceMap, diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut properties = Vec::new();
    if let Some(label) = &diagnostic.primary {
        let place = sources.place(&label.span);
        properties.push(format!("file={}", property(place.file.name())));
        properties.push(format!("line={}", place.start.line));
        if place.start.line == place.end.line {
            properties.push(format!("col={}", place.start.column));
            properties.push(format!("endLine={}", place.end.line));
            properties.push(format!("endColumn={}", place.end.column));
        } else {
            properties.push(format!("endLine={}", place.end.line));
        }
    }
    properties.push(format!("title={}", property(&format!("{} {}", diagnostic.code, diagnostic.name))));
    format!("::{level} {}::{}", properties.join(","), data(&message(sources, diagnostic)))
}

fn message(sources: &SourceMap, diagnostic: &Diagnostic) -> String {
    let mut text = diagnostic.summary.clone();
    if let Some(label) = diagnostic.primary.as_ref().filter(|l| !l.text.is_empty()) {
        text.push_str(&format!("\n{}", label.text));
    }
    text.push_str(&format!("\n{}", diagnostic.detail));
    for label in &diagnostic.related {
        let place = sources.place(&label.span);
        let (file, start) = (place.file.name(), place.start);
        text.push_str(&format!("\n{file}:{}:{}: {}", start.line, start.column, label.text));
    }
    if let Some(fix) = &diagnostic.fix {
        text.push_str(&format!("\nfix: {fix}"));
    }
    text
}

/// The part behind `::`. A line end would begin another command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A value between `=` and `,`.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::diagnostic::Label;

    #[test]
    fn nothing_in_a_finding_ends_its_command() {
        let mut sources = SourceMap::new("a,b:100%.yaml", "one\ntwo: x\n");
        let second = sources.add("c.yaml", "three").unwrap();
        let finding = Diagnostic {
            code: "OPS-001",
            name: "unknown-key",
            severity: Severity::Error,
            summary: "A key is not part of the language.".to_owned(),
            primary: Some(Label { span: 4..7, text: "here, 50%: really".to_owned() }),
            related: vec![Label { span: second..second + 5, text: "and there".to_owned() }],
            detail: "First\r\n::error::second".to_owned(),
            fix: Some("remove it".to_owned()),
            edits: Vec::new(),
            references: &[],
        };
        assert_eq!(
            github(&sources, std::slice::from_ref(&finding)),
            "::error file=a%2Cb%3A100%25.yaml,line=2,col=1,endLine=2,endColumn=4,title=OPS-001 unknown-key::\
             A key is not part of the language.%0Ahere, 50%25: really%0AFirst%0D%0A::error::second%0A\
             c.yaml:1:1: and there%0Afix: remove it\nmailctl: 1 error\n"
        );
        let spanning = Diagnostic {
            severity: Severity::Note,
            primary: Some(Label { span: 0..7, text: String::new() }),
            related: Vec::new(),
            fix: None,
            ..finding
        };
        let text = github(&sources, &[spanning]);
        assert!(text.starts_with("::notice file=a%2Cb%3A100%25.yaml,line=1,endLine=2,title="), "{text}");
    }
}
