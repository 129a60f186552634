//! `BODY[section]` (RFC 3501 §6.4.5): which octets it names.

use std::ops::Range;

use super::{Kind, Mime, Part, header};

/// Octets `first .. first + length` of a section. `length` is not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Partial {
    pub first: u32,
    pub length: u32,
}

/// RFC 3501 §6.4.5 `section`. Part numbers count from 1; at most `limits::MIME_DEPTH_MAX` of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Section {
    pub part: Vec<u32>,
    pub text: SectionText,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum SectionText {
    Header,
    /// Names as written.
    HeaderFields(Vec<String>),
    HeaderFieldsNot(Vec<String>),
    /// The MIME header of a part; never without a part number.
    Mime,
    Text,
    #[default]
    Whole,
}

/// How far a message must be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FetchDepth {
    /// The row only.
    Row,
    /// The header, too.
    Header,
    /// The structure of all parts.
    Structure,
}

/// Where a section's octets are.
#[derive(Debug, PartialEq, Eq)]
pub enum Located {
    /// There is no such part; shown as NIL.
    Absent,
    /// Computed from the header.
    Computed(Vec<u8>),
    /// As they stand in the message.
    Stored(Range<u64>),
}

/// How far a message must be opened to find `section`.
pub fn depth(section: &Section) -> FetchDepth {
    match (section.part.is_empty(), &section.text) {
        (true, SectionText::Whole) => FetchDepth::Row,
        (true, _) => FetchDepth::Header,
        (false, _) => FetchDepth::Structure,
    }
}

/// Finds `section` in a message of `octets`. `mime` is as deep as [`depth`] asks.
pub fn locate(mime: Option<&Mime>, octets: u64, section: &Section) -> Located {
    if section.part.is_empty() && section.text == SectionText::Whole {
        return Located::Stored(0..octets);
    }
    let Some(mime) = mime else { return Located::Absent };
    let Some(part) = mime.find(&section.part) else { return Located::Absent };
    let message = match (section.part.is_empty(), mime.parts.get(part).map(|p| &p.kind)) {
        (true, _) => mime.parts.first(),
        (false, Some(Kind::Message(inner))) => mime.parts.get(*inner),
        (false, _) => None,
    };
    let whole = || if section.part.is_empty() { None } else { mime.parts.get(part) };
    // Where only the header was read, the body ends with the message.
    let body = |p: &Part| p.body.start..if section.part.is_empty() { octets } else { p.body.end };
    let located = match &section.text {
        SectionText::Whole => whole().map(|p| Located::Stored(p.body.clone())),
        SectionText::Mime => whole().map(|p| Located::Stored(p.header.clone())),
        SectionText::Header => message.map(|p| Located::Stored(p.header.clone())),
        SectionText::Text => message.map(|p| Located::Stored(body(p))),
        SectionText::HeaderFields(names) => message.map(|p| Located::Computed(header::pick(&p.fields, names, true))),
        SectionText::HeaderFieldsNot(names) => {
            message.map(|p| Located::Computed(header::pick(&p.fields, names, false)))
        }
    };
    located.unwrap_or(Located::Absent)
}

/// The part of `0 .. length` that `partial` asks for (RFC 3501 §6.4.5: past the end is empty).
pub fn clip(length: u64, partial: Option<Partial>) -> Range<u64> {
    match partial {
        None => 0..length,
        Some(Partial { first, length: wanted }) => {
            let start = u64::from(first).min(length);
            start..(start + u64::from(wanted)).min(length)
        }
    }
}

impl Mime {
    /// The index of the part with this number. The empty number is the message itself.
    pub fn find(&self, number: &[u32]) -> Option<usize> {
        let Some((first, rest)) = number.split_first() else { return Some(0) };
        let mut at = self.part_of_message(0, *first)?;
        for n in rest {
            at = match &self.parts.get(at)?.kind {
                Kind::Leaf => return None,
                Kind::Message(inner) => self.part_of_message(*inner, *n)?,
                Kind::Multipart(children) => child(children, *n)?,
            };
        }
        Some(at)
    }

    /// RFC 3501 §6.4.5: a message that is no multipart has one part, number 1.
    fn part_of_message(&self, root: usize, n: u32) -> Option<usize> {
        match &self.parts.get(root)?.kind {
            Kind::Multipart(children) => child(children, n),
            Kind::Leaf | Kind::Message(_) => (n == 1).then_some(root),
        }
    }
}

