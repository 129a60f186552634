//! The packet filter that follows from the plan, for whatever keeps the rules.
//!
//! | room | what it is for | form |
//! | --- | --- | --- |
//! | [`arrivals`] | what every form is made from: whose connections are accepted, and what is refused | |
//! | [`mod@nftables`] | a table of its own, replaced in one transaction | a file for `nft -f` |
//! | [`iptables`] | chains of its own for `INPUT`, `OUTPUT` and, with Docker, `DOCKER-USER` | a script for `sh` |
//! | [`ufw`] | rules with a mark, of which those of an older plan go | a script for `sh` |
//! | [`firewalld`] | a service and a zone | a script for `sh` |
//! | [`nixos`] | the same table as an attribute set | a NixOS module |
//!
//! What is refused: connections to mail ports and to the plan's listeners that no rule accepts; with
//! `firewall.open` everything that no rule accepts. Only new connections to this machine's own addresses
//! are looked at, so containers and networks behind it still reach others, and open ones go on. ICMP is
//! never refused: path MTU discovery and IPv6 itself need it (RFC 4890 §4.3).
//!
//! Invariants: a form made and loaded again changes nothing; no form touches what is not its own.
//!
//! Not here: loading rules into a kernel ([`crate::apply`]).

pub mod arrivals;
pub mod firewalld;
pub mod iptables;
pub mod nftables;
pub mod nixos;
pub mod ufw;

pub use arrivals::MAIL_PORTS;
pub use nftables::nftables;

use crate::plan::Plan;
use crate::plan::document::FilterBackend;

/// A form of the filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Docker,
    Firewalld,
    Iptables,
    Nftables,
    Nixos,
    Ufw,
}

impl Form {
    /// What the plan asks for. `None`: somebody else keeps the rules.
    pub fn of(backend: FilterBackend) -> Option<Self> {
        Some(match backend {
            FilterBackend::Docker => Self::Docker,
            FilterBackend::Firewalld => Self::Firewalld,
            FilterBackend::Iptables => Self::Iptables,
            FilterBackend::Nftables => Self::Nftables,
            FilterBackend::None => return None,
            FilterBackend::Ufw => Self::Ufw,
        })
    }
}

/// The plan's filter in one form.
pub fn render(plan: &Plan, form: Form) -> String {
    match form {
        Form::Docker => iptables::iptables(plan, true),
        Form::Firewalld => firewalld::firewalld(plan),
        Form::Iptables => iptables::iptables(plan, false),
        Form::Nftables => nftables::nftables(plan),
        Form::Nixos => nixos::nixos(plan),
        Form::Ufw => ufw::ufw(plan),
    }
}
