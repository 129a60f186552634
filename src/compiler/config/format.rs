//! Formats of text values: the JSON Schema keyword `format` with a checker each, so that a wrong value
//! is reported with its own code and in the words of its own parser.

use std::net::{IpAddr, SocketAddr};

use super::finding::shortened;
use super::quantity;
use crate::ground::limits;
use crate::vocabulary::mail::{Address, AddressError, AddressPattern, Domain};
use crate::vocabulary::network::Network;

/// What a text value must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Address,
    /// An address, a domain, or `.domain` for all below it.
    AddressPattern,
    /// A name in DNS that need not be a host: `_spf.example.net`.
    DnsName,
    Domain,
    Duration,
    /// `host:port` or `unix:/path`.
    Endpoint,
    IpAddress,
    Network,
    PasswordHash,
    /// An address with or without a port: `192.0.2.53`, `[2001:db8::53]:5353`.
    Server,
    Size,
    /// An address with its port.
    SocketAddress,
    Url,
}

impl Format {
    pub const ALL: [Self; 13] = [
        Self::Address,
        Self::AddressPattern,
        Self::DnsName,
        Self::Domain,
        Self::Duration,
        Self::Endpoint,
        Self::IpAddress,
        Self::Network,
        Self::PasswordHash,
        Self::Server,
        Self::Size,
        Self::SocketAddress,
        Self::Url,
    ];

    /// The word in the schema.
    pub fn name(self) -> &'static str {
        match self {
            Self::Address => "mail-address",
            Self::AddressPattern => "address-pattern",
            Self::DnsName => "dns-name",
            Self::Domain => "domain-name",
            Self::Duration => "duration-with-units",
            Self::Endpoint => "service-endpoint",
            Self::IpAddress => "ip-address",
            Self::Network => "ip-network",
            Self::PasswordHash => "password-hash",
            Self::Server => "server-address",
            Self::Size => "size-with-unit",
            Self::SocketAddress => "address-with-port",
            Self::Url => "url",
        }
    }

    /// The rule that a wrong value breaks.
    pub fn code(self) -> &'static str {
        match self {
            Self::Address | Self::AddressPattern => "ACC-012",
            Self::DnsName | Self::Domain => "ID-004",
            Self::PasswordHash => "AUTH-007",
            Self::Duration
            | Self::Endpoint
            | Self::IpAddress
            | Self::Network
            | Self::Server
            | Self::Size
            | Self::SocketAddress
            | Self::Url => "OPS-005",
        }
    }

    /// What a person calls it.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Address => "a mail address",
            Self::AddressPattern => "a mail address or domain",
            Self::DnsName => "a DNS name",
            Self::Domain => "a domain name",
            Self::Duration => "a duration with its unit",
            Self::Endpoint => "the address of a service",
            Self::IpAddress => "an IP address",
            Self::Network => "a network",
            Self::PasswordHash => "a password hash",
            Self::Server => "the address of a server",
            Self::Size => "a size with its unit",
            Self::SocketAddress => "an address with a port",
            Self::Url => "a URL",
        }
    }

    /// Whether `text` is one: the verdict of [`Format::check`] without its sentences.
    pub fn admits(self, text: &str) -> bool {
        match self {
            Self::Address => text.parse::<Address>().is_ok_and(|a| a.domain.literal().is_none()),
            Self::Domain => text.parse::<Domain>().is_ok_and(|d| d.literal().is_none()),
            Self::PasswordHash => password_hash(text).is_ok(),
            format => format.check(text).is_ok(),
        }
    }

    /// Why `text` is none, as a sentence, and what to write.
    ///
    /// # Errors
    /// The two texts.
    pub fn check(self, text: &str) -> Result<(), (String, String)> {
        let shown = shortened(text);
        match self {
            Self::Address => match text.parse::<Address>() {
                // RFC 5321 §4.5.3.1.1: others need not take a longer one.
                Ok(a) if a.local.as_str().len() > limits::LOCAL_PART_OCTETS_MAX => {
                    Err((format!("{}.", capital(&AddressError::TooLong.to_string())), sample("user@example.org")))
                }
                Ok(a) if a.domain.literal().is_none() => Ok(()),
                Ok(_) => Err((
                    format!("`{shown}` names an address literal; mailboxes live in domains."),
                    sample("user@example.org"),
                )),
                Err(e) => Err((format!("{}.", capital(&e.to_string())), sample("user@example.org"))),
            },
            Self::AddressPattern => match text.parse::<AddressPattern>() {
                Ok(_) => Ok(()),
                Err(e) => Err((format!("{}.", capital(&e.to_string())), sample("user@example.org` or `.example.org"))),
            },
            Self::Network => match text.parse::<Network>() {
                Ok(_) => Ok(()),
                Err(e) => Err((format!("{}.", capital(&e.to_string())), sample("192.0.2.0/24` or `\"2001:db8::/32\""))),
            },
            Self::Endpoint => match endpoint(text) {
                Some(_) => Ok(()),
                None => Err((
                    format!("`{shown}` is neither `host:port` nor `unix:/path`."),
                    sample("127.0.0.1:3310` or `unix:/run/clamav/clamd.ctl"),
                )),
            },
            Self::SocketAddress => text.parse::<SocketAddr>().map(|_| ()).map_err(|_| {
                (format!("`{shown}` is not an IP address with a port."), sample("127.0.0.1:9090` or `\"[::1]:9090\""))
            }),
            Self::Url => match url(text) {
                Some(_) => Ok(()),
                None => {
                    Err((format!("`{shown}` is not a URL with scheme and host."), sample("https://example.org/path")))
                }
            },
            Self::DnsName => match dns_name(text) {
                Some(_) => Ok(()),
                None => Err((format!("`{shown}` is not a DNS name."), sample("_spf.example.org"))),
            },
            Self::Domain => match text.parse::<Domain>() {
                Ok(d) if d.literal().is_none() => Ok(()),
                Ok(_) => Err((format!("`{shown}` is an address literal, not a name."), sample("mail.example.org"))),
                Err(e) => Err((format!("{}.", capital(&e.to_string())), sample("mail.example.org"))),
            },
            Self::Duration => quantity::duration(text)
                .map(|_| ())
                .map_err(|e| (format!("`{shown}` is not a duration: {e}."), sample("1h30m"))),
            Self::Size => {
                quantity::size(text).map(|_| ()).map_err(|e| (format!("`{shown}` is not a size: {e}."), sample("50MB")))
            }
            Self::IpAddress => text.parse::<IpAddr>().map(|_| ()).map_err(|_| {
                (format!("`{shown}` is not an IP address."), "write e.g. `192.0.2.10` or `\"2001:db8::10\"`".to_owned())
            }),
            Self::Server => server(text).map(|_| ()).ok_or_else(|| {
                (
                    format!("`{shown}` is not an IP address with or without a port."),
                    "write e.g. `192.0.2.53` or `\"[2001:db8::53]:5353\"`".to_owned(),
                )
            }),
            Self::PasswordHash => password_hash(text)
                .map(|_| ())
                .map_err(|why| (why.to_owned(), "make one with: mailctl account hash-password".to_owned())),
        }
    }
}

