//! The packet filter that is wanted: who may connect to this machine, and whom it connects to.

use std::collections::BTreeSet;
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::vocabulary::network::Network;

/// Accept TCP from anyone to `port` on `addresses` (empty: all of `family`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FirewallRule {
    /// As the machine's own network sees it: the published port where a container engine maps it.
    pub port: u16,
    pub listener: String,
    pub family: Family,
    pub addresses: BTreeSet<IpAddr>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    Ipv4,
    Ipv6,
}

/// What holds besides the rules of the listeners.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PacketFilter {
    /// Absent: nftables.
    #[serde(default, skip_serializing_if = "FilterBackend::is_nftables")]
    pub backend: FilterBackend,
    /// Who reaches `admin_ports`, sorted. Empty: these ports are nothing special.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub admin: Vec<Network>,
    /// TCP ports of SSH and of the figures. Empty where `admin` is.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub admin_ports: BTreeSet<u16>,
    /// Ports of other services, TCP and UDP. Present: every port that is not named anywhere is refused.
    /// Absent: ports that are neither mail's nor a listener's are not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<BTreeSet<u16>>,
    /// Whether IPv6 passes unfiltered.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ipv4_only: bool,
    /// Whether there is a set of addresses that the listeners' ports are shut to, filled by the server.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub abuse_set: bool,
    /// New connections to the listeners from one address (IPv6: one /64). Absent: no bound in the kernel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connections_per_minute_max: Option<u32>,
    /// Absent: any connection may leave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outgoing: Option<OutgoingFilter>,
}

impl PacketFilter {
    pub fn is_default(&self) -> bool {
        self == &Self::default()
    }
}

/// Connections that leave, of every program of the machine.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutgoingFilter {
    /// The only TCP ports that may be reached. Absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ports: Option<BTreeSet<u16>>,
    /// Whether programs of other users than `user` are kept from port 25 of others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub server_only: bool,
    /// Name or number. Absent: no user of this machine, since the server is in a container and its connections are
    /// forwarded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// What keeps the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FilterBackend {
    /// iptables with the chain `DOCKER-USER`, where published ports are filtered.
    Docker,
    Firewalld,
    Iptables,
    #[default]
    Nftables,
    /// Somebody else does.
    None,
    Ufw,
}

impl FilterBackend {
    fn is_nftables(&self) -> bool {
        *self == Self::Nftables
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Firewalld => "firewalld",
            Self::Iptables => "iptables",
            Self::Nftables => "nftables",
            Self::None => "none",
            Self::Ufw => "ufw",
        }
    }
}
