//! The plan against the live world: what is wanted, what was found, what to do about it, and in which order.
//!
//! | room | what | standard |
//! | --- | --- | --- |
//! | [`dns`] | records against what name servers have | RFC 2136 |
//! | [`score`] | what was seen, by the public criteria for mail | |
//! | [`stage`] | roll-overs that caches make dangerous, step by step | RFC 7671 §8.1, RFC 6376 §3.6.1, RFC 8461 §8 |
//! | [`world`] | what is published, served and signed with at this moment | |
//!
//! Everything here is a pure function of values: no file, no socket, no clock. Whoever looks and acts stands above. Who
//! renders, pushes, checks, serves or signs asks for the [`world::World`], never for the plan's records by themselves.

pub mod dns;
pub mod score;
pub mod stage;
pub mod world;