fn sample(text: &str) -> String {
    format!("write e.g. `{text}`")
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().collect::<String>() + chars.as_str()).unwrap_or_default()
}

/// A DNS name in lower case and ASCII; underscores are allowed in front of a label (RFC 8552 §1.1).
pub fn dns_name(text: &str) -> Option<String> {
    let bare: Vec<&str> = text.split('.').map(|label| label.strip_prefix('_').unwrap_or(label)).collect();
    let name: Domain = bare.join(".").parse().ok().filter(|d: &Domain| d.literal().is_none())?;
    let labels = text.split('.').zip(name.as_str().split('.'));
    let with_underscores =
        labels.map(|(given, label)| if given.starts_with('_') { format!("_{label}") } else { label.to_owned() });
    Some(with_underscores.collect::<Vec<_>>().join("."))
}

/// An address, a domain, or `.domain`.
pub fn pattern(text: &str) -> Option<AddressPattern> {
    text.parse().ok()
}

/// `host:port` or `unix:/path`.
pub fn endpoint(text: &str) -> Option<String> {
    if let Some(path) = text.strip_prefix("unix:") {
        return (path.starts_with('/') && path.len() > 1).then(|| text.to_owned());
    }
    if text.parse::<SocketAddr>().is_ok() {
        return Some(text.to_owned());
    }
    let (host, port) = text.rsplit_once(':')?;
    let named = host.parse::<Domain>().is_ok_and(|d| d.literal().is_none());
    (named && port.parse::<u16>().is_ok_and(|p| p > 0)).then(|| text.to_owned())
}

/// A URL with scheme and host, and without a user or password in it: that would be a secret in clear.
pub fn url(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let known = ["http", "https", "ldap", "ldaps"].contains(&scheme);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split_once(']').filter(|(v6, _)| v6.parse::<std::net::Ipv6Addr>().is_ok()).map(|(_, port)| port),
        None => {
            let (host, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
            (host.parse::<std::net::Ipv4Addr>().is_ok() || host.parse::<Domain>().is_ok_and(|d| d.literal().is_none()))
                .then_some(port)
        }
    };
    let port = |p: &str| p.is_empty() || p.strip_prefix(':').is_some_and(|p| p.parse::<u16>().is_ok_and(|p| p > 0));
    let plain = rest.chars().all(|c| c.is_ascii_graphic());
    (known && plain && host.is_some_and(port)).then(|| text.to_owned())
}

