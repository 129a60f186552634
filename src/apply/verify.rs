//! Looks at the running server from outside the process: every socket of the plan is connected to, its
//! greeting, TLS, certificate and login offers are compared with what the plan says.

use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use super::probe::Probe;
use crate::plan::Plan;
use crate::plan::document::{Listener, Protocol, TlsMode};
use crate::plan::web;
use crate::protocol::proxy;
use crate::runtime::server::certificates::served_leaves;
use crate::runtime::server::certificates::shelf::ShelfError;

/// What a listener does that the plan does not say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("listener `{listener}` on {address}: {problem}")]
pub struct Mismatch {
    pub listener: String,
    pub address: SocketAddr,
    pub problem: String,
}

/// Leaf certificates (DER) that listeners may present, in the order of `plan.certificates`.
pub type Leaves = Vec<Vec<u8>>;

/// Connects to every socket and compares with the certificates that the state folder has. Empty means that all is as
/// planned.
///
/// # Errors
/// [`ShelfError`] if what is kept of a certificate cannot be read.
pub fn with_state(plan: &Plan, state: &Path) -> Result<Vec<Mismatch>, ShelfError> {
    let mismatches = verify(plan, &served_leaves(plan, state)?);
    if mismatches.is_empty() {
        return Ok(mismatches);
    }
    // A renewal may have come between the reading and the looking.
    Ok(verify(plan, &served_leaves(plan, state)?))
}

/// Connects to every socket. Empty means that all is as planned.
pub fn verify(plan: &Plan, leaves: &Leaves) -> Vec<Mismatch> {
    let mut mismatches = Vec::new();
    for (name, listener) in &plan.listeners {
        for socket in &listener.sockets {
            let address = reachable(*socket);
            if let Err(problem) = look(plan, listener, address, leaves) {
                mismatches.push(Mismatch { listener: name.clone(), address, problem: problem.to_string() });
            }
        }
    }
    mismatches
}

/// Where this machine reaches a socket that is bound to all addresses.
fn reachable(socket: SocketAddr) -> SocketAddr {
    match socket.ip() {
        ip if !ip.is_unspecified() => socket,
        IpAddr::V4(_) => SocketAddr::from((Ipv4Addr::LOCALHOST, socket.port())),
        IpAddr::V6(_) => SocketAddr::from((Ipv6Addr::LOCALHOST, socket.port())),
    }
}

fn look(plan: &Plan, listener: &Listener, address: SocketAddr, leaves: &Leaves) -> io::Result<()> {
    let name = plan.host.name.as_str();
    let mut probe = Probe::connect(address)?;
    if listener.proxy_protocol {
        // We speak for ourselves, as a proxy's health check does.
        probe.send(&proxy::LOCAL)?;
    }
    if listener.tls == TlsMode::Implicit {
        probe = check_certificate(probe.start_tls(name)?, leaves)?;
    }
    match listener.protocol {
        Protocol::Http | Protocol::Https => look_http(probe, listener, name),
        Protocol::Smtp | Protocol::Submission => look_smtp(probe, listener, name, leaves),
        Protocol::Imap => look_imap(probe, listener, name, leaves),
        Protocol::Pop3 => look_pop3(probe, listener, name, leaves),
    }
}

fn check_certificate((probe, leaf): (Probe, Vec<u8>), leaves: &Leaves) -> io::Result<Probe> {
    ensure(leaves.contains(&leaf), "it presents a certificate that is not the plan's").map(|()| probe)
}

fn ensure(holds: bool, problem: &str) -> io::Result<()> {
    if holds { Ok(()) } else { Err(io::Error::other(problem.to_owned())) }
}

fn upgrades(listener: &Listener) -> bool {
    matches!(listener.tls, TlsMode::Starttls | TlsMode::StarttlsRequired)
}

/// RFC 9112 §4: over TLS we are healthy, in clear nobody gets more than a redirection.
fn look_http(mut probe: Probe, listener: &Listener, name: &str) -> io::Result<()> {
    probe.send(format!("GET {} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n", web::HEALTH_PATH).as_bytes())?;
    let status = probe.line()?;
    let code = status.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
    match listener.protocol {
        Protocol::Https => ensure(code == "200", "it is not healthy, or not our web endpoint"),
        _ => ensure(matches!(code, "301" | "404"), "it answers in clear what belongs under TLS"),
    }
}

