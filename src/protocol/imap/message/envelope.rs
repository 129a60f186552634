//! ENVELOPE (RFC 3501 §7.4.2).

use super::address::{self, Listed};
use super::header;
use crate::protocol::imap::encode::{nstring, string};

/// Writes the envelope of a message with this header block.
pub fn write(out: &mut Vec<u8>, block: &[u8]) {
    let value = |name| header::value(block, name);
    let addresses = |name| value(name).map(|v| address::list(&v)).unwrap_or_default();
    let from = addresses("From");
    // RFC 3501 §7.4.2: an absent or empty Sender or Reply-To is shown as the From.
    let or_from = |list: Vec<Listed>| if list.is_empty() { from.clone() } else { list };
    out.push(b'(');
    nstring(out, value("Date").as_deref());
    out.push(b' ');
    nstring(out, value("Subject").as_deref());
    for list in [
        from.clone(),
        or_from(addresses("Sender")),
        or_from(addresses("Reply-To")),
        addresses("To"),
        addresses("Cc"),
        addresses("Bcc"),
    ] {
        out.push(b' ');
        write_list(out, &list);
    }
    for name in ["In-Reply-To", "Message-ID"] {
        out.push(b' ');
        nstring(out, value(name).as_deref());
    }
    out.push(b')');
}

fn write_list(out: &mut Vec<u8>, list: &[Listed]) {
    if list.is_empty() {
        return out.extend_from_slice(b"NIL");
    }
    out.push(b'(');
    for listed in list {
        match listed {
            Listed::GroupBegin(name) => {
                out.extend_from_slice(b"(NIL NIL ");
                string(out, name);
                out.extend_from_slice(b" NIL)");
            }
            Listed::GroupEnd => out.extend_from_slice(b"(NIL NIL NIL NIL)"),
            Listed::Mailbox(mailbox) => {
                out.push(b'(');
                nstring(out, mailbox.display_name.as_deref());
                out.push(b' ');
                nstring(out, mailbox.route.as_deref());
                out.push(b' ');
                // A NIL host would say "group", so that a missing one is an empty string.
                string(out, &mailbox.local_part);
                out.push(b' ');
                string(out, &mailbox.domain);
                out.push(b')');
            }
        }
    }
    out.push(b')');
}

#[cfg(test)]
mod tests {
    #[test]
    fn rfc3501_8_sample_envelope() {
        let header = b"Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\n\
            From: Terry Gray <gray@cac.washington.edu>\r\n\
            Subject: IMAP4rev1 WG mtg summary and minutes\r\n\
            To: imap@cac.washington.edu\r\n\
            cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\r\n\
            Message-Id: <B27397-0100000@cac.washington.edu>\r\n\
            MIME-Version: 1.0\r\n\r\n";
        let mut out = Vec::new();
        super::write(&mut out, header);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            concat!(
                r#"("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev1 WG mtg summary and minutes" "#,
                r#"(("Terry Gray" NIL "gray" "cac.washington.edu")) "#,
                r#"(("Terry Gray" NIL "gray" "cac.washington.edu")) "#,
                r#"(("Terry Gray" NIL "gray" "cac.washington.edu")) "#,
                r#"((NIL NIL "imap" "cac.washington.edu")) "#,
                r#"((NIL NIL "minutes" "CNRI.Reston.VA.US")("John Klensin" NIL "KLENSIN" "MIT.EDU")) "#,
                r#"NIL NIL "<B27397-0100000@cac.washington.edu>")"#
            )
        );
    }
}
