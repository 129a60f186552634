//! `mailctl fmt`: a file in canonical form.
//!
//! Sections and the keys that are words of the language stand in the order of
//! [`default`](crate::compiler::config::default); keys that are data, and lists, stay as they are. Two spaces
//! indent, one empty line parts the sections (those of one line may stand together), comments stay with the
//! key that they precede or follow. Quoting, flow and block style are the writer's.
//!
//! The result is read again: it means what the text meant, or there is no result.

use super::{flow, layout, patch};
use crate::compiler::config::canonical::canonical;
use crate::compiler::config::node::Value;
use crate::compiler::config::{schema, tree};
use crate::compiler::rules::complete;
use crate::ground::diagnostic::Diagnostic;

/// Why a text was not formatted.
#[derive(Debug)]
pub enum FormatError {
    /// The result would have meant something else. A bug in mailctl, noticed before it did harm.
    Changed,
    /// The text cannot be read.
    Unreadable(Vec<Diagnostic>),
}

/// The canonical form of `text`, which has no byte order mark.
///
/// # Errors
/// [`FormatError`]; the text is then to be left as it is.
pub fn format(text: &str) -> Result<String, FormatError> {
    let read = tree::read(text);
    if !read.findings.is_empty() {
        return Err(FormatError::Unreadable(read.findings.into_iter().map(complete).collect()));
    }
    let crlf = patch::ends_in_crlf(text);
    let plain = text.replace("\r\n", "\n");
    // Where an alias would come before its anchor, the order stays.
    let formatted = [true, false].into_iter().find_map(|ordered| {
        let formatted = once(&plain, ordered)?;
        same(&plain, &formatted).then_some(formatted)
    });
    match formatted {
        Some(formatted) if crlf => Ok(formatted.replace('\n', "\r\n")),
        Some(formatted) => Ok(formatted),
        None => Err(FormatError::Changed),
    }
}

fn once(text: &str, ordered: bool) -> Option<String> {
    let schema = schema::compiled();
    let root = tree::read(text).root?;
    let text = if ordered { flow::ordered(schema, text, &root) } else { text.to_owned() };
    let root = tree::read(&text).root?;
    // A text without keys has no canonical form.
    if !matches!(root.value, Value::List(_) | Value::Map(_)) {
        return Some(text);
    }
    Some(layout::laid_out(schema, &text, &root, ordered))
}

/// Whether both texts mean the same and have the same characters but for white space.
fn same(before: &str, after: &str) -> bool {
    let meaning = |text: &str| {
        let read = tree::read(text);
        read.root.filter(|_| read.findings.is_empty()).map(|root| canonical(schema::compiled(), &root))
    };
    let characters = |text: &str| {
        let mut counts = [0u64; 256];
        text.bytes().filter(|b| !b.is_ascii_whitespace()).for_each(|b| counts[usize::from(b)] += 1);
        counts
    };
    characters(before) == characters(after) && meaning(before).is_some_and(|m| Some(m) == meaning(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formatted(text: &str) -> String {
        let once = format(text).unwrap();
        assert_eq!(format(&once).unwrap(), once, "of\n{text}");
        once
    }

    #[test]
    fn sections_and_words_are_ordered_and_data_is_not() {
        assert_eq!(
            formatted(
                "accounts:\n    b@x.org:\n        quota: 1GB\n        password: { file: b }\n    a@x.org: {}\n\
                 host: { addresses: [192.0.2.1], name: m.x.org }\nversion: 1\n"
            ),
            "version: 1\nhost: { name: m.x.org, addresses: [192.0.2.1] }\n\naccounts:\n  b@x.org:\n    password: { file: b }\n    \
             quota: 1GB\n  a@x.org: {}\n"
        );
    }

    #[test]
    fn comments_stay_with_their_keys() {
        let text = "# The whole file.\n\n# why this host\nhost: # the machine\n    # of the house\n    addresses: [192.0.2.1]   # IPv4\n    \
                    # what we greet with\n    name: m.x.org\n    # the end of host\n\n\n# version, says the compiler\nversion: 1\n# below version\n\n\
                    # about no key\n";
        assert_eq!(
            formatted(text),
            "# The whole file.\n\n# version, says the compiler\nversion: 1\n# below version\n\n# why this host\nhost: # the machine\n  \
             # what we greet with\n  name: m.x.org\n  # the end of host\n\n  # of the house\n  addresses: [192.0.2.1]   # IPv4\n\n# about no key\n"
        );
    }

    #[test]
    fn lists_in_any_indentation() {
        assert_eq!(
            formatted(
                "certificates:\n   files:\n   -   key: k\n       chain: c\n   # second\n   - { key: k, chain: c }\n"
            ),
            "certificates:\n  files:\n    - chain: c\n      key: k\n    # second\n    - { chain: c, key: k }\n"
        );
        assert_eq!(formatted("host:\n      addresses:\n      - 192.0.2.1\n"), "host:\n  addresses:\n    - 192.0.2.1\n");
        assert_eq!(
            formatted("aliases:\n  a@x.org:\n  - # why\n    b@x.org\n"),
            "aliases:\n  a@x.org:\n    - # why\n      b@x.org\n"
        );
    }

    #[test]
    fn scalars_of_many_lines_move_whole() {
        let text = "relay:\n    default:\n        user: |2-\n            x\n          # no comment\n        host: >-\n            a.b\n\n        tls_override_reason: \"a\n          b \\\n\
                    \u{20}         c\"\n";
        let once = formatted(text);
        assert!(
            once.starts_with("relay:\n  default:\n    host: >-\n        a.b\n\n    tls_override_reason:"),
            "{once}"
        );
        assert!(once.ends_with("    user: |2-\n        x\n      # no comment\n"), "{once}");
    }

    #[test]
    fn line_ends_and_marks_of_documents_stay() {
        assert_eq!(
            formatted("---\r\nversion: 1\r\nhost:\r\n    name: x\r\n...\r\n"),
            "---\r\nversion: 1\r\n\r\nhost:\r\n  name: x\r\n...\r\n"
        );
        assert_eq!(formatted("version: 1"), "version: 1\n");
        assert_eq!(
            formatted("{ host: {addresses: [a],name: b}, version: 1 }\n"),
            "{ version: 1, host: {name: b,addresses: [a]} }\n"
        );
    }

    #[test]
    fn an_alias_stays_behind_its_anchor() {
        let text = "aliases:\n   a@x.org: &team [b@x.org]\naccounts:\n  b@x.org: { send_as: *team }\n";
        assert_eq!(
            formatted(text),
            "aliases:\n  a@x.org: &team [b@x.org]\n\naccounts:\n  b@x.org: { send_as: *team }\n"
        );
    }

    #[test]
    fn what_cannot_be_read_is_left_alone() {
        for text in ["a: [\n", "a: 1\na: 2\n", "a: !x 1\n", "a: 1\n---\nb: 1\n"] {
            assert!(matches!(format(text), Err(FormatError::Unreadable(d)) if !d.is_empty()), "{text}");
        }
        assert_eq!(formatted("# nothing but this\n"), "# nothing but this\n");
    }
}
