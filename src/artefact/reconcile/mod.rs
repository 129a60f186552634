//! The plan against the live world: what is wanted, what was found, and what to do about it.
//!
//! Everything here is a pure function of values: no file, no socket, no clock. Whoever looks and acts stands above.

pub mod dns;
pub mod score;
