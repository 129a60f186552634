//! FETCH's data items (RFC 3501 §6.4.5, §9 `fetch-att`).

use crate::ground::limits::{IMAP_FETCH_ITEMS_MAX, MIME_DEPTH_MAX};
use crate::protocol::imap::command::FetchItem;
use crate::protocol::imap::message::section::{Partial, Section, SectionText};
use crate::protocol::imap::token::{Cursor, Malformed, Parsed};

/// A macro, one item, or a list of items. Doubles are dropped.
pub fn items(cursor: &mut Cursor<'_>) -> Parsed<Vec<FetchItem>> {
    let basic = [FetchItem::Flags, FetchItem::InternalDate, FetchItem::Rfc822Size];
    if cursor.eat_word("FAST") {
        return Ok(basic.to_vec());
    }
    if cursor.eat_word("ALL") {
        return Ok(basic.into_iter().chain([FetchItem::Envelope]).collect());
    }
    if cursor.eat_word("FULL") {
        return Ok(basic.into_iter().chain([FetchItem::Envelope, FetchItem::Body]).collect());
    }
    if !cursor.eat(b'(') {
        return Ok(vec![item(cursor)?]);
    }
    let mut items = Vec::new();
    loop {
        let item = item(cursor)?;
        if !items.contains(&item) {
            items.push(item);
        }
        if cursor.eat(b')') {
            return Ok(items);
        }
        cursor.space()?;
        if items.len() == IMAP_FETCH_ITEMS_MAX {
            return Err(Malformed("too many data items"));
        }
    }
}

fn item(cursor: &mut Cursor<'_>) -> Parsed<FetchItem> {
    Ok(match cursor.word()?.as_str() {
        "BODY" if cursor.peek() == Some(b'[') => body_section(cursor, false)?,
        "BODY.PEEK" => body_section(cursor, true)?,
        "BODY" => FetchItem::Body,
        "BODYSTRUCTURE" => FetchItem::BodyStructure,
        "ENVELOPE" => FetchItem::Envelope,
        "FLAGS" => FetchItem::Flags,
        "INTERNALDATE" => FetchItem::InternalDate,
        "RFC822" => FetchItem::Rfc822,
        "RFC822.HEADER" => FetchItem::Rfc822Header,
        "RFC822.SIZE" => FetchItem::Rfc822Size,
        "RFC822.TEXT" => FetchItem::Rfc822Text,
        "UID" => FetchItem::Uid,
        _ => return Err(Malformed("there is no such data item")),
    })
}

fn body_section(cursor: &mut Cursor<'_>, peek: bool) -> Parsed<FetchItem> {
    cursor.expect(b'[', "[ was expected")?;
    let section = section(cursor)?;
    cursor.expect(b']', "] was expected")?;
    let mut partial = None;
    if cursor.eat(b'<') {
        let first = cursor.number()?;
        cursor.expect(b'.', "a dot was expected")?;
        let length = cursor.positive()?;
        cursor.expect(b'>', "> was expected")?;
        partial = Some(Partial { first, length });
    }
    Ok(FetchItem::BodySection { section, partial, peek })
}

/// `section-spec`, between the brackets.
fn section(cursor: &mut Cursor<'_>) -> Parsed<Section> {
    let mut section = Section::default();
    loop {
        match cursor.peek() {
            Some(b'0'..=b'9') => {
                section.part.push(cursor.positive()?);
                if section.part.len() > MIME_DEPTH_MAX {
                    return Err(Malformed("the part number is too deep"));
                }
                if !cursor.eat(b'.') {
                    return Ok(section);
                }
            }
            Some(b']') if section.part.is_empty() => return Ok(section),
            _ => break,
        }
    }
    section.text = match cursor.word()?.as_str() {
        "HEADER" => SectionText::Header,
        "HEADER.FIELDS" => SectionText::HeaderFields(header_list(cursor)?),
        "HEADER.FIELDS.NOT" => SectionText::HeaderFieldsNot(header_list(cursor)?),
        "MIME" if !section.part.is_empty() => SectionText::Mime,
        "TEXT" => SectionText::Text,
        _ => return Err(Malformed("there is no such section")),
    };
    Ok(section)
}

fn header_list(cursor: &mut Cursor<'_>) -> Parsed<Vec<String>> {
    let mut names = Vec::new();
    cursor.space()?;
    cursor.expect(b'(', "a list of field names was expected")?;
    loop {
        let name = cursor.text()?;
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_graphic() && b != b':') {
            return Err(Malformed("that is no name of a header field"));
        }
        names.push(name);
        if cursor.eat(b')') {
            return Ok(names);
        }
        cursor.space()?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3501_6_4_5_sections() {
        let all = |text: &str| {
            let mut cursor = Cursor::new(text.as_bytes());
            let items = items(&mut cursor)?;
            cursor.end().map(|()| items)
        };
        let good =
            "(BODY[] BODY.PEEK[HEADER.FIELDS (DATE \"From\")]<0.10> BODY[1.2.MIME] body[3.HEADER] BODY[TEXT] BODY)";
        let read = all(good).unwrap();
        assert_eq!(read.len(), 6);
        assert_eq!(
            read[1],
            FetchItem::BodySection {
                section: Section { part: vec![], text: SectionText::HeaderFields(vec!["DATE".into(), "From".into()]) },
                partial: Some(Partial { first: 0, length: 10 }),
                peek: true,
            }
        );
        assert_eq!(all("(UID UID FLAGS)").unwrap().len(), 2);
        assert_eq!(all("FULL").unwrap().len(), 5);
        for bad in [
            "",
            "()",
            "BODY[",
            "BODY[1.]",
            "BODY[MIME]",
            "BODY[0]",
            "BODY[]<1>",
            "BODY[]<1.0>",
            "BODY[1.BOGUS]",
            "(UID",
        ] {
            assert!(all(bad).is_err(), "{bad}");
        }
    }
}
