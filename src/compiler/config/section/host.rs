//! `host`: the machine, its name, its addresses, and what stands between it and the Internet.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Deserialize;

use super::leaf::{Ip, MailAddress, Name, NetworkBlock, Size};
use crate::compiler::config::spanned::{Entries, Spanned};
use crate::plan::document::Role as Planned;

/// The machine: its name and its public addresses.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// Fully qualified name: what the server greets with, what MX records point to, and what the certificate is for.
    pub name: Spanned<Name>,
    /// Public addresses, IPv4 and IPv6. Behind NAT: those of the router. They go into A, AAAA and SPF records.
    #[schemars(length(min = 1))]
    pub addresses: Spanned<Vec<Spanned<Ip>>>,
    /// What the server is there for. Default: `full`.
    pub role: Option<Spanned<Role>>,
    /// Whether `addresses` belong to a router or load balancer that forwards the ports. Default: `false`.
    pub nat: Option<Spanned<bool>>,
    /// What reverse DNS says of each address. Default: `host.name`, asked of the provider.
    pub ptr: Option<Spanned<Entries<IpAddr, Name>>>,
    /// Load balancers that announce the client's address with the PROXY protocol.
    pub proxy_protocol: Option<Spanned<ProxyProtocol>>,
    /// The container runtime around the server, which decides what it sees of the network. Default: none.
    pub runtime: Option<Spanned<Runtime>>,
    /// Who runs the machine, for what is known of their network.
    pub provider: Option<Spanned<Provider>>,
    /// Whom `security.txt` (RFC 9116) names for reports of weaknesses. Default: `postmaster` of the domain.
    pub security_contact: Option<Spanned<MailAddress>>,
    /// How much memory the server may use, to warn of what does not fit.
    pub memory: Option<Spanned<Size>>,
}

/// What a server is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Takes mail for domains whose own server is down, and hands it on.
    BackupMx,
    /// Receives, stores and sends.
    Full,
    /// Receives and stores; nobody sends through it.
    ReceiveOnly,
    /// Sends what programs of this host or network hand in; receives nothing.
    SendOnly,
    /// Sends what logged-in users hand in; the domains receive elsewhere.
    SubmissionOnly,
}

impl Role {
    pub fn planned(self) -> Planned {
        match self {
            Self::BackupMx => Planned::BackupMx,
            Self::Full => Planned::Full,
            Self::ReceiveOnly => Planned::ReceiveOnly,
            Self::SendOnly => Planned::SendOnly,
            Self::SubmissionOnly => Planned::SubmissionOnly,
        }
    }

    /// Whether other servers deliver mail here.
    pub fn receives(self) -> bool {
        matches!(self, Self::BackupMx | Self::Full | Self::ReceiveOnly)
    }

    /// Whether users or programs hand in mail here.
    pub fn submits(self) -> bool {
        matches!(self, Self::Full | Self::SendOnly | Self::SubmissionOnly)
    }
}

/// Who may announce client addresses.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProxyProtocol {
    /// The load balancers' own addresses. Whoever is here can claim any client address.
    #[schemars(length(min = 1))]
    pub trusted: Spanned<Vec<Spanned<NetworkBlock>>>,
}

/// The container runtime around the server.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Runtime {
    pub kind: Spanned<RuntimeKind>,
    /// How the container is attached. Default: `bridge`.
    pub network: Option<Spanned<RuntimeNetwork>>,
    /// Docker's setting `userland-proxy`. Default: `true`, as Docker has it.
    pub userland_proxy: Option<Spanned<bool>>,
    /// The container network's own addresses: its subnets, IPv6 too if it has one.
    #[serde(default)]
    pub subnets: Option<Vec<Spanned<NetworkBlock>>>,
    /// The gateway that connections may seem to come from.
    #[serde(default)]
    pub gateways: Option<Vec<Spanned<Ip>>>,
    /// What forwards ports in a rootless engine. Default: the engine runs as root.
    pub rootless: Option<Spanned<PortDriver>>,
    /// `externalTrafficPolicy` of the Kubernetes service. Default: `cluster`, as Kubernetes has it.
    pub external_traffic_policy: Option<Spanned<TrafficPolicy>>,
}

/// Container runtimes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RuntimeKind {
    Docker,
    Kubernetes,
    Podman,
}

/// How a container is attached to the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RuntimeNetwork {
    /// A network of its own; ports are published.
    Bridge,
    /// The host's network.
    Host,
}

/// What forwards ports in a rootless engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PortDriver {
    /// Keeps the client's address.
    Pasta,
    /// Hides the client's address.
    Rootlesskit,
    /// Keeps the client's address.
    Slirp4netns,
}

/// `externalTrafficPolicy` of a Kubernetes service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TrafficPolicy {
    /// Nodes rewrite the client's address.
    Cluster,
    /// The client's address is kept.
    Local,
}

/// Providers whose network is known to treat mail specially.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Provider {
    Aws,
    Azure,
    Digitalocean,
    Gcp,
    /// A home connection.
    Home,
    Other,
    Vultr,
}
