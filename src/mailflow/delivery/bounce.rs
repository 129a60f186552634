//! Telling the sender: the delivery status notification of RFC 3461 §6.3 and RFC 3464, as multipart/report
//! (RFC 6522) of three parts: words for a person, fields for a program, the header of the message. It says
//! that recipients failed, or that the message for them is late and still waits.
//!
//! Invariants: nothing is ever sent to the null reverse-path, so that no two servers bounce at each other
//! (RFC 5321 §6.1); the notification's own reverse-path is null; it says that a machine wrote it (RFC 3834).
//!
//! Only the header of the failed message is returned (text/rfc822-headers, RFC 6522 §4): a sender knows
//! what it wrote, and a forged sender is not made to receive a stranger's body.
//!
//! Addresses or headers beyond ASCII make it an internationalised report (RFC 6533).

use crate::ground::clock::Timestamp;
use crate::mailflow::delivery::classify::Finding;
use crate::mailflow::header::header_end;
use crate::vocabulary::mail::{Address, Domain, Enhanced};

/// Of the failed message's header, what is returned at most.
pub const RETURNED_HEADER_OCTETS_MAX: usize = 64 * 1024;
/// A server's words, cut so that every line stays within RFC 5322 §2.1.1's 998 octets.
const DIAGNOSTIC_CHARS_MAX: usize = 800;

/// What a notification is about (RFC 3464 §2.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Delayed,
    Failed,
}

/// What a notification is made from.
#[derive(Debug)]
pub struct Bounce<'a> {
    /// Reporting-MTA, and the domain of its From.
    pub host: &'a Domain,
    pub from: &'a Address,
    /// The message's reverse-path, which is who is told.
    pub to: &'a Address,
    /// Of the message, e.g. `q1f3`; makes boundary and Message-ID unique.
    pub queue_id: &'a str,
    pub arrived: Timestamp,
    pub now: Timestamp,
    pub about: Fate,
    /// When the message is given up.
    pub expires: Timestamp,
    /// At least one. The replies are the last that were had; transient ones of failed recipients mean that
    /// time ran out.
    pub findings: &'a [Finding],
    /// The beginning of the message, at least its header or `RETURNED_HEADER_OCTETS_MAX` octets.
    pub original: &'a [u8],
}

/// A composed notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composed {
    pub message: Vec<u8>,
    /// It must travel with SMTPUTF8 (RFC 6531 §3.2).
    pub smtputf8: bool,
    /// It has octets above 127 and must travel as 8BITMIME.
    pub eight_bit: bool,
}

