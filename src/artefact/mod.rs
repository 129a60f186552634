//! What follows from a plan besides the server: records, packet filters, tables, files for the system.
//!
//! [`render`] turns a plan into text and JSON. [`reconcile`] says what the world around the server should look like now,
//! compares it with what others see of us, and says what may change next. Everything here is a pure function of the
//! plan, of what the state folder knows, and of what the caller saw: no file, no socket, no clock.
//!
//! Not here: looking, and acting on what was found.

pub mod reconcile;
pub mod render;
