//! BODY and BODYSTRUCTURE (RFC 3501 §7.4.2).

use super::header::{self, Parameterised};
use super::{Kind, Mime, Part, envelope};
use crate::protocol::imap::encode::{nstring, number, string};

/// Writes the structure of the whole message; `extended` adds BODYSTRUCTURE's extension data.
pub fn write(out: &mut Vec<u8>, mime: &Mime, extended: bool) {
    match mime.parts.first() {
        Some(root) => write_part(out, mime, root, false, extended),
        None => write_nothing(out, extended),
    }
}

/// Depth is bounded by the scanner.
fn write_part(out: &mut Vec<u8>, mime: &Mime, part: &Part, in_digest: bool, extended: bool) {
    let value = |name| header::value(&part.fields, name);
    // RFC 2045 §5.2: what is missing or malformed is text/plain in US-ASCII.
    let content_type = value("Content-Type").and_then(|v| Parameterised::parse(&v)).filter(|c| !c.subtype.is_empty());
    if let Kind::Multipart(children) = &part.kind {
        let content_type = content_type.unwrap_or_default();
        let digest = content_type.subtype.eq_ignore_ascii_case(b"digest");
        out.push(b'(');
        let mut children = children.iter().filter_map(|child| mime.parts.get(*child)).peekable();
        if children.peek().is_none() {
            // The grammar has no multipart without parts.
            write_nothing(out, extended);
        }
        children.for_each(|child| write_part(out, mime, child, digest, extended));
        out.push(b' ');
        string(out, &content_type.subtype);
        if extended {
            out.push(b' ');
            write_parameters(out, &content_type.parameters);
            write_extension(out, part);
        }
        return out.push(b')');
    }
    let inner = match part.kind {
        Kind::Message(inner) => mime.parts.get(inner),
        _ => None,
    };
    out.push(b'(');
    let is_text = write_type(out, content_type, inner.is_some() || in_digest, inner.is_some());
    out.push(b' ');
    nstring(out, value("Content-ID").as_deref());
    out.push(b' ');
    nstring(out, value("Content-Description").as_deref());
    out.push(b' ');
    let encoding = value("Content-Transfer-Encoding").and_then(|v| Parameterised::parse(&v));
    string(out, encoding.as_ref().map_or(b"7BIT", |e| &e.value));
    out.push(b' ');
    number(out, part.body.end.saturating_sub(part.body.start));
    if let Some(inner) = inner {
        out.push(b' ');
        envelope::write(out, &inner.fields);
        out.push(b' ');
        write_part(out, mime, inner, false, extended);
    }
    if is_text || inner.is_some() {
        out.push(b' ');
        number(out, part.lines);
    }
    if extended {
        out.push(b' ');
        nstring(out, value("Content-MD5").as_deref());
        write_extension(out, part);
    }
    out.push(b')');
}

/// Type, subtype and parameters. Says whether the type is text, which has a count of lines.
fn write_type(out: &mut Vec<u8>, content_type: Option<Parameterised>, is_message: bool, is_open: bool) -> bool {
    let shown = match content_type {
        // A multipart that could not be opened has no parts to show, and a message no envelope.
        Some(c) if c.value.eq_ignore_ascii_case(b"multipart") => None,
        Some(c) if c.is("message", "rfc822") && !is_open => Some(Parameterised {
            value: b"APPLICATION".to_vec(),
            subtype: b"OCTET-STREAM".to_vec(),
            parameters: Vec::new(),
        }),
        None if is_message && is_open => {
            Some(Parameterised { value: b"MESSAGE".to_vec(), subtype: b"RFC822".to_vec(), parameters: Vec::new() })
        }
        shown => shown,
    };
    let Some(shown) = shown else {
        out.extend_from_slice(b"\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\")");
        return true;
    };
    string(out, &shown.value);
    out.push(b' ');
    string(out, &shown.subtype);
    out.push(b' ');
    write_parameters(out, &shown.parameters);
    shown.value.eq_ignore_ascii_case(b"text")
}

fn write_parameters(out: &mut Vec<u8>, parameters: &[(Vec<u8>, Vec<u8>)]) {
    if parameters.is_empty() {
        return out.extend_from_slice(b"NIL");
    }
    out.push(b'(');
    for (index, (name, value)) in parameters.iter().enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        string(out, name);
        out.push(b' ');
        string(out, value);
    }
    out.push(b')');
}

