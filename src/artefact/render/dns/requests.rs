//! What others must be asked for: reverse names (PTR), which lie in zones of whoever rents out the addresses.
//!
//! Standards: RFC 1035 §3.5, RFC 3596 §2.5; RFC 1912 §2.1: an address of a host has a reverse name, and that name has the
//! address. Never pushed.

use std::net::IpAddr;

use serde::Serialize;

use crate::plan::Plan;

/// A reverse name to ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Request {
    pub address: IpAddr,
    /// Absolute, without the final dot, e.g. `10.2.0.192.in-addr.arpa`.
    pub name: String,
    /// The name that this server greets with.
    pub target: String,
}

/// For every address that mail leaves from and that the Internet can see. In the plan's order.
pub fn requests(plan: &Plan) -> Vec<Request> {
    let mut addresses = plan.host.addresses.clone();
    let others = plan.outbound.source_addresses.iter().filter(|a| !behind_nat(**a) && !plan.host.addresses.contains(a));
    addresses.extend(others);
    let request =
        |address: IpAddr| Request { address, name: reverse_name(address), target: plan.host.name.as_str().to_owned() };
    addresses.into_iter().map(request).collect()
}

/// Where the PTR record of an address stands.
pub fn reverse_name(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(v6) => {
            let nibbles = v6.octets().into_iter().rev().flat_map(|octet| [octet & 15, octet >> 4]);
            nibbles.map(|nibble| format!("{nibble:x}.")).collect::<String>() + "ip6.arpa"
        }
    }
}

/// RFC 1918, RFC 4193 and the like: a router puts another address in its place.
fn behind_nat(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified(),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_loopback() || v6.is_unicast_link_local() || v6.is_unspecified(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3596_2_5_nibbles_stand_in_reverse() {
        assert_eq!(reverse_name("192.0.2.10".parse().unwrap()), "10.2.0.192.in-addr.arpa");
        let v6 = reverse_name("2001:db8::10".parse().unwrap());
        assert_eq!(v6, "0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
    }
}