/// RFC 5321 §3.1, RFC 3207 §4, RFC 4954 §4.
fn look_smtp(mut probe: Probe, listener: &Listener, name: &str, leaves: &Leaves) -> io::Result<()> {
    let greeting = probe.smtp_reply()?;
    ensure(
        greeting.first().is_some_and(|l| l.starts_with("220") && l.contains(name)),
        "it does not greet as the plan's host",
    )?;
    let mut offers = ehlo(&mut probe)?;
    if upgrades(listener) {
        ensure(offers.contains("STARTTLS"), "it does not offer STARTTLS")?;
        ensure(!offers.contains("AUTH"), "it offers AUTH before TLS")?;
        probe.say("STARTTLS")?;
        ensure(probe.smtp_reply()?.first().is_some_and(|l| l.starts_with("220")), "it refuses STARTTLS")?;
        probe = check_certificate(probe.start_tls(name)?, leaves)?;
        offers = ehlo(&mut probe)?;
    }
    match listener.protocol {
        Protocol::Smtp => ensure(!offers.contains("AUTH"), "it offers AUTH to other servers")?,
        _ => ensure(offers.contains("AUTH"), "it offers no AUTH to our users")?,
    }
    probe.say("QUIT")
}

/// The EHLO keywords, upper-case.
fn ehlo(probe: &mut Probe) -> io::Result<HashSet<String>> {
    probe.say("EHLO verify.invalid")?;
    let lines = probe.smtp_reply()?;
    ensure(lines.first().is_some_and(|l| l.starts_with("250")), "it refuses EHLO")?;
    let keyword = |line: &String| line.get(4..).and_then(|l| l.split(' ').next()).map(str::to_ascii_uppercase);
    Ok(lines.iter().skip(1).filter_map(keyword).collect())
}

/// RFC 9051 §6.1.1, §6.2.1; LOGINDISABLED before TLS.
fn look_imap(mut probe: Probe, listener: &Listener, name: &str, leaves: &Leaves) -> io::Result<()> {
    ensure(probe.line()?.starts_with("* OK"), "it does not greet with * OK")?;
    let mut offers = imap_capabilities(&mut probe)?;
    if upgrades(listener) {
        ensure(offers.contains("STARTTLS"), "it does not offer STARTTLS")?;
        ensure(offers.contains("LOGINDISABLED"), "it allows LOGIN before TLS")?;
        ensure(!offers.iter().any(|o| o.starts_with("AUTH=")), "it offers AUTHENTICATE before TLS")?;
        probe.say("s STARTTLS")?;
        ensure(probe.imap_reply("s")?.last().is_some_and(|l| l.starts_with("s OK")), "it refuses STARTTLS")?;
        probe = check_certificate(probe.start_tls(name)?, leaves)?;
        offers = imap_capabilities(&mut probe)?;
    }
    ensure(offers.contains("AUTH=PLAIN") && !offers.contains("LOGINDISABLED"), "it offers no login under TLS")?;
    probe.say("q LOGOUT")
}

fn imap_capabilities(probe: &mut Probe) -> io::Result<HashSet<String>> {
    probe.say("c CAPABILITY")?;
    let lines = probe.imap_reply("c")?;
    let listed = lines.iter().find_map(|line| line.strip_prefix("* CAPABILITY "));
    Ok(listed.unwrap_or_default().split(' ').map(str::to_ascii_uppercase).collect())
}

/// RFC 2449 §6, RFC 2595 §4.
fn look_pop3(mut probe: Probe, listener: &Listener, name: &str, leaves: &Leaves) -> io::Result<()> {
    ensure(probe.line()?.starts_with("+OK"), "it does not greet with +OK")?;
    let mut offers = pop3_capabilities(&mut probe)?;
    if upgrades(listener) {
        ensure(offers.contains("STLS"), "it does not offer STLS")?;
        ensure(!offers.contains("USER") && !offers.contains("SASL"), "it offers a login before TLS")?;
        probe.say("STLS")?;
        ensure(probe.line()?.starts_with("+OK"), "it refuses STLS")?;
        probe = check_certificate(probe.start_tls(name)?, leaves)?;
        offers = pop3_capabilities(&mut probe)?;
    }
    ensure(offers.contains("USER") && offers.contains("SASL"), "it offers no login under TLS")?;
    probe.say("QUIT")
}

fn pop3_capabilities(probe: &mut Probe) -> io::Result<HashSet<String>> {
    probe.say("CAPA")?;
    let lines = probe.pop3_lines()?;
    Ok(lines.iter().skip(1).filter_map(|l| l.split(' ').next()).map(str::to_ascii_uppercase).collect())
}
