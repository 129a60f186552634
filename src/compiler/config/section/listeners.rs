//! `listeners`: which protocol is spoken on which port, under which TLS mode.

use schemars::JsonSchema;
use serde::Deserialize;

use super::leaf::Ip;
use super::tls::Version;
use crate::compiler::config::spanned::Spanned;
use crate::plan::document::{Protocol, TlsMode};

/// One door of the server. Every key may be left out if the listener's name is that of a protocol.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// What is spoken. Needed where the listener's name is none of these words.
    pub protocol: Option<Spanned<Service>>,
    /// TCP port. Default: the registered one (25, 587, 465, 143, 993, 110, 995, 4190, 443, 80).
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<Spanned<u16>>,
    /// Local addresses to listen on. Default: all, of each family that `host.addresses` has.
    #[schemars(length(min = 1))]
    pub addresses: Option<Spanned<Vec<Spanned<Ip>>>>,
    /// When TLS begins. Default: what the protocol demands; there is rarely a reason to write it.
    pub tls: Option<Spanned<TlsWord>>,
    /// Whether users log in here. It follows from the protocol and may be written to say so aloud: never with `smtp`,
    /// `http` and `https`, always with the others.
    pub auth: Option<Spanned<bool>>,
    /// The oldest TLS version here, in place of `tls.min_version`.
    pub tls_min_version: Option<Spanned<Version>>,
    /// Whether connections begin with a PROXY header from one of `host.proxy_protocol.trusted`. Default: `false`.
    pub proxy_protocol: Option<Spanned<bool>>,
    /// The port that the Internet sees, where a router or container engine maps it. Default: `port`.
    #[schemars(range(min = 1, max = 65535))]
    pub published: Option<Spanned<u16>>,
    /// Whether something in front takes the TLS off. Default: `false`; mail TLS must end here.
    pub tls_terminated: Option<Spanned<bool>>,
    /// SASL mechanisms to offer, fewer than all. Default: `plain`, `login`, `scram-sha-256`.
    #[serde(default)]
    pub mechanisms: Option<Spanned<Vec<Spanned<String>>>>,
}

/// The services by their registered names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// Port 80: ACME's `http-01`; everything else is sent to `https`. In clear.
    Http,
    /// Port 443: MTA-STS policies, settings for mail programs, ACME's `tls-alpn-01`.
    Https,
    /// Port 143: mailboxes, STARTTLS required.
    Imap,
    /// Port 993: mailboxes over TLS, preferred.
    Imaps,
    /// Port 4190: Sieve scripts (RFC 5804), STARTTLS required.
    Managesieve,
    /// Port 110: collecting mail, STARTTLS required.
    Pop3,
    /// Port 995: collecting mail over TLS.
    Pop3s,
    /// Port 25: other servers deliver to us. STARTTLS is offered, nobody logs in.
    Smtp,
    /// Port 587: our users send mail, STARTTLS required.
    Submission,
    /// Port 465: our users send mail over TLS, preferred.
    Submissions,
}

/// When TLS begins on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TlsWord {
    /// With the first octet.
    Implicit,
    /// Never.
    None,
    /// Offered, never required.
    Starttls,
    /// Required before anything that matters.
    StarttlsRequired,
}

impl Service {
    pub const ALL: [Self; 10] = [
        Self::Http,
        Self::Https,
        Self::Imap,
        Self::Imaps,
        Self::Managesieve,
        Self::Pop3,
        Self::Pop3s,
        Self::Smtp,
        Self::Submission,
        Self::Submissions,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Imap => "imap",
            Self::Imaps => "imaps",
            Self::Managesieve => "managesieve",
            Self::Pop3 => "pop3",
            Self::Pop3s => "pop3s",
            Self::Smtp => "smtp",
            Self::Submission => "submission",
            Self::Submissions => "submissions",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }

    /// The registered port (IANA; RFC 8314 §7 for 465).
    pub fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
            Self::Imap => 143,
            Self::Imaps => 993,
            Self::Managesieve => 4190,
            Self::Pop3 => 110,
            Self::Pop3s => 995,
            Self::Smtp => 25,
            Self::Submission => 587,
            Self::Submissions => 465,
        }
    }

    pub fn from_port(port: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.port() == port)
    }

    /// The one mode that is right for it: RFC 3207 §4 for `smtp`, RFC 8555 §8.3 for `http`, RFC 8314 §3 for the rest.
    pub fn tls(self) -> TlsWord {
        match self {
            Self::Http => TlsWord::None,
            Self::Smtp => TlsWord::Starttls,
            Self::Imap | Self::Managesieve | Self::Pop3 | Self::Submission => TlsWord::StarttlsRequired,
            Self::Https | Self::Imaps | Self::Pop3s | Self::Submissions => TlsWord::Implicit,
        }
    }

    /// The service for the same people with the other TLS mode.
    pub fn twin(self) -> Option<Self> {
        match self {
            Self::Imap => Some(Self::Imaps),
            Self::Imaps => Some(Self::Imap),
            Self::Pop3 => Some(Self::Pop3s),
            Self::Pop3s => Some(Self::Pop3),
            Self::Http | Self::Https | Self::Managesieve | Self::Smtp => None,
            Self::Submission => Some(Self::Submissions),
            Self::Submissions => Some(Self::Submission),
        }
    }

    /// Whether users hand in mail here.
    pub fn submits(self) -> bool {
        matches!(self, Self::Submission | Self::Submissions)
    }

    /// Whether users read mail here.
    pub fn reads(self) -> bool {
        matches!(self, Self::Imap | Self::Imaps | Self::Pop3 | Self::Pop3s)
    }

    /// Whether mail passes here, of users or of other servers.
    pub fn is_mail(self) -> bool {
        !matches!(self, Self::Http | Self::Https)
    }

    /// What the server speaks there; `None` for what this version of it does not speak (OPS-014).
    pub fn protocol(self) -> Option<Protocol> {
        match self {
            Self::Http => Some(Protocol::Http),
            Self::Https => Some(Protocol::Https),
            Self::Managesieve => None,
            Self::Imap | Self::Imaps => Some(Protocol::Imap),
            Self::Pop3 | Self::Pop3s => Some(Protocol::Pop3),
            Self::Smtp => Some(Protocol::Smtp),
            Self::Submission | Self::Submissions => Some(Protocol::Submission),
        }
    }
}

impl TlsWord {
    pub fn word(self) -> &'static str {
        match self {
            Self::Implicit => "implicit",
            Self::None => "none",
            Self::Starttls => "starttls",
            Self::StarttlsRequired => "starttls-required",
        }
    }

    pub fn mode(self) -> TlsMode {
        match self {
            Self::Implicit => TlsMode::Implicit,
            Self::None => TlsMode::None,
            Self::Starttls => TlsMode::Starttls,
            Self::StarttlsRequired => TlsMode::StarttlsRequired,
        }
    }
}
