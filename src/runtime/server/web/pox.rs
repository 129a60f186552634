//! The request of Outlook's autodiscover (MS-OXDSCLI §2.2.3), read as far as it matters: whose settings, in which form.
//!
//! XML from a stranger, so there is no XML library and nothing that one is attacked with: no document type, hence no
//! entities but the five of XML 1.0 §4.6 and character references; no recursion, since nesting is not looked at: only
//! the first element of a name counts, whatever namespace prefix it has. The caller bounds the length.

use crate::artefact::render::web::autodiscover::RESPONSE_SCHEMA;
use crate::vocabulary::mail::Address;

/// Why a request is not answered with settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoxFault {
    /// There is no mailbox address in it.
    NoAddress,
    /// It is no XML that a program would send.
    NotXml,
    /// It wants an answer that is not of a mail program.
    OtherSchema,
}

/// Whose settings are asked for.
///
/// # Errors
/// [`PoxFault`].
pub fn request(body: &[u8]) -> Result<Address, PoxFault> {
    let text = std::str::from_utf8(body).map_err(|_| PoxFault::NotXml)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (mut address, mut schema) = (None, None);
    let mut scan = Scan { rest: text };
    while let Some(element) = scan.next_element()? {
        let place = match local_name(element) {
            "EMailAddress" => &mut address,
            "AcceptableResponseSchema" => &mut schema,
            _ => continue,
        };
        let content = scan.content()?;
        place.get_or_insert(content);
    }
    // MS-OXDSCLI §2.2.3.1.1: the address may be left out where a legacy name of Exchange stands, which we have not.
    let address = address.ok_or(PoxFault::NoAddress)?;
    if schema.is_some_and(|schema| schema.trim() != RESPONSE_SCHEMA) {
        return Err(PoxFault::OtherSchema);
    }
    address.trim().parse().map_err(|_| PoxFault::NoAddress)
}

/// What is still to be read.
struct Scan<'t> {
    rest: &'t str,
}

impl<'t> Scan<'t> {
    /// The name of the next start tag, past its `>`; `None` at the end of the text.
    fn next_element(&mut self) -> Result<Option<&'t str>, PoxFault> {
        while let Some((_, after)) = self.rest.split_once('<') {
            if let Some(comment) = after.strip_prefix("!--") {
                self.skip(comment, "-->")?;
            } else if let Some(data) = after.strip_prefix("![CDATA[") {
                self.skip(data, "]]>")?;
            } else if let Some(instruction) = after.strip_prefix('?') {
                self.skip(instruction, "?>")?;
            } else if after.starts_with('!') {
                // A document type: entities, or a file to fetch.
                return Err(PoxFault::NotXml);
            } else if let Some(end) = after.strip_prefix('/') {
                self.skip(end, ">")?;
            } else {
                return self.start_tag(after).map(Some);
            }
        }
        Ok(None)
    }

    fn skip(&mut self, from: &'t str, end: &str) -> Result<(), PoxFault> {
        self.rest = from.split_once(end).ok_or(PoxFault::NotXml)?.1;
        Ok(())
    }

    /// Reads over attributes, whose values may hold `>`.
    fn start_tag(&mut self, after: &'t str) -> Result<&'t str, PoxFault> {
        let mut quote = None;
        let end = after.char_indices().find_map(|(at, c)| {
            match (quote, c) {
                (None, '>') => return Some(at),
                (None, '"' | '\'') => quote = Some(c),
                (Some(open), c) if c == open => quote = None,
                _ => {}
            }
            None
        });
        let (tag, rest) = end.and_then(|at| Some((after.get(..at)?, after.get(at + 1..)?))).ok_or(PoxFault::NotXml)?;
        self.rest = rest;
        let name = tag.split(|c: char| c.is_whitespace() || c == '/').next().unwrap_or_default();
        if name.is_empty() { Err(PoxFault::NotXml) } else { Ok(name) }
    }

    /// The text up to the next tag.
    fn content(&mut self) -> Result<String, PoxFault> {
        let (text, _) = self.rest.split_once('<').ok_or(PoxFault::NotXml)?;
        self.rest = self.rest.get(text.len()..).unwrap_or_default();
        unescaped(text)
    }
}

fn local_name(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// XML 1.0 §4.1, §4.6.
fn unescaped(text: &str) -> Result<String, PoxFault> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        let (reference, behind) = after.split_once(';').ok_or(PoxFault::NotXml)?;
        out.push_str(before);
        out.push(character(reference).ok_or(PoxFault::NotXml)?);
        rest = behind;
    }
    out.push_str(rest);
    Ok(out)
}

fn character(reference: &str) -> Option<char> {
    match reference {
        "amp" => Some('&'),
        "apos" => Some('\''),
        "gt" => Some('>'),
        "lt" => Some('<'),
        "quot" => Some('"'),
        _ => {
            let number = reference.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(inner: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/\
             autodiscover/outlook/requestschema/2006\"><Request>{inner}</Request></Autodiscover>"
        )
    }

    fn read(text: &str) -> Result<String, PoxFault> {
        request(text.as_bytes()).map(|address| address.to_string())
    }

    #[test]
    fn what_outlook_sends_is_understood() {
        let inner = format!(
            "<EMailAddress>hello@example.org</EMailAddress><AcceptableResponseSchema>{RESPONSE_SCHEMA}\
             </AcceptableResponseSchema>"
        );
        assert_eq!(read(&wrapped(&inner)).unwrap(), "hello@example.org");
        assert_eq!(read(&wrapped("<a:EMailAddress>\n a&#43;b&#x40;c.test </a:EMailAddress>")).unwrap(), "a+b@c.test");
        assert_eq!(read("\u{feff}<x y='>'/><EMailAddress>a@b.test</EMailAddress>").unwrap(), "a@b.test");
        assert_eq!(read("<!-- <EMailAddress>x@y.z</EMailAddress> --><EMailAddress>a@b.test</x>").unwrap(), "a@b.test");
    }

    #[test]
    fn what_nobody_should_send_is_refused() {
        for (text, fault) in [
            ("", PoxFault::NoAddress),
            ("hello", PoxFault::NoAddress),
            ("<EMailAddress/>", PoxFault::NotXml),
            ("<EMailAddress></EMailAddress>", PoxFault::NoAddress),
            ("<EMailAddress>a@b.test", PoxFault::NotXml),
            ("<EMailAddress>a&b@c.test</EMailAddress>", PoxFault::NotXml),
            ("<EMailAddress>&x;@c.test</EMailAddress>", PoxFault::NotXml),
            ("<EMailAddress>a<b/>@c.test</EMailAddress>", PoxFault::NoAddress),
            (
                "<!DOCTYPE x [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><EMailAddress>&x;</EMailAddress>",
                PoxFault::NotXml,
            ),
            ("<!-- never ends", PoxFault::NotXml),
            ("<a b='", PoxFault::NotXml),
            ("< a>", PoxFault::NotXml),
        ] {
            assert_eq!(read(text), Err(fault), "{text}");
        }
        assert_eq!(request(b"\xff\xfe<\0"), Err(PoxFault::NotXml));
        let mobile = "<EMailAddress>a@b.test</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/exchange/\
            autodiscover/mobilesync/responseschema/2006</AcceptableResponseSchema>";
        assert_eq!(read(&wrapped(mobile)), Err(PoxFault::OtherSchema));
    }
}
