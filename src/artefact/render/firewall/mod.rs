//! The packet filter that follows from the plan, for whatever keeps the rules.
//!
//! | room | what it is for |
//! | --- | --- |
//! | [`arrivals`] | what every form is made from: whose connections are accepted, and what is refused |
//! | [`nftables`] | a table of its own, replaced in one transaction |
//!
//! What is refused: connections to mail ports and to the plan's listeners that no rule accepts; with
//! `firewall.open` everything that no rule accepts. Only new connections to this machine's own addresses
//! are looked at, so containers and networks behind it still reach others, and open ones go on. ICMP is
//! never refused: path MTU discovery and IPv6 itself need it (RFC 4890 §4.3).
//!
//! Not here: loading rules into a kernel ([`crate::apply`]).

pub mod arrivals;
pub mod nftables;

pub use arrivals::MAIL_PORTS;
pub use nftables::nftables;