/// Disposition, language, location, each with the space before it.
fn write_extension(out: &mut Vec<u8>, part: &Part) {
    let value = |name| header::value(&part.fields, name);
    match value("Content-Disposition").and_then(|v| Parameterised::parse(&v)) {
        None => out.extend_from_slice(b" NIL"),
        Some(disposition) => {
            out.extend_from_slice(b" (");
            string(out, &disposition.value);
            out.push(b' ');
            write_parameters(out, &disposition.parameters);
            out.push(b')');
        }
    }
    out.push(b' ');
    // RFC 3282 §2: a list of tags.
    let language = value("Content-Language").unwrap_or_default();
    let tags: Vec<&[u8]> =
        language.split(|b| *b == b',').map(<[u8]>::trim_ascii).filter(|tag| !tag.is_empty()).collect();
    match tags.as_slice() {
        [] => out.extend_from_slice(b"NIL"),
        [one] => string(out, one),
        several => {
            out.push(b'(');
            for (index, tag) in several.iter().enumerate() {
                if index > 0 {
                    out.push(b' ');
                }
                string(out, tag);
            }
            out.push(b')');
        }
    }
    out.push(b' ');
    nstring(out, value("Content-Location").as_deref());
}

/// An empty text part.
fn write_nothing(out: &mut Vec<u8>, extended: bool) {
    out.extend_from_slice(b"(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 0 0");
    out.extend_from_slice(if extended { b" NIL NIL NIL NIL)" } else { b")" });
}

#[cfg(test)]
mod tests {
    use super::super::Scanner;

    fn structure(message: &str, extended: bool) -> String {
        let mut scanner = Scanner::structure();
        scanner.feed(message.as_bytes());
        let mut out = Vec::new();
        super::write(&mut out, &scanner.finish(), extended);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn rfc3501_7_4_2_a_text_message() {
        // RFC 3501 §7.4.2's example has 2279 octets in 48 lines; the form is the same.
        let message = "Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\n\r\none\r\ntwo\r\n";
        assert_eq!(structure(message, false), r#"("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 10 2)"#);
        assert_eq!(structure("\r\nx", false), r#"("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 1 1)"#);
    }

    #[test]
    fn rfc3501_7_4_2_a_message_with_an_attachment() {
        let message = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: TEXT/PLAIN; \
            CHARSET=US-ASCII\r\n\r\nhello\r\n--b\r\nContent-Type: TEXT/PLAIN; CHARSET=US-ASCII; NAME=\"cc.diff\"\r\n\
            Content-ID: <960723163407.20117h@cac.washington.edu>\r\nContent-Description: Compiler diff\r\n\
            Content-Transfer-Encoding: BASE64\r\nContent-Disposition: attachment; filename=cc.diff\r\n\
            Content-Language: en, de\r\n\r\nAAAA\r\n--b--\r\n";
        assert_eq!(
            structure(message, false),
            concat!(
                r#"(("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 5 1)"#,
                r#"("TEXT" "PLAIN" ("CHARSET" "US-ASCII" "NAME" "cc.diff") "#,
                r#""<960723163407.20117h@cac.washington.edu>" "Compiler diff" "BASE64" 4 1) "mixed")"#
            )
        );
        assert!(structure(message, true).ends_with(
            r#""BASE64" 4 1 NIL ("attachment" ("filename" "cc.diff")) ("en" "de") NIL) "mixed" ("boundary" "b") NIL NIL NIL)"#
        ));
    }

    #[test]
    fn a_message_in_a_message_shows_its_envelope_and_structure() {
        let message = "Content-Type: message/rfc822\r\n\r\nSubject: in\r\nFrom: a@b.c\r\n\r\ntext\r\n";
        assert_eq!(
            structure(message, false),
            concat!(
                r#"("message" "rfc822" NIL NIL NIL "7BIT" 34 (NIL "in" ((NIL NIL "a" "b.c")) ((NIL NIL "a" "b.c")) "#,
                r#"((NIL NIL "a" "b.c")) NIL NIL NIL NIL NIL) ("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 6 1) 4)"#
            )
        );
        let digest = "Content-Type: multipart/digest; boundary=d\r\n\r\n--d\r\n\r\nSubject: x\r\n\r\ny\r\n--d--\r\n";
        assert!(structure(digest, false).starts_with(r#"(("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 15 (NIL "x""#));
    }

    #[test]
    fn what_cannot_be_opened_keeps_the_grammar() {
        let unopened = "Content-Type: multipart/mixed\r\n\r\nx";
        assert_eq!(structure(unopened, false), r#"("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 1 1)"#);
        let empty = "Content-Type: multipart/mixed; boundary=q\r\n\r\nx";
        assert_eq!(structure(empty, false), r#"(("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 0 0) "mixed")"#);
        let encoded = "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA";
        assert_eq!(structure(encoded, false), r#"("APPLICATION" "OCTET-STREAM" NIL NIL NIL "base64" 4)"#);
    }
}
