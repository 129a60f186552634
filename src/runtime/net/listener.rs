//! Binding sockets. IPv6 sockets are IPv6 only, so that `0.0.0.0` and `[::]` never fight over a port and
//! an IPv4 peer is never seen under an IPv4-mapped address.

use std::net::{SocketAddr, TcpListener};

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, ipproto, listen, socket_with, sockopt};

/// Connections the kernel keeps while we are busy.
const BACKLOG: i32 = 1024;

/// A socket could not be bound.
#[derive(Debug, thiserror::Error)]
#[error("{address} cannot be bound: {reason}")]
pub struct BindError {
    pub address: SocketAddr,
    pub reason: String,
}

/// Binds and listens, non-blocking, closed on exec.
///
/// # Errors
/// [`BindError`] with the address, and with what usually mends it.
pub fn bind_socket(address: SocketAddr) -> Result<TcpListener, BindError> {
    let attempt = || -> rustix::io::Result<TcpListener> {
        let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(family, SocketType::STREAM, flags, Some(ipproto::TCP))?;
        sockopt::set_socket_reuseaddr(&socket, true)?;
        if address.is_ipv6() {
            sockopt::set_ipv6_v6only(&socket, true)?;
        }
        bind(&socket, &address)?;
        listen(&socket, BACKLOG)?;
        Ok(TcpListener::from(socket))
    };
    attempt().map_err(|error| BindError { address, reason: explain(error) })
}

fn explain(error: rustix::io::Errno) -> String {
    use rustix::io::Errno;
    match error {
        Errno::ADDRINUSE => "another program listens there; stop it or give the listener another port".into(),
        Errno::ACCESS => {
            "permission denied; ports below 1024 need CAP_NET_BIND_SERVICE (the generated unit gives it)".into()
        }
        Errno::ADDRNOTAVAIL => "this machine does not have that address".into(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_named_with_what_to_do() {
        let first = bind_socket("127.0.0.1:0".parse().unwrap()).unwrap();
        let error = bind_socket(first.local_addr().unwrap()).unwrap_err();
        assert!(error.to_string().contains("another program listens there"), "{error}");
    }
}
