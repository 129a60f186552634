//! A plan rendered: what stands around the server and what people read before they agree.
//!
//! | room | what | standard |
//! | --- | --- | --- |
//! | [`review`] | what a plan changes, for people and as JSON | |
//! | [`dns`] | the records wanted, as table, zone file, JSON | RFC 1035 §5, RFC 6376 §3.6.1, RFC 8463 |
//! | [`ports`] | every port, who may use it and why | RFC 8314, RFC 3207 |
//! | [`flowchart`] | the ways that mail takes, as a Mermaid flowchart | |
//! | [`firewall`] | the packet filter | nftables, iptables, ufw, firewalld, NixOS |
//! | [`mod@unit`] | a hardened systemd unit | |
//! | [`compose`] | a compose file for the container image | |
//! | [`web`] | what the HTTPS endpoint says: settings for mail programs, `security.txt` | RFC 9116 |
//!
//! Invariants: pure functions, so equal plans give equal bytes; text formats are templates with strict
//! undefined values, and whatever came from the configuration goes through the format's escaper.
//!
//! Not here: writing the files, asking the live world.

pub mod compose;
pub mod dns;
pub mod firewall;
pub mod flowchart;
pub mod ports;
pub mod review;
mod table;
mod template;
pub mod unit;
mod ways;
pub mod web;
