//! What follows from a plan besides the server: records, packet filters, tables, files for the system.
//!
//! [`render`] turns a plan into text and JSON. Everything here is a pure function of the plan (and, for
//! DKIM records, of public keys that the caller read): no file, no socket, no clock.
//!
//! Not here: comparing with the live world and pushing records to a provider.

pub mod render;
