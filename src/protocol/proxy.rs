//! The PROXY protocol: what a proxy says of the client before the client's first octet.
//!
//! Standard: HAProxy, "The PROXY protocol", versions 1 (§2.1, text) and 2 (§2.2, binary).
//!
//! Invariants: [`read`] never asks for an octet that may belong to what follows the header, so the reader
//! of a stream keeps nothing over; a header is bounded ([`limits::PROXY_V1_OCTETS_MAX`],
//! [`limits::PROXY_V2_OCTETS_MAX`]); every input is refused, complete, or in need of a number of octets above 0.
//!
//! What it does not do: it does not say whether the proxy is to be believed, and it reads no TLV (§2.2.6):
//! their octets are skipped, a checksum among them included.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::ground::limits;

/// What a header says of the connection that follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announced {
    /// The connection is a client's, whose ends are these.
    Client { source: SocketAddr, destination: SocketAddr },
    /// The connection is the proxy's own: a health check (§2.2, LOCAL).
    Local,
    /// The connection is somebody's, and the proxy does not know whose (UNKNOWN, UNSPEC, a UNIX socket).
    Unknown,
}

/// How far a header is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The bytes are one whole header.
    Complete(Announced),
    /// At least this many more octets belong to the header.
    Needs(usize),
}

/// Why bytes are no header. The connection is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    #[error("the connection does not begin with a PROXY header")]
    Absent,
    #[error("the PROXY header is malformed")]
    Malformed,
    #[error("the PROXY header is longer than this server reads")]
    TooLong,
    #[error("the PROXY header is for another transport than TCP")]
    Transport,
    #[error("the PROXY header is of an unknown version or command")]
    Version,
}

/// §2.2.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// What follows the signature: version and command, family, length.
const V2_FIXED_OCTETS: usize = 16;
/// §2.1.
const V1_BEGIN: &[u8] = b"PROXY ";

/// The header of a connection that a program makes on its own behalf, e.g. to see whether a listener
/// that expects PROXY headers is well.
pub const LOCAL: [u8; V2_FIXED_OCTETS] = *b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

/// Reads the header that `bytes`, the first of a connection, are or begin. Feed no more than it asked for.
///
/// # Errors
/// [`ProxyError`] as soon as no header can come of it.
pub fn read(bytes: &[u8]) -> Result<Progress, ProxyError> {
    let begins = |expected: &[u8]| bytes.iter().zip(expected).all(|(a, b)| a == b);
    if begins(V1_BEGIN) && !bytes.is_empty() {
        return read_v1(bytes);
    }
    if !begins(&SIGNATURE) {
        return Err(ProxyError::Absent);
    }
    read_v2(bytes)
}

/// One line, ended by CRLF within 107 octets.
fn read_v1(bytes: &[u8]) -> Result<Progress, ProxyError> {
    // `PROXY UNKNOWN` CRLF is the shortest.
    const SHORTEST: usize = 15;
    if bytes.len() < SHORTEST {
        return Ok(Progress::Needs(SHORTEST - bytes.len()));
    }
    let Some(line) = bytes.strip_suffix(b"\r\n") else {
        let body = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        if body.iter().any(|b| matches!(b, b'\r' | b'\n')) {
            return Err(ProxyError::Malformed);
        }
        // A CR must be followed by the LF; anything else by both.
        let needed = 2 - (bytes.len() - body.len());
        let fits = bytes.len() + needed <= limits::PROXY_V1_OCTETS_MAX;
        return if fits { Ok(Progress::Needs(needed)) } else { Err(ProxyError::TooLong) };
    };
    let line = std::str::from_utf8(line).map_err(|_| ProxyError::Malformed)?;
    if line.contains(['\r', '\n']) {
        return Err(ProxyError::Malformed);
    }
    let mut words = line.split(' ').skip(1);
    let family = words.next().unwrap_or_default();
    // §2.1: whatever stands behind UNKNOWN is to be ignored.
    if family == "UNKNOWN" {
        return Ok(Progress::Complete(Announced::Unknown));
    }
    let mut next = || words.next().ok_or(ProxyError::Malformed);
    let (source, destination) = (address(family, next()?)?, address(family, next()?)?);
    let (from, to) = (port(next()?)?, port(next()?)?);
    if words.next().is_some() {
        return Err(ProxyError::Malformed);
    }
    Ok(client(SocketAddr::new(source, from), SocketAddr::new(destination, to)))
}

