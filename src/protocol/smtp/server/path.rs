//! Paths: RFC 5321 §4.1.2, with RFC 6531 §3.3's characters.

use crate::vocabulary::mail::{Address, Domain, LocalPart};

/// A reverse-path or forward-path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Path {
    Mailbox(Address),
    /// `<>`.
    Null,
    /// RFC 5321 §4.5.1: `<Postmaster>` without a domain, in any case.
    Postmaster,
}

/// Splits `FROM:<path> rest` into the path with its brackets and the rest, which is empty or begins
/// with a space. Where a path ends depends on quotes: `<"a> b"@c>`.
pub(super) fn after_keyword<'a>(argument: &'a str, keyword: &str) -> Option<(&'a str, &'a str)> {
    let (head, tail) = argument.split_at_checked(keyword.len())?;
    if !head.eq_ignore_ascii_case(keyword) {
        return None;
    }
    // RFC 5321 §4.1.1.2 knows no space here. Enough clients send one that refusing it serves nobody.
    let tail = tail.trim_start_matches(' ');
    if !tail.starts_with('<') {
        return None;
    }
    let (path, rest) = tail.split_at_checked(end_of_path(tail)?)?;
    (rest.is_empty() || rest.starts_with(' ')).then_some((path, rest))
}

/// Offset behind the `>` that ends the path which `text` begins with.
fn end_of_path(text: &str) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    for (offset, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '>' if !quoted => return Some(offset + 1),
            _ => {}
        }
    }
    None
}

/// The path in `text`, brackets included; `None` if it is not one.
pub(super) fn parse(text: &str) -> Option<Path> {
    let inner = text.strip_prefix('<')?.strip_suffix('>')?;
    if inner.is_empty() {
        return Some(Path::Null);
    }
    if inner.eq_ignore_ascii_case("postmaster") {
        return Some(Path::Postmaster);
    }
    let mailbox = if inner.starts_with('@') { without_source_route(inner)? } else { inner };
    let (local, domain) = mailbox.split_at_checked(end_of_local_part(mailbox)?)?;
    let local = LocalPart::from_wire(local).ok()?;
    let domain: Domain = domain.strip_prefix('@')?.parse().ok()?;
    Some(Path::Mailbox(Address { local, domain }))
}

/// RFC 5321 §4.1.1.3, Appendix C: `@a,@b:` is accepted and ignored.
fn without_source_route(path: &str) -> Option<&str> {
    let (route, mailbox) = path.split_once(':')?;
    let sound = |hop: &str| hop.strip_prefix('@').is_some_and(|domain| domain.parse::<Domain>().is_ok());
    route.split(',').all(sound).then_some(mailbox)
}

/// Offset of the `@` that ends the local part.
fn end_of_local_part(mailbox: &str) -> Option<usize> {
    let Some(inner) = mailbox.strip_prefix('"') else { return mailbox.find('@') };
    let mut escaped = false;
    for (offset, c) in inner.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            // One for the opening quote, one for this.
            '"' => return Some(offset + 2),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailbox(text: &str) -> Option<String> {
        match parse(text)? {
            Path::Mailbox(address) => Some(address.to_string()),
            Path::Null => Some("null".to_owned()),
            Path::Postmaster => Some("postmaster".to_owned()),
        }
    }

    #[test]
    fn rfc5321_4_1_2_paths() {
        for (text, expected) in [
            ("<>", "null"),
            ("<PostMaster>", "postmaster"),
            ("<a@b.org>", "a@b.org"),
            ("<A.b@B.ORG>", "A.b@b.org"),
            ("<\"a b\"@x.org>", "\"a b\"@x.org"),
            ("<\"a@b>\"@x.org>", "\"a@b>\"@x.org"),
            ("<\"a\\\"b\"@x.org>", "\"a\\\"b\"@x.org"),
            ("<a@[192.0.2.1]>", "a@[192.0.2.1]"),
            ("<a@[IPv6:::1]>", "a@[ipv6:::1]"),
            ("<@one.org,@two.org:a@b.org>", "a@b.org"),
            ("<dörte@bücher.example>", "dörte@xn--bcher-kva.example"),
        ] {
            assert_eq!(mailbox(text).as_deref(), Some(expected), "{text}");
        }
        for bad in [
            "<@>",
            "<a>",
            "<a@>",
            "<@b.org>",
            "<a@b.org@c.org>",
            "<a..b@c.org>",
            "<.a@c.org>",
            "<a b@c.org>",
            "<\"a@b.org>",
            "<a@b_c.org>",
            "<a@[1.2.3]>",
            "<@:a@b.org>",
            "<@x.org:>",
            "<a@b..org>",
            "<\"a\"b@c.org>",
        ] {
            assert_eq!(mailbox(bad), None, "{bad}");
        }
    }

    #[test]
    fn quotes_hide_the_end_of_a_path() {
        assert_eq!(after_keyword("TO:<\"a> b\"@c.org> X=1", "TO:"), Some(("<\"a> b\"@c.org>", " X=1")));
        assert_eq!(after_keyword("TO:<a@c.org>X", "TO:"), None);
        assert_eq!(after_keyword("TÖ:<a@c.org>", "TO:"), None);
    }
}