fn child(children: &[usize], n: u32) -> Option<usize> {
    children.get(usize::try_from(n).ok()?.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::super::Scanner;
    use super::*;

    /// The shape of RFC 3501 §6.4.5's example of part numbers.
    const EXAMPLE: &str = "From: root\r\nContent-Type: multipart/mixed; boundary=A\r\n\r\n\
        --A\r\nContent-Type: text/plain\r\n\r\none\r\n\
        --A\r\nContent-Type: application/octet-stream\r\n\r\ntwo\r\n\
        --A\r\nContent-Type: message/rfc822\r\n\r\nFrom: three\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n\
        --B\r\nContent-Type: text/plain\r\n\r\nthree.one\r\n\
        --B\r\nContent-Type: application/octet-stream\r\n\r\nthree.two\r\n--B--\r\n\
        --A\r\nContent-Type: multipart/mixed; boundary=C\r\n\r\n\
        --C\r\nContent-Type: image/gif\r\n\r\nfour.one\r\n\
        --C\r\nContent-Type: message/rfc822\r\n\r\nFrom: four.two\r\nContent-Type: multipart/mixed; boundary=D\r\n\r\n\
        --D\r\nContent-Type: text/plain\r\n\r\nfour.two.one\r\n\
        --D\r\nContent-Type: multipart/alternative; boundary=E\r\n\r\n\
        --E\r\nContent-Type: text/plain\r\n\r\nfour.two.two.one\r\n\
        --E\r\nContent-Type: text/richtext\r\n\r\nfour.two.two.two\r\n--E--\r\n--D--\r\n--C--\r\n--A--\r\n";

    fn section(part: &[u32], text: SectionText) -> String {
        let mut scanner = Scanner::structure();
        scanner.feed(EXAMPLE.as_bytes());
        let section = Section { part: part.to_vec(), text };
        match locate(Some(&scanner.finish()), EXAMPLE.len() as u64, &section) {
            Located::Absent => "NIL".to_owned(),
            Located::Computed(bytes) => String::from_utf8(bytes).unwrap(),
            Located::Stored(r) => EXAMPLE[r.start as usize..r.end as usize].to_owned(),
        }
    }

    #[test]
    fn rfc3501_6_4_5_part_numbers() {
        use SectionText::*;
        assert_eq!(section(&[], Whole), EXAMPLE);
        assert_eq!(section(&[], Header), "From: root\r\nContent-Type: multipart/mixed; boundary=A\r\n\r\n");
        assert!(section(&[], Text).starts_with("--A\r\n") && section(&[], Text).ends_with("--A--\r\n"));
        assert_eq!(section(&[1], Whole), "one");
        assert_eq!(section(&[2], Mime), "Content-Type: application/octet-stream\r\n\r\n");
        assert!(section(&[3], Whole).starts_with("From: three"));
        assert_eq!(section(&[3], HeaderFields(vec!["FROM".into()])), "From: three\r\n\r\n");
        assert!(section(&[3], Text).starts_with("--B"));
        assert_eq!(section(&[3, 1], Whole), "three.one");
        assert_eq!(section(&[3, 2], Whole), "three.two");
        assert_eq!(section(&[4, 1], Whole), "four.one");
        assert_eq!(section(&[4, 1], Mime), "Content-Type: image/gif\r\n\r\n");
        assert_eq!(section(&[4, 2], HeaderFieldsNot(vec!["content-type".into()])), "From: four.two\r\n\r\n");
        assert_eq!(section(&[4, 2, 1], Whole), "four.two.one");
        assert_eq!(section(&[4, 2, 2, 1], Whole), "four.two.two.one");
        assert_eq!(section(&[4, 2, 2, 2], Whole), "four.two.two.two");
        for absent in [&[5][..], &[1, 1], &[3, 3], &[4, 2, 2, 3], &[0]] {
            assert_eq!(section(absent, Whole), "NIL", "{absent:?}");
        }
        assert_eq!(section(&[1], Text), "NIL");
    }

    #[test]
    fn a_simple_message_has_part_one() {
        let message = b"A: b\r\n\r\nbody\r\n";
        let mut scanner = Scanner::structure();
        scanner.feed(message);
        let mime = scanner.finish();
        let at = |part: &[u32], text| locate(Some(&mime), 14, &Section { part: part.to_vec(), text });
        assert_eq!(at(&[1], SectionText::Whole), Located::Stored(8..14));
        assert_eq!(at(&[], SectionText::Text), Located::Stored(8..14));
        assert_eq!(at(&[1, 1], SectionText::Whole), Located::Absent);
    }

    #[test]
    fn partial_fetches_stay_inside() {
        assert_eq!(clip(10, Some(Partial { first: 4, length: 100 })), 4..10);
        assert_eq!(clip(10, Some(Partial { first: 40, length: 1 })), 10..10);
        assert_eq!(clip(u64::from(u32::MAX) + 9, Some(Partial { first: u32::MAX, length: u32::MAX })).count(), 9);
    }
}