fn address(family: &str, text: &str) -> Result<IpAddr, ProxyError> {
    let parsed = match family {
        "TCP4" => text.parse::<Ipv4Addr>().map(IpAddr::V4),
        "TCP6" => text.parse::<Ipv6Addr>().map(IpAddr::V6),
        _ => return Err(ProxyError::Transport),
    };
    parsed.map_err(|_| ProxyError::Malformed)
}

/// §2.1: a decimal number without leading zeros.
fn port(text: &str) -> Result<u16, ProxyError> {
    let digits = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if digits { text.parse().map_err(|_| ProxyError::Malformed) } else { Err(ProxyError::Malformed) }
}

fn read_v2(bytes: &[u8]) -> Result<Progress, ProxyError> {
    // No more than the signature at first: a header of version 1 may be shorter than the fixed part.
    if let Some(more) = SIGNATURE.len().checked_sub(bytes.len()).filter(|more| *more > 0) {
        return Ok(Progress::Needs(more));
    }
    let Some((fixed, block)) = bytes.split_at_checked(V2_FIXED_OCTETS) else {
        return Ok(Progress::Needs(V2_FIXED_OCTETS - bytes.len()));
    };
    let [.., version_command, family, high, low] = fixed else { return Err(ProxyError::Malformed) };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    // §2.2: the two commands of version 2; others must be refused.
    if !matches!(version_command, 0x20 | 0x21) {
        return Err(ProxyError::Version);
    }
    if V2_FIXED_OCTETS + length > limits::PROXY_V2_OCTETS_MAX {
        return Err(ProxyError::TooLong);
    }
    match length.checked_sub(block.len()) {
        Some(0) => {}
        Some(more) => return Ok(Progress::Needs(more)),
        None => return Err(ProxyError::Malformed),
    }
    // §2.2: of a LOCAL connection family and addresses are to be ignored.
    if *version_command == 0x20 {
        return Ok(Progress::Complete(Announced::Local));
    }
    match family {
        0x00 | 0x31 => Ok(Progress::Complete(Announced::Unknown)),
        0x11 => ends::<4>(block),
        0x21 => ends::<16>(block),
        _ => Err(ProxyError::Transport),
    }
}

/// Two addresses of `N` octets, then two ports.
fn ends<const N: usize>(block: &[u8]) -> Result<Progress, ProxyError>
where
    IpAddr: From<[u8; N]>,
{
    let malformed = ProxyError::Malformed;
    let (source, rest) = block.split_first_chunk::<N>().ok_or(malformed)?;
    let (destination, rest) = rest.split_first_chunk::<N>().ok_or(malformed)?;
    let ([a, b, c, d], _) = rest.split_first_chunk::<4>().ok_or(malformed)?;
    let source = SocketAddr::new(IpAddr::from(*source), u16::from_be_bytes([*a, *b]));
    let destination = SocketAddr::new(IpAddr::from(*destination), u16::from_be_bytes([*c, *d]));
    Ok(client(source, destination))
}

