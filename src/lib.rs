//! mailctl: one YAML file in, one running mail server out.
//!
//! The modules are the layers of the house, from the ground up. A module imports only from
//! modules above it in this list; `tests/tidy.rs` reads the imports and keeps that true.
//! `ARCHITECTURE.md` is the visitor's map.

#![forbid(unsafe_code)]

pub mod ground;
pub mod vocabulary;

pub mod protocol;

pub mod plan;

pub mod compiler;

pub mod artefact;

pub mod state;

pub mod mailflow;

pub mod runtime;

pub mod apply;
pub mod cli;
