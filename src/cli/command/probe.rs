//! `mailctl probe SOCKET...`: whether ports can be reached from this machine, for a check that runs on another one.
//!
//! A server cannot see itself from outside: its own packets do not pass the provider's filter. This runs anywhere,
//! needs no configuration, and prints what `mailctl dns check --probe-result FILE` reads.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::cli::{Failure, Outcome, print_json};

const FORMAT: u32 = 1;
const PATIENCE: Duration = Duration::from_secs(10);
/// Ports of a host with several addresses.
const SOCKETS_MAX: usize = 64;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Sockets, e.g. `192.0.2.10:25`.
    #[arg(required = true, value_name = "ADDRESS:PORT")]
    sockets: Vec<SocketAddr>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    version: u32,
    sockets: Vec<Reached>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reached {
    socket: SocketAddr,
    /// Absent: it was reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

pub fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    if arguments.sockets.len() > SOCKETS_MAX {
        return Err(Failure(format!("at most {SOCKETS_MAX} sockets at once")));
    }
    let reach = |socket: &SocketAddr| {
        let error = TcpStream::connect_timeout(socket, PATIENCE).err().map(|error| error.to_string());
        Reached { socket: *socket, error }
    };
    let sockets = std::thread::scope(|scope| {
        let tried: Vec<_> = arguments.sockets.iter().map(|socket| scope.spawn(move || reach(socket))).collect();
        tried.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    print_json(&Report { version: FORMAT, sockets })?;
    Ok(Outcome::Done)
}

/// What a probe printed.
///
/// # Errors
/// What is wrong with it.
pub fn read(bytes: &[u8]) -> Result<BTreeMap<SocketAddr, Result<(), String>>, String> {
    let report: Report = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if report.version != FORMAT {
        return Err(format!("version {} of the form, and {FORMAT} is read here", report.version));
    }
    let of = |reached: Reached| (reached.socket, reached.error.map_or(Ok(()), Err));
    Ok(report.sockets.into_iter().take(SOCKETS_MAX).map(of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_reads_as_it_was_written() {
        let open = Reached { socket: "192.0.2.1:25".parse().unwrap(), error: None };
        let shut = Reached { socket: "192.0.2.1:465".parse().unwrap(), error: Some("refused".into()) };
        let bytes = serde_json::to_vec(&Report { version: FORMAT, sockets: vec![open, shut] }).unwrap();
        let read = super::read(&bytes).unwrap();
        assert_eq!(read.values().cloned().collect::<Vec<_>>(), [Ok(()), Err("refused".to_owned())]);
        assert!(super::read(b"{\"version\":9,\"sockets\":[]}").is_err());
    }
}
