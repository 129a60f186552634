//! What stands between the server and its clients, and whose address hides theirs.
//!
//! A load balancer, the gateway of a container network, a node of a cluster: connections of strangers can seem to
//! come from there. Whoever trusts such an address trusts the Internet.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::section::Config;
use super::section::host::{PortDriver, Runtime, RuntimeKind, RuntimeNetwork, TrafficPolicy};
use super::section::leaf::NetworkBlock;
use super::spanned::Spanned;
use crate::ground::diagnostic::Span;
use crate::vocabulary::network::Network;

/// An address, or several, that strangers' connections can seem to come from.
#[derive(Debug, Clone, Copy)]
pub struct Disguise<'c> {
    pub network: Network,
    pub span: &'c Span,
    /// What it is, to stand behind "the address of".
    pub noun: &'static str,
}

/// All of them, to be asked about networks.
#[derive(Debug)]
pub struct Disguises<'c>(BTreeMap<Network, Disguise<'c>>);

/// A network that is spared something.
#[derive(Debug, Clone, Copy)]
pub struct Trust<'c> {
    pub network: Network,
    pub span: &'c Span,
    pub key: &'static str,
    /// What a stranger gains who comes from there.
    pub gain: &'static str,
}

impl<'c> Disguises<'c> {
    pub fn of(config: &'c Config) -> Self {
        let mut found = BTreeMap::new();
        let mut add = |network, span, noun| {
            found.entry(network).or_insert(Disguise { network, span, noun });
        };
        for proxy in config.host.proxy_protocol.iter().flat_map(|p| p.trusted.iter()) {
            add(proxy.value.0, &proxy.span, "your load balancer");
        }
        if let Some(runtime) = &config.host.runtime {
            let mut gateways = BTreeSet::new();
            for gateway in runtime.gateways.iter().flatten() {
                gateways.insert(gateway.value.0);
                add(gateway.value.0.into(), &gateway.span, "the container gateway");
            }
            for subnet in runtime.subnets.iter().flatten() {
                let network = subnet.value.0;
                let named = gateways.range(network.address()..).next().is_some_and(|g| network.contains(*g));
                if let Some(first) = first_host(network).filter(|_| !named) {
                    add(first.into(), &subnet.span, "the container gateway, the first of the subnet");
                }
            }
        }
        Self(found)
    }

    /// One that shares an address with `network`.
    pub fn within(&self, network: Network) -> Option<&Disguise<'c>> {
        let around = (0..=network.prefix()).filter_map(|bits| Network::around(network.address(), bits).ok());
        let mut start = None;
        for wider in around {
            if let Some(disguise) = self.0.get(&wider) {
                return Some(disguise);
            }
            if start.is_none() && wider.address() == network.address() {
                start = Some(wider);
            }
        }
        // Whatever lies inside sorts behind the first network with this address.
        let (_, next) = self.0.range(start.unwrap_or(network)..).next()?;
        network.covers(&next.network).then_some(next)
    }
}

/// Engines give a network's gateway its first address unless told otherwise.
fn first_host(subnet: Network) -> Option<IpAddr> {
    if subnet.is_single() {
        return None;
    }
    Some(match subnet.address() {
        IpAddr::V4(v4) => IpAddr::V4((u32::from(v4) + 1).into()),
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) + 1).into()),
    })
}

type Blocks<'c> = Option<&'c [Spanned<NetworkBlock>]>;

/// Every network that the configuration spares something; `filter.bypass` has a rule of its own (FILT-011).
pub fn trusts(config: &Config) -> Vec<Trust<'_>> {
    let relaying = config.relay.as_ref().and_then(|r| r.accept_from.as_ref());
    let greylisting = config.filter.as_ref().and_then(|f| f.greylisting.as_ref());
    let waiting = greylisting.and_then(|g| g.exempt.as_ref());
    let lists: [(Blocks<'_>, &str, &str); 3] = [
        (relaying.map(|list| list.as_slice()), "relay.accept_from", "may send mail to everybody in your name"),
        (
            config.limits.as_ref().and_then(|l| l.login_exempt.as_deref()),
            "limits.login_exempt",
            "may guess passwords without end",
        ),
        (waiting.map(|list| list.as_slice()), "filter.greylisting.exempt", "never waits"),
    ];
    let blocks =
        lists.into_iter().flat_map(|(list, key, gain)| list.into_iter().flatten().map(move |b| (b, key, gain)));
    blocks.map(|(block, key, gain)| Trust { network: block.value.0, span: &block.span, key, gain }).collect()
}

/// The container runtime, if the server has a network of its own in it.
pub fn bridged(config: &Config) -> Option<&Spanned<Runtime>> {
    let apart = |r: &&Spanned<Runtime>| r.network.as_ref().is_none_or(|n| n.value != RuntimeNetwork::Host);
    config.host.runtime.as_ref().filter(apart)
}

/// Where it is written, or follows from what is not, that clients seem to come from addresses of the runtime.
pub fn hidden_clients(config: &Config) -> Option<&Span> {
    let runtime = bridged(config)?;
    let kind = &runtime.kind;
    if let Some(driver) = runtime.rootless.as_ref() {
        return (driver.value == PortDriver::Rootlesskit).then_some(&driver.span);
    }
    match kind.value {
        RuntimeKind::Docker => match runtime.userland_proxy.as_ref() {
            Some(proxy) => proxy.value.then_some(&proxy.span),
            None => Some(&kind.span),
        },
        RuntimeKind::Kubernetes => match runtime.external_traffic_policy.as_ref() {
            Some(policy) => (policy.value == TrafficPolicy::Cluster).then_some(&policy.span),
            None => Some(&kind.span),
        },
        RuntimeKind::Podman => None,
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
    fn the_first_address_of_a_subnet_is_its_gateway() {
        assert_eq!(first_host(network("172.20.0.0/16")), Some("172.20.0.1".parse().unwrap()));
        assert_eq!(first_host(network("fd00::/64")), Some("fd00::1".parse().unwrap()));
        assert_eq!(first_host(network("fd00::1")), None);
    }

    fn any_network() -> impl Strategy<Value = Network> {
        let near = |(a, p): (u32, u8)| Network::around(IpAddr::V4((0x0a00_0000 | a).into()), p).unwrap();
        (0..16u32, 26..=32u8).prop_map(near)
    }

    proptest! {
        #[test]
        fn the_map_finds_what_a_walk_finds(known in prop::collection::vec(any_network(), 0..6), asked in any_network()) {
            let nowhere = 0..0;
            let entry = |n: &Network| (*n, Disguise { network: *n, span: &nowhere, noun: "" });
            let disguises = Disguises(known.iter().map(entry).collect());
            let walk = known.iter().any(|n| n.overlaps(&asked));
            prop_assert_eq!(disguises.within(asked).is_some(), walk);
            prop_assert!(disguises.within(asked).is_none_or(|d| d.network.overlaps(&asked)));
        }
    }
}
