//! The nouns of the field, as types: addresses, envelopes, status codes, flags ([`mail`]) and what a
//! resolver answers ([`dns`]). Values and parsing only; no I/O, no policy.

pub mod dns;
pub mod mail;
