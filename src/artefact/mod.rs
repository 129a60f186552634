//! What follows from a plan besides the server: records, packet filters, tables, files for the system.
//!
//! [`render`] turns a plan into text and JSON. Everything here is a pure function of the plan (and, for
//! DKIM records, of public keys that the caller read): no file, no socket, no clock.
//!
//! [`reconcile`] compares it with what others see of us.
//!
//! Not here: looking, and acting on what was found.

pub mod reconcile;
pub mod render;
