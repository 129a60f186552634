//! The nouns of the field, as types: addresses, envelopes, status codes, flags ([`mail`]), what a resolver
//! answers ([`dns`]), and networks ([`network`]). Values and parsing only; no I/O, no policy.

pub mod dns;
pub mod mail;
pub mod network;
