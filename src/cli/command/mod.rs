//! One file a command. Each has its arguments and a `run` that reads, calls one layer below and prints.

pub mod abuse;
pub mod account;
pub mod apply;
pub mod certificates;
pub mod check;
pub mod config;
pub mod dns;
pub mod doctor;
pub mod explain;
pub mod firewall;
pub mod fmt;
pub mod graph;
pub mod history;
pub mod init;
pub mod migrate;
pub mod plan;
pub mod ports;
pub mod probe;
pub mod queue;
pub mod quickstart;
pub mod render;
pub mod rollback;
pub mod run;
pub mod schema;
pub mod serve;
pub mod status;
