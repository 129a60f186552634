//! Every reply of ours in one table, and the writer that no text can break out of.

use std::io::Write as _;

use crate::ground::limits;
use crate::vocabulary::mail::{Enhanced, Reply};

/// A fixed reply: code, enhanced code, text.
#[derive(Debug)]
pub(super) struct Canned(pub u16, pub Enhanced, pub &'static str);

/// A reply that also counts as the peer's mistake, with its cause as the name.
pub(super) mod mistake {
    use super::{Canned, Enhanced};

    const BAD_SEQUENCE: Enhanced = Enhanced(5, 5, 1);
    const BAD_SYNTAX: Enhanced = Enhanced(5, 5, 2);
    const BAD_ARGUMENT: Enhanced = Enhanced(5, 5, 4);

    pub const UNKNOWN_COMMAND: Canned = Canned(500, BAD_SEQUENCE, "Command not recognised");
    /// RFC 5321 §4.5.3.1.9.
    pub const LINE_TOO_LONG: Canned = Canned(500, BAD_SYNTAX, "Line too long");
    /// RFC 5321 §2.3.8.
    pub const BARE_LINE_END: Canned = Canned(500, BAD_SYNTAX, "Lines end with CRLF; a bare CR or LF is refused");
    pub const NO_TEXT: Canned = Canned(500, BAD_SYNTAX, "Not a line of printable text");
    pub const SASL_LINE_TOO_LONG: Canned = Canned(500, Enhanced(5, 5, 6), "Authentication exchange line is too long");
    pub const ARGUMENT_MISSING: Canned = Canned(501, BAD_ARGUMENT, "An argument is missing");
    pub const NO_ARGUMENT: Canned = Canned(501, BAD_ARGUMENT, "The command takes no argument");
    pub const BAD_HELO: Canned = Canned(501, BAD_ARGUMENT, "The argument is your host name or address literal");
    pub const BAD_MAIL: Canned = Canned(501, BAD_ARGUMENT, "Syntax: MAIL FROM:<address> [parameters]");
    pub const BAD_RCPT: Canned = Canned(501, BAD_ARGUMENT, "Syntax: RCPT TO:<address>");
    pub const BAD_SENDER: Canned = Canned(501, Enhanced(5, 1, 7), "The sender's address is not valid");
    pub const BAD_RECIPIENT: Canned = Canned(501, Enhanced(5, 1, 3), "The recipient's address is not valid");
    pub const BAD_PARAMETER: Canned = Canned(501, BAD_ARGUMENT, "A parameter's value is not valid");
    pub const REPEATED_PARAMETER: Canned = Canned(501, BAD_ARGUMENT, "A parameter is given twice");
    pub const BAD_BDAT: Canned = Canned(501, BAD_ARGUMENT, "Syntax: BDAT octets [LAST]");
    pub const BAD_AUTH: Canned = Canned(501, BAD_ARGUMENT, "Syntax: AUTH mechanism [initial-response]");
    pub const BAD_BASE64: Canned = Canned(501, BAD_SYNTAX, "The response is not base64");
    pub const SASL_MALFORMED: Canned = Canned(501, BAD_SYNTAX, "The response does not follow the mechanism");
    pub const SASL_CANCELLED: Canned = Canned(501, Enhanced(5, 7, 0), "Authentication cancelled");
    pub const NOT_IMPLEMENTED: Canned = Canned(502, BAD_SEQUENCE, "Command not implemented");
    pub const NO_AUTH_HERE: Canned =
        Canned(502, BAD_SEQUENCE, "No login on this port: users send on port 465 (TLS) or 587 (STARTTLS)");
    pub const NO_TLS_HERE: Canned = Canned(502, BAD_SEQUENCE, "STARTTLS is not available");
    pub const TLS_ALREADY: Canned = Canned(503, BAD_SEQUENCE, "TLS is already active");
    pub const HELO_FIRST: Canned = Canned(503, BAD_SEQUENCE, "Say EHLO first");
    pub const EHLO_FIRST: Canned = Canned(503, BAD_SEQUENCE, "Say EHLO, not HELO, before AUTH");
    pub const MAIL_FIRST: Canned = Canned(503, BAD_SEQUENCE, "Say MAIL FROM first");
    pub const NESTED_MAIL: Canned = Canned(503, BAD_SEQUENCE, "A transaction is open already");
    pub const IN_TRANSACTION: Canned = Canned(503, BAD_SEQUENCE, "Not within a transaction");
    pub const IN_CHUNKS: Canned = Canned(503, BAD_SEQUENCE, "Not between BDAT chunks");
    pub const AUTH_ALREADY: Canned = Canned(503, BAD_SEQUENCE, "Already authenticated");
    pub const UNKNOWN_MECHANISM: Canned = Canned(504, BAD_ARGUMENT, "Mechanism not offered");
    /// RFC 3207 §4.
    pub const TLS_FIRST: Canned = Canned(530, Enhanced(5, 7, 0), "Must issue a STARTTLS command first");
    pub const TLS_MISSING: Canned = Canned(530, Enhanced(5, 7, 0), "TLS is required, and not available here");
    /// RFC 6409 §4.3, RFC 4954 §6.
    pub const AUTH_FIRST: Canned = Canned(530, Enhanced(5, 7, 0), "Authentication required");
    pub const AUTH_REJECTED: Canned = Canned(535, Enhanced(5, 7, 8), "Authentication credentials invalid");
    /// RFC 6531 §3.5.
    pub const NEEDS_SMTPUTF8: Canned =
        Canned(553, Enhanced(5, 6, 7), "The address needs the SMTPUTF8 parameter of MAIL");
    pub const NO_RECIPIENTS: Canned = Canned(554, BAD_SEQUENCE, "No valid recipients");
    /// RFC 5321 §4.1.1.11.
    pub const UNKNOWN_PARAMETER: Canned = Canned(555, BAD_ARGUMENT, "Parameter not recognised or not implemented");
}

pub(super) const MAIL_OK: Canned = Canned(250, Enhanced(2, 1, 0), "Sender ok");
pub(super) const RCPT_OK: Canned = Canned(250, Enhanced(2, 1, 5), "Recipient ok");
pub(super) const OK: Canned = Canned(250, Enhanced(2, 0, 0), "Ok");
pub(super) const TLS_READY: Canned = Canned(220, Enhanced(2, 0, 0), "Ready to start TLS");
pub(super) const BYE: Canned = Canned(221, Enhanced(2, 0, 0), "Bye");
pub(super) const AUTHENTICATED: Canned = Canned(235, Enhanced(2, 7, 0), "Authentication successful");
pub(super) const HELP: Canned = Canned(214, Enhanced(2, 0, 0), "The commands are those of RFC 5321");
/// RFC 5321 §7.3: neither confirms nor denies.
pub(super) const CANNOT_VRFY: Canned =
    Canned(252, Enhanced(2, 0, 0), "Cannot verify the user, but will accept the message and attempt delivery");
pub(super) const AUTH_UNAVAILABLE: Canned =
    Canned(454, Enhanced(4, 7, 0), "Authentication is temporarily not possible");
pub(super) const LOCAL_ERROR: Canned = Canned(451, Enhanced(4, 3, 0), "Local error, try again later");
/// RFC 5321 §4.5.3.1.10.
pub(super) const TOO_MANY_RECIPIENTS: Canned = Canned(452, Enhanced(4, 5, 3), "Too many recipients");
/// RFC 1870 §6.
pub(super) const TOO_LARGE: Canned = Canned(552, Enhanced(5, 3, 4), "The message is larger than SIZE allows");
pub(super) const BARE_IN_MESSAGE: Canned =
    Canned(550, Enhanced(5, 6, 11), "The message holds a bare CR or LF; lines end with CRLF");
pub(super) const CLOSE_ERRORS: Canned = Canned(421, Enhanced(4, 7, 0), "Too many errors, closing connection");
pub(super) const CLOSE_IDLE: Canned = Canned(421, Enhanced(4, 7, 0), "Too many idle commands, closing connection");
pub(super) const CLOSE_LOGINS: Canned = Canned(421, Enhanced(4, 7, 0), "Too many failed logins, closing connection");
pub(super) const CLOSE_WEB: Canned = Canned(421, Enhanced(4, 7, 0), "This is a mail server, closing connection");
pub(super) const CLOSE_OVERRUN: Canned = Canned(421, Enhanced(4, 3, 4), "The message does not end, closing connection");
pub(super) const CLOSE_TIMEOUT: Canned = Canned(421, Enhanced(4, 4, 2), "Timeout, closing connection");
pub(super) const CLOSE_SHUTDOWN: Canned = Canned(421, Enhanced(4, 3, 2), "Shutting down, closing connection");

impl Canned {
    pub fn write(&self, wire: &mut Vec<u8>) {
        write_line(wire, self.0, b' ', Some(self.1), self.2);
    }

    pub fn to_reply(&self) -> Reply {
        Reply::new(self.0, self.1, self.2)
    }
}

/// Writes `reply`, one line for each of its text's lines. RFC 2034 §4: each with the enhanced code.
pub(super) fn write_reply(wire: &mut Vec<u8>, reply: &Reply) {
    let mut lines = reply.text.split('\n').peekable();
    while let Some(line) = lines.next() {
        let separator = if lines.peek().is_some() { b'-' } else { b' ' };
        write_line(wire, reply.code, separator, reply.enhanced, line);
    }
}

/// One reply line. The text is cut at RFC 5321 §4.5.3.1.5's length, and what is not printable ASCII
/// becomes `?`: texts may quote what a peer said.
pub(super) fn write_line(wire: &mut Vec<u8>, code: u16, separator: u8, enhanced: Option<Enhanced>, text: &str) {
    let begin = wire.len();
    // Writing to a vector cannot fail.
    let _ = write!(wire, "{code}{}", char::from(separator));
    if let Some(enhanced) = enhanced {
        let _ = write!(wire, "{enhanced} ");
    }
    let room = limits::SMTP_REPLY_LINE_OCTETS_MAX.saturating_sub(wire.len() - begin + 2);
    let printable = |c: char| if c == ' ' || c.is_ascii_graphic() { c as u8 } else { b'?' };
    wire.extend(text.chars().take(room).map(printable));
    wire.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_end_its_line() {
        let mut wire = Vec::new();
        write_reply(&mut wire, &Reply::new(550, Enhanced(5, 7, 1), "one\rtwo\nthr\u{e9}e"));
        assert_eq!(wire, b"550-5.7.1 one?two\r\n550 5.7.1 thr?e\r\n");
    }

    #[test]
    fn lines_keep_to_rfc5321_4_5_3_1_5() {
        let mut wire = Vec::new();
        write_reply(&mut wire, &Reply::new(550, Enhanced(5, 7, 1), "x".repeat(2000)));
        assert_eq!(wire.len(), 512);
    }
}