impl Bounce<'_> {
    pub fn compose(&self) -> Composed {
        let returned = self.returned_header();
        let international = !self.to.is_ascii()
            || self.findings.iter().any(|finding| !finding.recipient.is_ascii())
            || !returned.is_ascii();
        let (status_type, headers_type) = match international {
            true => ("message/global-delivery-status", "message/global-headers"),
            false => ("message/delivery-status", "text/rfc822-headers"),
        };
        let encoding = if international { "Content-Transfer-Encoding: 8bit\r\n" } else { "" };
        let boundary = self.boundary(returned);

        let mut message = self.header(&boundary);
        message.push_str(&format!("--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n{encoding}\r\n"));
        message.push_str(&self.words());
        message.push_str(&format!("\r\n--{boundary}\r\nContent-Type: {status_type}\r\n{encoding}\r\n"));
        message.push_str(&self.status(international));
        message.push_str(&format!("\r\n--{boundary}\r\nContent-Type: {headers_type}\r\n{encoding}\r\n"));
        let mut message = message.into_bytes();
        message.extend_from_slice(returned);
        message.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());

        let header_length = header_end(&message).unwrap_or(message.len());
        let header_is_ascii = message.get(..header_length).is_some_and(<[u8]>::is_ascii);
        Composed { smtputf8: !header_is_ascii || !self.to.is_ascii(), eight_bit: !message.is_ascii(), message }
    }

    fn header(&self, boundary: &str) -> String {
        let subject = match self.about {
            Fate::Delayed => "Delayed mail: still waiting to be delivered",
            Fate::Failed => "Undelivered mail returned to sender",
        };
        let mut header = format!(
            "From: Mail Delivery System <{}>\r\n\
             To: <{}>\r\n\
             Subject: {subject}\r\n\
             Date: {}\r\n\
             Message-ID: <{boundary}@{}>\r\n",
            self.from,
            self.to,
            self.now.rfc5322(),
            self.host,
        );
        // RFC 3834 §3.1.6: so that it is shown with the message that it is about.
        if let Some(id) = self.original_message_id() {
            header.push_str(&format!("In-Reply-To: <{id}>\r\nReferences: <{id}>\r\n"));
        }
        // RFC 3834 §5: nobody's vacation notice answers this.
        header.push_str("Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n");
        header.push_str(&format!(
            "Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"{boundary}\"\r\n\r\n"
        ));
        header
    }

    fn words(&self) -> String {
        let mut text = format!("This is the mail server {}.\r\n\r\n", self.host);
        text.push_str(&match self.about {
            Fate::Delayed => format!(
                "Your message could not yet be delivered to the addresses below. It need not be sent again:\r\n\
                 this server goes on trying until {}.\r\n",
                self.expires.rfc5322()
            ),
            Fate::Failed => "Your message could not be delivered to the addresses below. Nobody will try again;\r\n\
                 the part of this report named \"delivery status\" says the same for programs.\r\n"
                .to_owned(),
        });
        for finding in self.findings {
            let who = match &finding.remote {
                Some(host) => format!("{host} said"),
                None => "This server found".to_owned(),
            };
            let late = self.about == Fate::Failed && !finding.reply.is_permanent();
            let why = if late { "After many attempts the time is up. " } else { "" };
            text.push_str(&format!(
                "\r\n<{}>\r\n    {why}{who}: {}\r\n",
                finding.recipient,
                plain(&finding.reply.to_string())
            ));
        }
        text
    }

    /// RFC 3464 §2: one group about the message, one about each recipient.
    fn status(&self, international: bool) -> String {
        let kind = if international { "utf-8" } else { "rfc822" };
        let action = match self.about {
            Fate::Delayed => "delayed",
            Fate::Failed => "failed",
        };
        let mut fields = format!(
            "Reporting-MTA: dns; {}\r\nX-Queue-ID: {}\r\nArrival-Date: {}\r\n",
            self.host,
            self.queue_id,
            self.arrived.rfc5322()
        );
        for finding in self.findings {
            let status = self.status_code(finding);
            fields.push_str(&format!(
                "\r\nFinal-Recipient: {kind}; {}\r\nAction: {action}\r\nStatus: {status}\r\n",
                finding.recipient
            ));
            match &finding.remote {
                Some(host) => fields.push_str(&format!(
                    "Remote-MTA: dns; {host}\r\nDiagnostic-Code: smtp; {}\r\n",
                    plain(&finding.reply.to_string())
                )),
                // RFC 3464 §2.3.6: not a reply of SMTP, so not of type smtp.
                None => fields.push_str(&format!("Diagnostic-Code: x-mailctl; {}\r\n", plain(&finding.reply.text))),
            }
            fields.push_str(&format!("Last-Attempt-Date: {}\r\n", self.now.rfc5322()));
            // RFC 3464 §2.3.9: of delayed recipients alone.
            if self.about == Fate::Delayed {
                fields.push_str(&format!("Will-Retry-Until: {}\r\n", self.expires.rfc5322()));
            }
        }
        fields
    }

    fn status_code(&self, finding: &Finding) -> Enhanced {
        let fallback = match (self.about, finding.reply.is_permanent()) {
            // RFC 3464 §2.3.3: the status of what is delayed is a persistent transient one.
            (Fate::Delayed, _) => Enhanced(4, 0, 0),
            (Fate::Failed, true) => Enhanced(5, 0, 0),
            // RFC 3463 §3.5: delivery time expired, where the actual problem has no code.
            (Fate::Failed, false) => Enhanced(4, 4, 7),
        };
        match finding.reply.enhanced {
            Some(known) if self.about == Fate::Failed || known.0 == 4 => known,
            _ => fallback,
        }
    }

    /// The original's header, whole lines of it, without the empty line.
    fn returned_header(&self) -> &[u8] {
        let end = header_end(self.original).map_or(self.original.len(), |end| end.saturating_sub(2));
        let header = self.original.get(..end.min(RETURNED_HEADER_OCTETS_MAX)).unwrap_or_default();
        let whole = header.windows(2).rposition(|pair| pair == b"\r\n").map_or(0, |at| at + 2);
        header.get(..whole).unwrap_or_default()
    }

    fn original_message_id(&self) -> Option<String> {
        let id = crate::mailflow::header::HeaderFacts::read(self.returned_header()).message_id?;
        let sane =
            !id.is_empty() && id.len() <= 250 && id.bytes().all(|b| b.is_ascii_graphic() && b != b'<' && b != b'>');
        sane.then_some(id)
    }

    /// RFC 2046 §5.1.1: a line that occurs in no part.
    fn boundary(&self, returned: &[u8]) -> String {
        let mut boundary = format!("dsn-{}-{}", self.queue_id, self.now.0);
        while returned.windows(boundary.len()).any(|window| window == boundary.as_bytes()) {
            boundary.push('x');
        }
        boundary
    }
}

