//! Connects to ports and says what answers, against what the plan says about strangers.
//!
//! From this machine itself connections go over the loopback interface, which no rule of ours looks at: such a look
//! tells whether something listens, never whether the filter shuts. From anywhere else it tells both.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::artefact::render::firewall::arrivals::Arrivals;
use crate::plan::Plan;
use crate::plan::document::Family;

/// A connection over the Internet takes a second at worst; what takes longer was dropped.
const PATIENCE: Duration = Duration::from_secs(3);
/// Connections that are tried at the same time.
const AT_ONCE: usize = 32;

/// What the plan says about a stranger's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// Accepted, whether something listens or not.
    Left,
    Open,
    Shut,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    Open,
    Refused,
    /// No answer at all.
    Silent,
    /// There is no way to the address from here.
    Unreachable,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probed {
    pub socket: SocketAddr,
    pub wanted: Wanted,
    pub seen: Seen,
}

impl Probed {
    /// Whether a stranger who sees this sees what the plan says. Where there is no way nothing is known.
    pub fn as_wanted(&self) -> bool {
        match (self.wanted, self.seen) {
            (Wanted::Left, _) | (_, Seen::Unreachable) => true,
            (Wanted::Open, seen) => seen == Seen::Open,
            (Wanted::Shut, seen) => seen != Seen::Open,
        }
    }
}

/// Tries every port that the plan has an opinion about, and `more`, on each address.
pub fn probe(plan: &Plan, addresses: &[IpAddr], more: &BTreeSet<u16>) -> Vec<Probed> {
    let arrivals = Arrivals::of(plan);
    let ports: BTreeSet<u16> =
        arrivals.watched.iter().chain(arrivals.filter.open.iter().flatten()).chain(more).copied().collect();
    let sockets: Vec<SocketAddr> =
        addresses.iter().flat_map(|ip| ports.iter().map(|port| SocketAddr::new(*ip, *port))).collect();
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(sockets.len()) {
            scope.spawn(|| {
                while let Some(socket) = sockets.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let probed = Probed { socket: *socket, wanted: wanted(&arrivals, *socket), seen: knock(*socket) };
                    found.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(probed);
                }
            });
        }
    });
    let mut found = found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    found.sort_by_key(|probed| probed.socket);
    found
}

fn wanted(arrivals: &Arrivals<'_>, to: SocketAddr) -> Wanted {
    let family = if to.is_ipv4() { Family::Ipv4 } else { Family::Ipv6 };
    let here = |addresses: &[IpAddr]| addresses.is_empty() || addresses.contains(&to.ip());
    let doors = || arrivals.doors.iter().filter(|d| d.port == to.port() && d.family == family);
    let open = arrivals.filter.open.as_ref();
    if doors().any(|door| here(&door.addresses)) {
        Wanted::Open
    } else if open.is_some_and(|open| open.contains(&to.port()))
        || (family == Family::Ipv6 && arrivals.filter.ipv4_only)
    {
        Wanted::Left
    } else if open.is_some() || arrivals.watched.contains(&to.port()) {
        Wanted::Shut
    } else {
        Wanted::Left
    }
}

fn knock(to: SocketAddr) -> Seen {
    match TcpStream::connect_timeout(&to, PATIENCE) {
        Ok(_) => Seen::Open,
        Err(error) => match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Seen::Silent,
            io::ErrorKind::NetworkUnreachable | io::ErrorKind::AddrNotAvailable => Seen::Unreachable,
            _ => Seen::Refused,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_listens_is_open_and_what_does_not_is_refused() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let open = listener.local_addr().unwrap();
        assert_eq!(knock(open), Seen::Open);
        drop(listener);
        assert_eq!(knock(open), Seen::Refused);
    }

    #[test]
    fn a_stranger_finds_what_the_plan_says_or_there_is_a_difference() {
        let socket = "192.0.2.1:25".parse().unwrap();
        let is = |wanted, seen| Probed { socket, wanted, seen }.as_wanted();
        assert!(is(Wanted::Open, Seen::Open) && !is(Wanted::Open, Seen::Silent) && !is(Wanted::Open, Seen::Refused));
        assert!(!is(Wanted::Shut, Seen::Open) && is(Wanted::Shut, Seen::Refused) && is(Wanted::Shut, Seen::Silent));
        assert!(is(Wanted::Left, Seen::Open) && is(Wanted::Open, Seen::Unreachable));
    }
}
