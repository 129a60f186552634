//! Networks: an address and the length of its prefix (CIDR, RFC 4632 §3.1, RFC 4291 §2.3).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text is no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    #[error("`{0}` is no IP address")]
    Address(String),
    #[error("`{given}` has bits set beyond its prefix; the network is `{network}`")]
    HostBits { given: String, network: Network },
    #[error("a prefix of {family} has 0 to {max} bits, not `{given}`")]
    Prefix { family: &'static str, max: u8, given: String },
}

/// All addresses that begin with the same bits. One spelling each: no bit beyond the prefix is set, and an
/// IPv4 network is never written as an IPv4-mapped IPv6 one (RFC 4291 §2.5.5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// The network of `prefix` bits that `address` is in.
    ///
    /// # Errors
    /// [`NetworkError::Prefix`] if the family has fewer bits.
    pub fn around(address: IpAddr, prefix: u8) -> Result<Self, NetworkError> {
        let max = bits(address);
        if prefix > max {
            let family = if address.is_ipv4() { "IPv4" } else { "IPv6" };
            return Err(NetworkError::Prefix { family, max, given: prefix.to_string() });
        }
        // An IPv4-mapped network of 96 bits or more is an IPv4 network under another name.
        let (address, prefix) = match (address.to_canonical(), prefix.checked_sub(96)) {
            (v4 @ IpAddr::V4(_), Some(prefix)) if address.is_ipv6() => (v4, prefix),
            _ => (address, prefix),
        };
        Ok(Self { address: masked(address, prefix), prefix })
    }

    /// The first address.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// How many leading bits its addresses share.
    pub fn prefix(&self) -> u8 {
        self.prefix
    }

    /// Whether `address` is in it. An IPv4-mapped address counts as the IPv4 address that it stands for.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4() && masked(address, self.prefix) == self.address
    }

    /// Whether all of `other` is in it.
    pub fn covers(&self, other: &Self) -> bool {
        self.prefix <= other.prefix && self.contains(other.address)
    }

    /// Whether it is every address of its family.
    pub fn is_everything(&self) -> bool {
        self.prefix == 0
    }

    /// Whether it is one address.
    pub fn is_single(&self) -> bool {
        self.prefix == bits(self.address)
    }

    /// Whether it lies in a loopback network (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3).
    pub fn is_loopback(&self) -> bool {
        self.is_within(&LOOPBACK)
    }

    /// Whether it lies in address space that is not routed on the Internet: private, link-local, or between a
    /// provider and its customers. Loopback networks are not counted.
    pub fn is_private(&self) -> bool {
        self.is_within(&PRIVATE)
    }

    fn is_within(&self, blocks: &[(IpAddr, u8)]) -> bool {
        let covers = |(address, prefix): &(IpAddr, u8)| Self { address: *address, prefix: *prefix }.covers(self);
        blocks.iter().any(covers)
    }

    /// Whether they share an address. Of two networks that do, one covers the other.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.covers(other) || other.covers(self)
    }
}

const fn v4(a: u8, b: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(a, b, 0, 0))
}

const fn v6(first: u16, last: u16) -> IpAddr {
    IpAddr::V6(Ipv6Addr::new(first, 0, 0, 0, 0, 0, 0, last))
}

const LOOPBACK: [(IpAddr, u8); 2] = [(v4(127, 0), 8), (v6(0, 1), 128)];

/// RFC 1918 §3, RFC 3927 §2.1, RFC 6598 §7; RFC 4193 §3.1, RFC 4291 §2.5.6.
const PRIVATE: [(IpAddr, u8); 7] = [
    (v4(10, 0), 8),
    (v4(172, 16), 12),
    (v4(192, 168), 16),
    (v4(169, 254), 16),
    (v4(100, 64), 10),
    (v6(0xfc00, 0), 7),
    (v6(0xfe80, 0), 10),
];

