//! Trace fields: the Return-Path of final delivery and the Received of every hop (RFC 5321 §4.4), and the
//! Delivered-To of a forwarded copy (RFC 9228).

use std::net::IpAddr;

use crate::ground::clock::Timestamp;
use crate::protocol::TlsFacts;
use crate::vocabulary::mail::{Address, Domain, ReversePath};

/// What a Received field says.
#[derive(Debug, Clone)]
pub struct Received<'a> {
    /// The argument of EHLO or HELO. Whatever is not plain text is left out, so that it opens no comment.
    pub helo: &'a str,
    pub peer: IpAddr,
    /// A logged-in user's network is nobody's business: with `true` the field has no `from` clause, as those
    /// of other large submission services. The log has the address.
    pub submitted: bool,
    pub by: &'a Domain,
    /// RFC 3848 and RFC 6531 §4.3, e.g. `ESMTPS`.
    pub with: &'a str,
    pub tls: Option<&'a TlsFacts>,
    pub id: &'a str,
    /// The recipient if there is exactly one: naming several would show one what Bcc hid from the others
    /// (RFC 5321 §7.2).
    pub recipient: Option<&'a Address>,
    pub at: Timestamp,
}

impl Received<'_> {
    /// The whole field with its CRLF. ASCII unless helo or recipient are not.
    pub fn field(&self) -> String {
        let mut field = String::with_capacity(320);
        field.push_str("Received: ");
        if !self.submitted {
            field.push_str(&format!("from {}\r\n\t", self.from()));
        }
        field.push_str(&format!("by {} (mailctl) with {} id {}", self.by, self.with, self.id));
        if let Some(tls) = self.tls {
            field.push_str(&format!("\r\n\t({} {})", tls.version, tls.cipher));
        }
        if let Some(recipient) = self.recipient {
            field.push_str(&format!("\r\n\tfor <{recipient}>"));
        }
        field.push_str(&format!(";\r\n\t{}\r\n", self.at.rfc5322()));
        field
    }

    /// RFC 5321 §4.4: the name that was claimed, and the address that was seen.
    fn from(&self) -> String {
        let plain = |c: &char| c.is_alphanumeric() || ".-_:[]".contains(*c);
        let helo: String = self.helo.chars().filter(plain).take(255).collect();
        let helo = if helo.is_empty() { "unknown".to_owned() } else { helo };
        format!("{helo} ({})", literal(&self.peer))
    }
}

/// RFC 5321 §4.1.3, e.g. `[192.0.2.1]` or `[IPv6:2001:db8::1]`.
pub fn literal(address: &IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => format!("[{v4}]"),
        IpAddr::V6(v6) => format!("[IPv6:{v6}]"),
    }
}

/// RFC 5321 §4.4: one line at the very top of a delivered message, nowhere else.
pub fn return_path(reverse_path: &ReversePath) -> String {
    format!("Return-Path: {reverse_path}\r\n")
}

/// RFC 9228 §3: on a forwarded copy, whose mail it was. The address has no line ends.
pub fn delivered_to(recipient: &Address) -> String {
    format!("Delivered-To: {recipient}\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received<'a>(helo: &'a str, by: &'a Domain, recipient: Option<&'a Address>) -> Received<'a> {
        Received {
            helo,
            peer: "2001:db8::7".parse().unwrap(),
            submitted: false,
            by,
            with: "ESMTPS",
            tls: None,
            id: "k3v9",
            recipient,
            at: Timestamp(1_795_000_000_000),
        }
    }

    #[test]
    fn rfc5321_4_4_received_names_both_ends() {
        let by = "mail.example.org".parse().unwrap();
        let recipient = "a@example.org".parse().unwrap();
        let tls = TlsFacts { version: "TLSv1.3".into(), cipher: "TLS13_AES_256_GCM_SHA384".into(), exporter: None };
        let mut received = received("mx.example.net", &by, Some(&recipient));
        received.tls = Some(&tls);
        assert_eq!(
            received.field(),
            "Received: from mx.example.net ([IPv6:2001:db8::7])\r\n\
             \tby mail.example.org (mailctl) with ESMTPS id k3v9\r\n\
             \t(TLSv1.3 TLS13_AES_256_GCM_SHA384)\r\n\
             \tfor <a@example.org>;\r\n\
             \tWed, 18 Nov 2026 11:06:40 +0000\r\n"
        );
    }

    #[test]
    fn a_hostile_helo_adds_no_structure() {
        let by = "mail.example.org".parse().unwrap();
        let field = received("a(b);\r\nX: y", &by, None).field();
        assert!(field.starts_with("Received: from abX:y ([IPv6:2001:db8::7])\r\n\tby "), "{field}");
        assert!(received("()", &by, None).field().starts_with("Received: from unknown ("));
    }

    #[test]
    fn a_submission_tells_nothing_of_the_users_network() {
        let by = "mail.example.org".parse().unwrap();
        let mut received = received("laptop.lan", &by, None);
        received.submitted = true;
        let field = received.field();
        assert!(field.starts_with("Received: by mail.example.org (mailctl) with ESMTPS id k3v9"), "{field}");
        assert!(!field.contains("laptop") && !field.contains("2001:db8"), "{field}");
    }
}
