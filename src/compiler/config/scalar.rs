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

/// What probably happened when `text` stands where `wanted` (a JSON Schema type) should.
pub fn hint(text: &str, wanted: &str) -> Option<(String, String)> {
    let word = text.to_ascii_lowercase();
    match wanted {
        "boolean" => {
            let meant = match word.as_str() {
                "yes" | "y" | "on" => "true",
                "no" | "n" | "off" => "false",
                "true" | "false" => {
                    return Some((" Quotes make it text.".to_owned(), format!("write {word} without quotes")));
                }
                _ => return None,
            };
            let why = format!(" `{word}` was a boolean in YAML 1.1 only; in YAML 1.2 it is a word.");
            Some((why, format!("write `{meant}`")))
        }
        "integer" if leading_zero(text) => {
            let plain = text.trim_start_matches('0');
            let plain = if plain.is_empty() { "0" } else { plain };
            let why = " A leading zero meant octal in YAML 1.1 and means nothing in 1.2, so the number is not guessed.";
            Some((why.to_owned(), format!("write `{plain}`")))
        }
        "integer" if text.parse::<i64>().is_ok() => {
            Some((" Quotes make it text.".to_owned(), format!("write {text} without quotes")))
        }
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
        assert_eq!(hint("yes", "boolean").unwrap().1, "write `true`");
        assert_eq!(hint("0465", "integer").unwrap().1, "write `465`");
        assert_eq!(hint("maybe", "boolean"), None);
    }
}
