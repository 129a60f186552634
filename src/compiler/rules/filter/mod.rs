//! FILT: what happens to a message on its way.
//!
//! Standards: RFC 7208 for what forwarding does to SPF. This version has no filters of its own yet; what is checked is that no
//! mail is promised a way that it cannot go.

pub mod forwarding_to_another_server;
