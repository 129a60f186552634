//! Plain scalars to values: the core schema of YAML 1.2 (§10.3.2), nothing of YAML 1.1.
//!
//! `yes`, `no`, `on`, `off`, `22:30` and `0123` stay text here; YAML 1.1 read booleans, sexagesimals
//! and octals into them. Where one of these stands in the wrong place, [`hint`] says so.

use super::node::Value;

/// The value of a plain (unquoted) scalar.
pub fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) || leading_zero(text) {
        return Value::Text(text.to_owned());
    }
    let radix = |prefix: &str, radix: u32| {
        text.strip_prefix(prefix)
            .filter(|d| !d.starts_with(['+', '-']))
            .and_then(|d| i64::from_str_radix(d, radix).ok())
    };
    if let Some(i) = radix("0x", 16).or_else(|| radix("0o", 8)).or_else(|| text.parse().ok()) {
        return Value::Integer(i);
    }
    let shaped = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'))
        && text.bytes().any(|b| b.is_ascii_digit());
    match text.parse::<f64>() {
        Ok(f) if shaped && f.is_finite() => Value::Float(f),
        _ => Value::Text(text.to_owned()),
    }
}

/// `0123`: octal for YAML 1.1, decimal for YAML 1.2, a mistake for everyone.
fn leading_zero(text: &str) -> bool {
    let digits = text.trim_start_matches(['+', '-']);
    digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit())
}

/// How a text value is written: plain where that is safe everywhere, in flow collections too, else between quotes.
pub fn written(text: &str) -> String {
    let safe = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '@' | '+' | '=' | '$');
    let first = text.chars().next().is_some_and(|c| c.is_alphanumeric() || matches!(c, '/' | '.' | '_'));
    if first && text.chars().all(safe) && resolve(text) == Value::Text(text.to_owned()) && !former_boolean(text) {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            // YAML 1.2.2 §5.7: what cannot be printed is escaped, by eight hexadecimal digits if need be.
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                quoted.push_str(&format!("\\U{:08x}", u32::from(c)));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Words that YAML 1.1 read as booleans. We do not, but the next program may.
fn former_boolean(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "yes" | "y" | "on" | "no" | "n" | "off")
}

/// What probably happened, and the value that was meant where there is no doubt about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// A sentence with a leading space.
    pub why: String,
    pub fix: String,
    /// As it would be written.
    pub meant: Option<String>,
}

/// What probably happened when `text` stands where `wanted` (a JSON Schema type) should.
pub fn hint(text: &str, wanted: &str) -> Option<Hint> {
    let word = text.to_ascii_lowercase();
    let quoted = |meant: &str| Hint {
        why: " Quotes make it text.".to_owned(),
        fix: format!("write {meant} without quotes"),
        meant: Some(meant.to_owned()),
    };
    match wanted {
        "boolean" => {
            let meant = match word.as_str() {
                "yes" | "y" | "on" => "true",
                "no" | "n" | "off" => "false",
                "true" | "false" => return Some(quoted(&word)),
                _ => return None,
            };
            let why = format!(" `{word}` was a boolean in YAML 1.1 only; in YAML 1.2 it is a word.");
            Some(Hint { why, fix: format!("write `{meant}`"), meant: Some(meant.to_owned()) })
        }
        "integer" if leading_zero(text) => {
            let plain = text.trim_start_matches('0');
            let plain = if plain.is_empty() { "0" } else { plain };
            let why = " A leading zero meant octal in YAML 1.1 and means nothing in 1.2, so the number is not guessed.";
            Some(Hint { why: why.to_owned(), fix: format!("write `{plain}`"), meant: None })
        }
        "integer" if text.parse::<i64>().is_ok() => Some(quoted(text)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_1_2_core_schema() {
        for (text, value) in [
            ("", Value::Null),
            ("~", Value::Null),
            ("True", Value::Bool(true)),
            ("0x1F", Value::Integer(31)),
            ("0o17", Value::Integer(15)),
            ("-7", Value::Integer(-7)),
            ("1.50", Value::Float(1.5)),
        ] {
            assert_eq!(resolve(text), value, "{text}");
        }
    }

    #[test]
    fn yaml_1_1_surprises_stay_text() {
        for text in ["yes", "No", "on", "OFF", "0123", "-012", "22:30", "1_000", ".inf", ".nan", "1e999", "0x-1", "."] {
            assert_eq!(resolve(text), Value::Text(text.to_owned()), "{text}");
        }
    }

    #[test]
    fn hints_name_the_edit() {
        assert_eq!(hint("yes", "boolean").unwrap().fix, "write `true`");
        assert_eq!(hint("0465", "integer").unwrap().fix, "write `465`");
        assert_eq!(hint("0465", "integer").unwrap().meant, None);
        assert_eq!(hint("maybe", "boolean"), None);
    }

    #[test]
    fn text_is_written_so_that_it_is_read_again() {
        for text in [
            "a",
            "a b",
            "yes",
            "1.2",
            "none",
            "+",
            "",
            "~",
            "# x",
            "a: b",
            "2001:db8::1",
            "\"\\\n\t\u{7}\u{85}",
            "ü@x.org",
            "- a",
        ] {
            let yaml = format!("k: [{}]\n", written(text));
            let root = crate::compiler::config::tree::read(&yaml).root.unwrap();
            let Some(Value::List(items)) = root.get("k").map(|n| &n.value) else { panic!("{yaml}") };
            assert_eq!(items[0].value, Value::Text(text.to_owned()), "{yaml}");
        }
        assert_eq!(written("mail.example.org"), "mail.example.org");
        assert_eq!(written("192.0.2.10"), "192.0.2.10");
    }
}