impl From<IpAddr> for Network {
    /// The network of this address alone.
    fn from(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self { address, prefix: bits(address) }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    /// `192.0.2.0/24`, `2001:db8::/32`, or an address, which is the network of itself alone.
    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let shown = |text: &str| text.chars().filter(|c| !c.is_control()).take(100).collect::<String>();
        let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
        let address: IpAddr = address.parse().map_err(|_| NetworkError::Address(shown(address)))?;
        let Some(prefix) = prefix else { return Ok(address.into()) };
        let max = bits(address);
        // `+24`, `024` and the like have no place in a canonical text.
        let digits = prefix.bytes().all(|b| b.is_ascii_digit()) && (prefix == "0" || !prefix.starts_with('0'));
        let length = if digits { prefix.parse().ok() } else { None };
        let Some(length) = length.filter(|length| *length <= max) else {
            let family = if address.is_ipv4() { "IPv4" } else { "IPv6" };
            return Err(NetworkError::Prefix { family, max, given: shown(prefix) });
        };
        let network = Self::around(address, length)?;
        if masked(address, length) != address {
            return Err(NetworkError::HostBits { given: shown(text), network });
        }
        Ok(network)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl TryFrom<String> for Network {
    type Error = NetworkError;
    fn try_from(text: String) -> Result<Self, NetworkError> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> String {
        network.to_string()
    }
}

/// The length of the family's addresses.
fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// `address` with all bits beyond `prefix` cleared.
fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from(u32::from(v4) & mask))
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix.min(128))).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from(u128::from(v6) & mask))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn network(text: &str) -> Network {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_has_one_spelling() {
        assert_eq!(network("192.0.2.0/24").to_string(), "192.0.2.0/24");
        assert_eq!(network("192.0.2.7").to_string(), "192.0.2.7/32");
        assert_eq!(network("2001:DB8:0:0::/32").to_string(), "2001:db8::/32");
        assert_eq!(network("::ffff:192.0.2.0/120").to_string(), "192.0.2.0/24");
        assert_eq!(network("::ffff:192.0.2.7").to_string(), "192.0.2.7/32");
        assert_eq!(network("0.0.0.0/0").to_string(), "0.0.0.0/0");
        assert_eq!(network("::/0").to_string(), "::/0");
        let host_bits = "10.1.2.3/8".parse::<Network>().unwrap_err();
        assert_eq!(host_bits.to_string(), "`10.1.2.3/8` has bits set beyond its prefix; the network is `10.0.0.0/8`");
    }

    #[test]
    fn what_is_no_network_is_none() {
        for bad in ["", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/08", "10.0.0.0/+8", "x/8"] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
        assert!("10.0.0.0/8/8".parse::<Network>().is_err());
        assert!("10.0.0.0/-1".parse::<Network>().is_err());
    }

    #[test]
    fn containment_is_by_bits_and_family() {
        let office = network("192.0.2.128/25");
        assert!(office.contains("192.0.2.255".parse().unwrap()));
        assert!(!office.contains("192.0.2.127".parse().unwrap()));
        assert!(office.contains("::ffff:192.0.2.200".parse().unwrap()), "RFC 4291 §2.5.5.2");
        assert!(!network("::/0").contains("192.0.2.1".parse().unwrap()), "families are apart");
        assert!(network("0.0.0.0/0").contains("255.255.255.255".parse().unwrap()));
    }

    #[test]
    fn what_is_not_routed_on_the_internet_is_private() {
        for inside in ["10.1.0.0/16", "172.31.255.255", "192.168.0.0/16", "100.127.0.1", "fd00::/64", "fe80::1"] {
            assert!(network(inside).is_private(), "{inside}");
        }
        for outside in ["172.32.0.1", "192.0.2.0/24", "10.0.0.0/7", "0.0.0.0/0", "::/0", "2001:db8::/32", "127.0.0.1"] {
            assert!(!network(outside).is_private(), "{outside}");
        }
        assert!(network("127.0.0.0/8").is_loopback() && network("::1").is_loopback());
        assert!(!network("::/127").is_loopback() && !network("126.0.0.0/7").is_loopback());
        assert!(network("::/0").is_everything() && network("192.0.2.1").is_single());
        assert!(!network("0.0.0.0/1").is_everything() && !network("192.0.2.0/31").is_single());
    }

    fn any_network() -> impl Strategy<Value = Network> {
        let v4 = (any::<u32>(), 0..=32u8).prop_map(|(a, p)| Network::around(Ipv4Addr::from(a).into(), p).unwrap());
        let v6 = (any::<u128>(), 0..=128u8).prop_map(|(a, p)| Network::around(Ipv6Addr::from(a).into(), p).unwrap());
        // Few bits, so that overlaps are met.
        let near = (0..4u32, 28..=32u8).prop_map(|(a, p)| Network::around(Ipv4Addr::from(a).into(), p).unwrap());
        prop_oneof![v4, v6, near]
    }

    proptest! {
        #[test]
        fn text_and_network_are_the_same(network in any_network()) {
            prop_assert_eq!(network.to_string().parse::<Network>().unwrap(), network);
            prop_assert!(network.contains(network.address()));
        }

        #[test]
        fn overlap_is_symmetric_and_means_a_shared_address(a in any_network(), b in any_network()) {
            prop_assert_eq!(a.overlaps(&b), b.overlaps(&a));
            prop_assert_eq!(a.overlaps(&b), a.contains(b.address()) || b.contains(a.address()));
            prop_assert!(a.covers(&a));
            if a.covers(&b) && b.covers(&a) {
                prop_assert_eq!(a, b);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,60}") {
            let _ = text.parse::<Network>();
        }
    }
}