/// Other people's words on one line: no control characters, no length without end, ASCII only, since an
/// SMTP reply has nothing else by right.
fn plain(text: &str) -> String {
    text.chars().take(DIAGNOSTIC_CHARS_MAX).map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use mail_parser::{MessageParser, MimeHeaders};

    use super::*;
    use crate::vocabulary::mail::Reply;

    fn finding(recipient: &str, reply: Reply, remote: Option<&str>) -> Finding {
        Finding { recipient: recipient.parse().unwrap(), reply, remote: remote.map(|host| host.parse().unwrap()) }
    }

    fn compose(failed: &[Finding], to: &str, original: &[u8]) -> Composed {
        report(Fate::Failed, failed, to, original)
    }

    fn report(about: Fate, findings: &[Finding], to: &str, original: &[u8]) -> Composed {
        let host: Domain = "mail.example.org".parse().unwrap();
        let from: Address = "MAILER-DAEMON@mail.example.org".parse().unwrap();
        let to: Address = to.parse().unwrap();
        let bounce = Bounce {
            host: &host,
            from: &from,
            to: &to,
            queue_id: "q7",
            arrived: Timestamp(1_795_000_000_000),
            now: Timestamp(1_795_000_100_000),
            about,
            expires: Timestamp(1_795_432_000_000),
            findings,
            original,
        };
        bounce.compose()
    }

    #[test]
    fn rfc3464_a_program_can_read_it() {
        let failed = [
            finding("x@example.net", Reply::new(550, Enhanced(5, 1, 1), "no such\nuser"), Some("mx.example.net")),
            finding("y@example.net", Reply::new(451, Enhanced(4, 4, 2), "mx: refused"), None),
        ];
        let original = b"Subject: hi\r\nMessage-ID: <1@example.org>\r\nX: y\r\n\r\nthe body\r\n";
        let composed = compose(&failed, "a@example.org", original);
        assert!(!composed.smtputf8 && !composed.eight_bit);
        let text = String::from_utf8(composed.message.clone()).unwrap();
        assert!(text.lines().all(|line| line.len() < 998));
        assert!(!text.contains("the body"));

        let message = MessageParser::default().parse(&composed.message).unwrap();
        let kind = message.content_type().unwrap();
        assert_eq!((kind.ctype(), kind.subtype()), ("multipart", Some("report")));
        assert_eq!(kind.attribute("report-type"), Some("delivery-status"));
        assert_eq!(message.header_raw("Auto-Submitted").map(str::trim), Some("auto-replied"));
        assert_eq!(message.in_reply_to().as_text(), Some("1@example.org"));
        let kinds: Vec<String> = message
            .parts
            .iter()
            .skip(1)
            .map(|part| part.content_type().map(|k| format!("{}/{}", k.ctype(), k.subtype().unwrap_or(""))).unwrap())
            .collect();
        assert_eq!(kinds, ["text/plain", "message/delivery-status", "text/rfc822-headers"]);
        let status = &text[text.find("Reporting-MTA").unwrap()..text.find("text/rfc822-headers").unwrap()];
        assert!(status.contains(
            "\r\n\r\nFinal-Recipient: rfc822; x@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n\
             Remote-MTA: dns; mx.example.net\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n"
        ));
        assert!(status.contains("Status: 4.4.2\r\nDiagnostic-Code: x-mailctl; mx: refused\r\n"));
    }

    #[test]
    fn rfc3464_2_3_3_a_delay_says_until_when() {
        let late = [
            finding("x@example.net", Reply::new(450, Enhanced(4, 2, 1), "busy"), Some("mx.example.net")),
            finding(
                "y@example.net",
                Reply { code: 450, enhanced: None, text: "later".to_owned() },
                Some("mx.example.net"),
            ),
        ];
        let composed = report(Fate::Delayed, &late, "a@example.org", b"Subject: hi\r\n\r\n");
        let text = String::from_utf8(composed.message).unwrap();
        assert!(text.contains("Subject: Delayed mail") && text.contains("need not be sent again"), "{text}");
        assert!(!text.contains("the time is up") && !text.contains("failed"), "{text}");
        let until = format!("Will-Retry-Until: {}\r\n", Timestamp(1_795_432_000_000).rfc5322());
        assert_eq!(text.matches(&until).count(), 2);
        assert!(text.contains("Action: delayed\r\nStatus: 4.2.1\r\n") && text.contains("Status: 4.0.0\r\n"), "{text}");
    }

    #[test]
    fn rfc6533_what_is_not_ascii_says_so() {
        let failed = [finding("ж@example.net", Reply::new(550, Enhanced(5, 1, 1), "no"), Some("mx.example.net"))];
        let composed = compose(&failed, "a@example.org", b"Subject: hi\r\n\r\n");
        assert!(composed.eight_bit && !composed.smtputf8, "the header itself is ASCII");
        let text = String::from_utf8(composed.message).unwrap();
        assert!(
            text.contains("message/global-delivery-status") && text.contains("Final-Recipient: utf-8; ж@example.net")
        );
        let composed = compose(&failed, "ж@example.org", b"Subject: hi\r\n\r\n");
        assert!(composed.smtputf8);
    }

    #[test]
    fn nothing_of_the_original_can_break_out() {
        let failed = [finding(
            "x@example.net",
            Reply::new(550, Enhanced(5, 0, 0), "a\r\nX-Evil: 1\u{7}ж"),
            Some("mx.example.net"),
        )];
        let mut original =
            b"Subject: dsn-q7-1795000100000\r\n--dsn-q7-1795000100000--\r\nMessage-ID: <a\r\n b>\r\n".to_vec();
        original.extend_from_slice("X: ".repeat(40_000).as_bytes());
        let composed = compose(&failed, "a@example.org", &original);
        assert!(composed.message.len() < RETURNED_HEADER_OCTETS_MAX + 4096);
        let text = String::from_utf8(composed.message).unwrap();
        assert!(text.contains("boundary=\"dsn-q7-1795000100000x\""));
        assert!(!text.contains("\r\nX-Evil"));
    }
}
