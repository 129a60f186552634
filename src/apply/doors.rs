//! Our sockets as a client on the Internet meets them: TLS, certificate, and whether strangers may relay.
//!
//! Unlike [`verify`](super::verify), which looks at the sockets that the plan binds, this goes to the host's public
//! addresses. All are tried at once, each with the probe's own time-outs; at most `DOORS_MAX`.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, GeneralName, ParsedExtension, X509Certificate};

use super::probe::{Met, Probe};
use crate::artefact::reconcile::dns::sight::{DoorSight, TlsSight};
use crate::plan::Plan;
use crate::plan::document::{Listener, Protocol, TlsMode};
use crate::protocol::proxy;

/// A host with eight listeners and eight addresses.
const DOORS_MAX: usize = 64;
/// RFC 2606 §2: nobody receives mail there, so a server that takes it takes anything.
const STRANGER: &str = "stranger@sender.invalid";
const ELSEWHERE: &str = "somebody@recipient.invalid";

/// Every listener on every public address that it serves.
pub fn sockets(plan: &Plan) -> Vec<(String, SocketAddr)> {
    let mut all = Vec::new();
    for (name, listener) in &plan.listeners {
        for address in &plan.host.addresses {
            let serves = |socket: &SocketAddr| {
                socket.is_ipv4() == address.is_ipv4() && (socket.ip().is_unspecified() || socket.ip() == *address)
            };
            // Behind a proxy or NAT the bound address is another one than the public one.
            if listener
                .sockets
                .iter()
                .any(|s| serves(s) || (s.is_ipv4() == address.is_ipv4() && listener.proxy_protocol))
            {
                all.push((name.clone(), SocketAddr::new(*address, listener.port)));
            }
        }
    }
    all.truncate(DOORS_MAX);
    all
}

/// What a client meets at each.
pub fn look(plan: &Plan) -> Vec<DoorSight> {
    at_once(sockets(plan), |(name, address)| {
        let met = match plan.listeners.get(&name) {
            Some(listener) => meet(plan, listener, address).map_err(|error| error.to_string()),
            None => Err("no such listener".to_owned()),
        };
        DoorSight { listener: name, address, met }
    })
}

/// The sockets for other servers at which a stranger may write to a stranger.
pub fn relaying(plan: &Plan) -> Vec<SocketAddr> {
    let smtp =
        |(name, _): &(String, SocketAddr)| plan.listeners.get(name).is_some_and(|l| l.protocol == Protocol::Smtp);
    // Whom the plan lets relay is no stranger.
    let stranger = |(_, address): &(String, SocketAddr)| {
        source(*address).is_ok_and(|ours| !plan.relaying.accept_from.iter().any(|network| network.contains(ours)))
    };
    let tried = at_once(sockets(plan).into_iter().filter(smtp).filter(stranger).collect(), |(_, address)| {
        relays(address).is_ok_and(|relays| relays).then_some(address)
    });
    tried.into_iter().flatten().collect()
}

/// The address that this machine goes to another with; nothing is sent.
fn source(to: SocketAddr) -> io::Result<IpAddr> {
    let any: SocketAddr =
        if to.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    let socket = UdpSocket::bind(any)?;
    socket.connect(to)?;
    Ok(socket.local_addr()?.ip())
}

fn at_once<T: Send, R: Send>(all: Vec<T>, each: impl Fn(T) -> R + Sync) -> Vec<R> {
    std::thread::scope(|scope| {
        let running: Vec<_> = all.into_iter().map(|one| scope.spawn(|| each(one))).collect();
        running.into_iter().filter_map(|thread| thread.join().ok()).collect()
    })
}

fn meet(plan: &Plan, listener: &Listener, address: SocketAddr) -> io::Result<Option<TlsSight>> {
    let name = plan.host.name.as_str();
    let mut probe = Probe::connect(address)?;
    if listener.proxy_protocol {
        probe.send(&proxy::LOCAL)?;
    }
    if listener.tls == TlsMode::Implicit {
        let (probe, leaf) = probe.start_tls(name)?;
        return sight(&leaf, &probe.met()).map(Some);
    }
    if listener.tls == TlsMode::None {
        return Ok(None);
    }
    if matches!(listener.protocol, Protocol::Smtp | Protocol::Submission) {
        probe.smtp_reply()?;
        ask(&mut probe, "EHLO check.invalid", "250")?;
        ask(&mut probe, "STARTTLS", "220")?;
        return upgraded(probe, name);
    }
    if listener.protocol == Protocol::Imap {
        probe.line()?;
        probe.say("s STARTTLS")?;
        let ready = probe.imap_reply("s")?.last().is_some_and(|line| line.starts_with("s OK"));
        return if ready { upgraded(probe, name) } else { Err(io::Error::other("it refuses STARTTLS")) };
    }
    if listener.protocol == Protocol::Pop3 {
        probe.line()?;
        probe.say("STLS")?;
        let ready = probe.line()?.starts_with("+OK");
        return if ready { upgraded(probe, name) } else { Err(io::Error::other("it refuses STLS")) };
    }
    Ok(None)
}

fn upgraded(probe: Probe, name: &str) -> io::Result<Option<TlsSight>> {
    let (probe, leaf) = probe.start_tls(name)?;
    sight(&leaf, &probe.met()).map(Some)
}

fn ask(probe: &mut Probe, line: &str, code: &str) -> io::Result<()> {
    probe.say(line)?;
    let reply = probe.smtp_reply()?;
    let said = reply.first().cloned().unwrap_or_default();
    if said.starts_with(code) { Ok(()) } else { Err(io::Error::other(format!("it answers `{said}` to `{line}`"))) }
}

fn relays(address: SocketAddr) -> io::Result<bool> {
    let mut probe = Probe::connect(address)?;
    probe.smtp_reply()?;
    ask(&mut probe, "EHLO check.invalid", "250")?;
    ask(&mut probe, &format!("MAIL FROM:<{STRANGER}>"), "250")?;
    let taken = ask(&mut probe, &format!("RCPT TO:<{ELSEWHERE}>"), "250").is_ok();
    probe.say("QUIT")?;
    Ok(taken)
}

fn sight(leaf: &[u8], met: &Met) -> io::Result<TlsSight> {
    let (_, certificate) = X509Certificate::from_der(leaf).map_err(|error| io::Error::other(error.to_string()))?;
    let hex = |octets: &[u8]| Sha256::digest(octets).iter().map(|octet| format!("{octet:02x}")).collect::<String>();
    let names: BTreeSet<String> = certificate
        .extensions()
        .iter()
        .filter_map(|extension| match extension.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(names) => Some(&names.general_names),
            _ => None,
        })
        .flatten()
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
            _ => None,
        })
        .collect();
    Ok(TlsSight {
        spki: hex(certificate.public_key().raw),
        leaf: hex(leaf),
        names,
        ends: certificate.validity().not_after.timestamp(),
        version: met.version.clone(),
        cipher: met.cipher.clone(),
    })
}
