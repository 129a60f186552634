//! `firewall`: the packet filter around the server.

use schemars::JsonSchema;
use serde::Deserialize;

use super::leaf::NetworkBlock;
use crate::compiler::config::spanned::Spanned;

/// The packet filter around the server.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Firewall {
    /// What keeps the rules. Default: `nftables`.
    pub backend: Option<Spanned<Backend>>,
    /// Networks that may reach what is for operators: SSH, `metrics`. Nobody else does then. Default: the firewall says
    /// nothing about these ports.
    #[serde(default)]
    pub admin: Option<Spanned<Vec<Spanned<NetworkBlock>>>>,
    /// Where SSH listens, for `admin`. Default: 22.
    #[schemars(range(min = 1, max = 65535))]
    pub ssh_port: Option<Spanned<u16>>,
    /// Ports of other services on this host that stay open, TCP and UDP, while every port that the file does not name is
    /// refused; `[]` if there are none. Default: ports that are not mail's are left alone.
    #[serde(default)]
    pub open: Option<Spanned<Vec<Spanned<u16>>>>,
    /// Listeners, by name, that the Internet does not reach.
    #[serde(default)]
    pub closed: Option<Spanned<Vec<Spanned<String>>>>,
    /// Whether IPv6 is filtered too. Default: `true`.
    pub ipv6: Option<Spanned<bool>>,
    /// Whether the server feeds the kernel a set of the addresses that guess passwords, which then do not reach it at all.
    /// It needs `CAP_NET_ADMIN` for that. Default: `false`; the server refuses them by itself.
    pub abuse_set: Option<Spanned<bool>>,
    /// Outgoing connections. Default: all.
    pub outgoing: Option<Spanned<Outgoing>>,
    /// New connections that one address may open a minute, counted by the kernel. Default: no bound there.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub connections_per_minute_max: Option<Spanned<u32>>,
}

/// What keeps the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// The chain `DOCKER-USER`: published ports do not pass the host's INPUT rules.
    Docker,
    Firewalld,
    Iptables,
    Nftables,
    /// Somebody else does.
    None,
    Ufw,
}

/// Outgoing connections.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Outgoing {
    /// The only TCP ports that may be reached. Mail needs 25 or the relay's, 53, and 443 for MTA-STS and ACME.
    #[schemars(length(min = 1))]
    pub ports: Option<Spanned<Vec<Spanned<u16>>>>,
    /// Whether only the server's own user may reach port 25 of others. Default: `true`.
    pub server_only: Option<Spanned<bool>>,
    /// That user, by name or number. The kernel keeps the number, so the user must exist when the rules are loaded.
    /// Default: `mailctl`.
    #[schemars(length(min = 1))]
    pub user: Option<Spanned<String>>,
}
