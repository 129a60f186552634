//! The one way text artefacts are filled in: strict undefined, and an escaper for each format.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, UndefinedBehavior, Value};
use serde::Serialize;

/// What the text is for, and so what a value must be made harmless for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Mermaid: labels stand in double quotes; quotes, `#` and `;` become character codes.
    Mermaid,
    /// nftables: values are checked names, numbers and addresses; a control character becomes a blank, so that
    /// no value can begin a line of its own.
    OneLine,
    /// systemd.syntax(7): `%` and `$` stand for themselves only when doubled.
    Unit,
    /// XML: text and attribute values; a character that XML 1.0 §2.2 has no place for becomes a blank.
    Xml,
    /// YAML: a double-quoted scalar, which JSON's spelling of a string is.
    Yaml,
}

/// Fills `source` in. Both are fixed in the program, the values come from a plan.
pub(super) fn render(source: &'static str, format: Format, values: &impl Serialize) -> String {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().keep_trailing_newline(true).trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("invariant: only white space differs from the default"));
    environment.set_auto_escape_callback(|_| AutoEscape::Custom("format".into()));
    environment.set_formatter(move |out, _, value| write(format, out, value));
    environment
        .render_str(source, Value::from(Serde(values)))
        .expect("invariant: each template is rendered by a test, and values are checked names and numbers")
}

fn write(format: Format, out: &mut Output<'_>, value: &Value) -> Result<(), Error> {
    if value.is_undefined() {
        return Err(ErrorKind::UndefinedError.into());
    }
    let text = value.to_string();
    let escaped = match format {
        Format::Mermaid => mermaid(&text),
        Format::OneLine => one_line(&text),
        Format::Unit => one_line(&text).replace('%', "%%").replace('$', "$$"),
        Format::Xml => xml(&text),
        Format::Yaml if value.as_str().is_some() => serde_json::Value::String(text).to_string(),
        Format::Yaml => text,
    };
    out.write_str(&escaped).map_err(|_| ErrorKind::WriteFailure.into())
}

fn mermaid(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '#' | ';' | '<' | '>' | '&' | '`' | '\\' => escaped.push_str(&format!("#{};", u32::from(c))),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A control character can only be an attempt to begin a new line: it becomes a blank.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_makes_values_harmless() {
        let values = serde_json::json!({ "v": "a\"b%c\nd", "n": 25 });
        assert_eq!(render("{{ v }} {{ n }}", Format::Mermaid, &values), "a#34;b%c d 25");
        assert_eq!(render("{{ v }} {{ n }}", Format::OneLine, &values), "a\"b%c d 25");
        assert_eq!(render("{{ v }} {{ n }}", Format::Unit, &values), "a\"b%%c d 25");
        assert_eq!(render("{{ v }} {{ n }}", Format::Xml, &values), "a&quot;b%c d 25");
        let markup = serde_json::json!({ "v": "<a b='&'>\u{ffff}" });
        assert_eq!(render("{{ v }}", Format::Xml, &markup), "&lt;a b=&apos;&amp;&apos;&gt; ");
        assert_eq!(render("{{ v }} {{ n }}", Format::Yaml, &values), "\"a\\\"b%c\\nd\" 25");
    }

    #[test]
    #[should_panic(expected = "invariant")]
    fn an_undefined_value_is_no_empty_text() {
        render("{{ missing }}", Format::OneLine, &serde_json::json!({}));
    }
}
