//! `listeners`: which protocol is spoken on which port, under which TLS mode.

use schemars::JsonSchema;
use serde::Deserialize;

use super::leaf::Ip;
use crate::compiler::config::spanned::Spanned;
use crate::plan::document::{Protocol, TlsMode};

/// One door of the server. Every key may be left out if the listener's name is that of a protocol.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// What is spoken. Needed where the listener's name is none of these words.
    pub protocol: Option<Spanned<Service>>,
    /// TCP port. Default: the registered one (25, 587, 465, 143, 993, 110, 995).
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<Spanned<u16>>,
    /// Local addresses to listen on. Default: all, of each family that `host.addresses` has.
    #[schemars(length(min = 1))]
    pub addresses: Option<Spanned<Vec<Spanned<Ip>>>>,
    /// When TLS begins. Default: what the protocol demands; there is rarely a reason to write it.
    pub tls: Option<Spanned<TlsWord>>,
    /// Whether users log in here. It follows from the protocol and may be written to say so aloud: never with `smtp`,
    /// always with the others.
    pub auth: Option<Spanned<bool>>,
}

/// The services by their registered names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// Port 143: mailboxes, STARTTLS required.
    Imap,
    /// Port 993: mailboxes over TLS, preferred.
    Imaps,
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
    pub const ALL: [Self; 7] =
        [Self::Imap, Self::Imaps, Self::Pop3, Self::Pop3s, Self::Smtp, Self::Submission, Self::Submissions];

    pub fn word(self) -> &'static str {
        match self {
            Self::Imap => "imap",
            Self::Imaps => "imaps",
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
            Self::Imap => 143,
            Self::Imaps => 993,
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

    /// The one mode that is right for it: RFC 3207 §4 for `smtp`, RFC 8314 §3 for the rest.
    pub fn tls(self) -> TlsWord {
        match self {
            Self::Smtp => TlsWord::Starttls,
            Self::Imap | Self::Pop3 | Self::Submission => TlsWord::StarttlsRequired,
            Self::Imaps | Self::Pop3s | Self::Submissions => TlsWord::Implicit,
        }
    }

    /// The service for the same people with the other TLS mode.
    pub fn twin(self) -> Option<Self> {
        match self {
            Self::Imap => Some(Self::Imaps),
            Self::Imaps => Some(Self::Imap),
            Self::Pop3 => Some(Self::Pop3s),
            Self::Pop3s => Some(Self::Pop3),
            Self::Smtp => None,
            Self::Submission => Some(Self::Submissions),
            Self::Submissions => Some(Self::Submission),
        }
    }

    pub fn protocol(self) -> Protocol {
        match self {
            Self::Imap | Self::Imaps => Protocol::Imap,
            Self::Pop3 | Self::Pop3s => Protocol::Pop3,
            Self::Smtp => Protocol::Smtp,
            Self::Submission | Self::Submissions => Protocol::Submission,
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