/// The socket address of a name server; port 53 unless given.
pub fn server(text: &str) -> Option<SocketAddr> {
    const DNS_PORT: u16 = 53;
    text.parse::<SocketAddr>().ok().or_else(|| text.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, DNS_PORT)))
}

/// The hash without a scheme prefix: argon2id (RFC 9106) or SHA-crypt (`$6$`, `$5$`), the only ones that
/// are salted and slow.
///
/// # Errors
/// Why it is refused. Never repeats the text, which may be a password.
pub fn password_hash(text: &str) -> Result<&str, &'static str> {
    let (scheme, hash) = match text.strip_prefix('{').and_then(|t| t.split_once('}')) {
        Some((scheme, hash)) => (scheme.to_ascii_uppercase(), hash),
        None => (String::new(), text),
    };
    let known = match scheme.as_str() {
        "" => ["$argon2id$", "$6$", "$5$"].iter().any(|p| hash.starts_with(p)),
        "ARGON2ID" => hash.starts_with("$argon2id$"),
        "SHA512-CRYPT" => hash.starts_with("$6$"),
        "SHA256-CRYPT" => hash.starts_with("$5$"),
        "CRYPT" => ["$6$", "$5$"].iter().any(|p| hash.starts_with(p)),
        "PLAIN" | "CLEAR" | "CLEARTEXT" => return Err("This is the password itself in a disguise, not a hash."),
        _ => false,
    };
    if known && well_formed(hash) {
        return Ok(hash);
    }
    Err(match hash {
        h if known => {
            if h.starts_with("$argon2id$") {
                "The argon2id hash is damaged: `$argon2id$v=19$m=..,t=..,p=..$salt$hash` is expected."
            } else {
                "The SHA-crypt hash is damaged: `$6$salt$` or `$6$rounds=N$salt$` and 86 characters (43 for `$5$`) are expected."
            }
        }
        h if h.starts_with("$1$") => {
            "This is MD5-crypt: a graphics card tries hundreds of millions of passwords a second against it."
        }
        h if h.starts_with("$2") => "This is bcrypt, which this server does not verify.",
        h if h.starts_with("$argon2") => "Of the Argon2 family only argon2id is accepted (RFC 9106 §4).",
        _ => {
            "This is no hash of a kind that is salted and slow; a literal password would be readable to everyone who sees the file."
        }
    })
}

/// Whether the parts are there, so that the mistake shows now and not at the first login.
fn well_formed(hash: &str) -> bool {
    let parts: Vec<&str> = hash.split('$').collect();
    let base64 =
        |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'.'));
    match parts.as_slice() {
        ["", "argon2id", version, parameters, salt, digest] => {
            let names: Vec<&str> = parameters.split(',').filter_map(|p| p.split_once('=')).map(|(n, _)| n).collect();
            version.starts_with("v=") && names == ["m", "t", "p"] && base64(salt) && base64(digest)
        }
        ["", kind @ ("5" | "6"), rest @ ..] => {
            let rest = match rest {
                [rounds, rest @ ..] if rounds.starts_with("rounds=") => rest,
                rest => rest,
            };
            matches!(rest, [salt, digest] if salt.len() <= 16 && base64(digest) && digest.len() == if *kind == "6" { 86 } else { 43 })
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_slow_salted_hashes() {
        let six = format!("$6$salt${}", "a".repeat(86));
        assert_eq!(password_hash(&six), Ok(six.as_str()));
        assert_eq!(password_hash(&format!("{{SHA512-CRYPT}}{six}")), Ok(six.as_str()));
        assert!(password_hash("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA").is_ok());
        for bad in [
            "",
            "secret",
            "{PLAIN}secret",
            "$1$salt$aaaa",
            "{SHA}AAAA",
            "$6$salt$short",
            "$2b$12$abc",
            "{SHA256-CRYPT}$6$x$y",
        ] {
            assert!(password_hash(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn dns_names_may_begin_labels_with_underscores() {
        assert_eq!(dns_name("_spf.Example.org").as_deref(), Some("_spf.example.org"));
        assert_eq!(dns_name("a_b.example.org"), None);
        assert_eq!(dns_name("_"), None);
    }

    #[test]
    fn servers_have_port_53_unless_given() {
        assert_eq!(server("192.0.2.53").unwrap().port(), 53);
        assert_eq!(server("[2001:db8::53]:5353").unwrap().port(), 5353);
        assert!(server("dns.example.org").is_none());
    }
}