/// An IPv4-mapped address is the IPv4 address: limits and networks must not be evaded by spelling.
fn client(source: SocketAddr, destination: SocketAddr) -> Progress {
    let canonical = |end: SocketAddr| SocketAddr::new(end.ip().to_canonical(), end.port());
    Progress::Complete(Announced::Client { source: canonical(source), destination: canonical(destination) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Feeds what is asked for, as a reader of a stream would; what was read and how many octets that took.
    fn feed(stream: &[u8]) -> (Result<Option<Announced>, ProxyError>, usize) {
        let mut taken = 0;
        loop {
            match read(&stream[..taken]) {
                Ok(Progress::Complete(announced)) => return (Ok(Some(announced)), taken),
                Ok(Progress::Needs(more)) => {
                    assert!(more > 0);
                    if taken + more > stream.len() {
                        return (Ok(None), taken);
                    }
                    taken += more;
                }
                Err(error) => return (Err(error), taken),
            }
        }
    }

    fn announced(stream: &[u8]) -> Result<Announced, ProxyError> {
        feed(stream).0.map(|announced| announced.expect("a whole header"))
    }

    fn from(source: &str, destination: &str) -> Announced {
        Announced::Client { source: source.parse().unwrap(), destination: destination.parse().unwrap() }
    }

    /// A version 2 header.
    fn v2(version_command: u8, family: u8, block: &[u8]) -> Vec<u8> {
        let length = u16::try_from(block.len()).unwrap().to_be_bytes();
        [&SIGNATURE, [version_command, family].as_slice(), &length, block].concat()
    }

    #[test]
    fn section_2_1_lines_of_version_1() {
        let v4 = b"PROXY TCP4 192.0.2.7 192.0.2.10 56324 25\r\nEHLO x\r\n";
        assert_eq!(announced(v4), Ok(from("192.0.2.7:56324", "192.0.2.10:25")));
        assert_eq!(feed(v4).1, v4.len() - "EHLO x\r\n".len(), "not an octet of what follows is taken");
        let v6 = b"PROXY TCP6 2001:db8::7 2001:db8::10 1 65535\r\n";
        assert_eq!(announced(v6), Ok(from("[2001:db8::7]:1", "[2001:db8::10]:65535")));
        assert_eq!(announced(b"PROXY UNKNOWN\r\n220"), Ok(Announced::Unknown));
        let longest = format!("PROXY UNKNOWN {}\r\n", "f".repeat(107 - 16));
        assert_eq!((longest.len(), announced(longest.as_bytes())), (107, Ok(Announced::Unknown)));
        let mapped = b"PROXY TCP6 ::ffff:192.0.2.7 ::ffff:192.0.2.10 1 2\r\n";
        assert_eq!(announced(mapped), Ok(from("192.0.2.7:1", "192.0.2.10:2")));
    }

    #[test]
    fn section_2_1_what_is_no_line_of_version_1() {
        let malformed = [
            "PROXY TCP4 192.0.2.7 192.0.2.10 56324\r\n",
            "PROXY TCP4 192.0.2.7 192.0.2.10 56324 25 1\r\n",
            "PROXY TCP4 2001:db8::7 192.0.2.10 1 25\r\n",
            "PROXY TCP4 192.0.2.7  192.0.2.10 1 25\r\n",
            "PROXY TCP4 192.0.2.7 192.0.2.10 01 25\r\n",
            "PROXY TCP4 192.0.2.7 192.0.2.10 1 65536\r\n",
            "PROXY TCP4 192.0.2.7 192.0.2.10 +1 25\r\n",
            "PROXY UNKNOWN\n\r\n.......",
            "PROXY TCP4 1.2.3\rx4 192.0.2.10 1 25\r\n",
        ];
        for line in malformed {
            assert_eq!(feed(line.as_bytes()).0, Err(ProxyError::Malformed), "{line:?}");
        }
        assert_eq!(feed(b"PROXY UDP4 192.0.2.7 192.0.2.10 1 25\r\n").0, Err(ProxyError::Transport));
        assert_eq!(feed(b"PROXY TCP4 192.0.2.7\xff\xff 192.0.2.10 1 25\r\n").0, Err(ProxyError::Malformed));
        for endless in [format!("PROXY UNKNOWN {}\r\n", "f".repeat(107 - 15)), format!("PROXY {}", "f".repeat(999))] {
            let (result, taken) = feed(endless.as_bytes());
            assert_eq!(result, Err(ProxyError::TooLong));
            assert!(taken <= limits::PROXY_V1_OCTETS_MAX);
        }
        for other in [
            "EHLO client.example\r\n",
            "proxy TCP4 192.0.2.7",
            "\x16\x03\x01\x02\x00\x01\x00\x01 hello",
            "PROXYTCP4 192.0.2.7",
        ] {
            assert_eq!(feed(other.as_bytes()).0, Err(ProxyError::Absent), "{other:?}");
        }
    }

    #[test]
    fn section_2_2_headers_of_version_2() {
        let v4 = [192, 0, 2, 7, 192, 0, 2, 10, 0x12, 0x34, 0, 25];
        assert_eq!(announced(&v2(0x21, 0x11, &v4)), Ok(from("192.0.2.7:4660", "192.0.2.10:25")));
        let tlv = [v4.as_slice(), &[0x04, 0, 2, 1, 2]].concat();
        let stream = [v2(0x21, 0x11, &tlv), b"\x16\x03\x01".to_vec()].concat();
        assert_eq!(feed(&stream).1, stream.len() - 3, "TLVs are skipped, the TLS handshake is not touched");
        let (a, b): (Ipv6Addr, Ipv6Addr) = ("2001:db8::7".parse().unwrap(), "2001:db8::10".parse().unwrap());
        let v6 = [a.octets().as_slice(), &b.octets(), &[0, 1, 3, 227]].concat();
        assert_eq!(announced(&v2(0x21, 0x21, &v6)), Ok(from("[2001:db8::7]:1", "[2001:db8::10]:995")));
        for (family, block) in [(0x00, vec![]), (0x00, vec![9; 40]), (0x31, vec![0; 216])] {
            assert_eq!(announced(&v2(0x21, family, &block)), Ok(Announced::Unknown));
        }
        assert_eq!(announced(&LOCAL), Ok(Announced::Local));
        assert_eq!(announced(&v2(0x20, 0x11, &v4)), Ok(Announced::Local), "§2.2: the addresses are ignored");
        assert_eq!(announced(&v2(0x20, 0xff, &[])), Ok(Announced::Local), "and so is the family");
    }

    #[test]
    fn section_2_2_what_is_no_header_of_version_2() {
        let v4 = [192, 0, 2, 7, 192, 0, 2, 10, 0, 1, 0, 25];
        assert_eq!(feed(&v2(0x21, 0x11, &v4[..11])).0, Err(ProxyError::Malformed));
        assert_eq!(feed(&v2(0x21, 0x21, &v4)).0, Err(ProxyError::Malformed));
        for family in [0x12, 0x22, 0x32, 0x01, 0x41] {
            assert_eq!(feed(&v2(0x21, family, &v4)).0, Err(ProxyError::Transport), "{family:x}");
        }
        for version in [0x11, 0x22, 0x2f, 0x31, 0x00] {
            assert_eq!(feed(&v2(version, 0x11, &v4)).0, Err(ProxyError::Version), "{version:x}");
        }
        let long = v2(0x21, 0x11, &vec![0; limits::PROXY_V2_OCTETS_MAX]);
        assert_eq!(feed(&long), (Err(ProxyError::TooLong), V2_FIXED_OCTETS), "refused before it is read");
        assert_eq!(feed(b"\r\n\r\nhello, world").0, Err(ProxyError::Absent));
    }

    proptest! {
        #[test]
        fn any_octets_end_within_the_bounds(bytes in proptest::collection::vec(any::<u8>(), 0..300), kind in 0..3u8) {
            let begin: &[u8] = [b"".as_slice(), b"PROXY ", &SIGNATURE][usize::from(kind)];
            let stream = [begin, &bytes].concat();
            let (_, taken) = feed(&stream);
            prop_assert!(taken <= limits::PROXY_V2_OCTETS_MAX);
            let _ = read(&stream);
        }

        #[test]
        fn what_a_proxy_writes_is_what_is_read(a in any::<[u8; 16]>(), b in any::<[u8; 16]>(), p in any::<u16>(), q in any::<u16>(), more in proptest::collection::vec(any::<u8>(), 0..50)) {
            let v6 = [a.as_slice(), &b, &p.to_be_bytes(), &q.to_be_bytes(), &more].concat();
            let canonical = |octets: [u8; 16], port| SocketAddr::new(IpAddr::from(octets).to_canonical(), port);
            let wanted = Announced::Client { source: canonical(a, p), destination: canonical(b, q) };
            prop_assert_eq!(announced(&v2(0x21, 0x21, &v6)), Ok(wanted));
            let line = format!("PROXY TCP6 {} {} {p} {q}\r\n", Ipv6Addr::from(a), Ipv6Addr::from(b));
            let stream = [line.as_bytes(), &more].concat();
            let (read, taken) = feed(&stream);
            prop_assert_eq!((read, taken), (Ok(Some(wanted)), line.len()));
        }
    }
}
