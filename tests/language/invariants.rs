//! What holds between a plan and everything that follows from it, over configurations made by chance.
//!
//! The numbers are those of the catalogue of invariants (I-01 ...). Zone, ruleset and port table are read back from
//! their rendered texts, so that what is judged is what other programs will read. Those that need a running server
//! (I-04, I-18, I-20, I-21) or two plans in time (I-24, I-25) have tests of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use mailctl::artefact::render::{dns, firewall, ports};
use mailctl::compiler::Inputs;
use mailctl::mailflow::routing::{Resolution, Router};
use mailctl::plan::document::{CertificateSource, DkimKey, NextHop, Protocol, Role, TlsMode};
use mailctl::plan::{Plan, codec};
use mailctl::vocabulary::mail::Address;

use crate::fixtures::{inputs, report, with_file};
use crate::generator::Scene;
use crate::spf::{self, Verdict};
use crate::zone::{Zone, within};

/// How many configurations; the catalogue asks for 10,000. Debug builds take a part.
const CASES: usize = if cfg!(debug_assertions) { 500 } else { 10_000 };

/// One accepted configuration with what follows from it.
struct World<'a> {
    plan: Plan,
    zone: Zone,
    ruleset: String,
    scene: &'a Scene,
    inputs: &'a Inputs,
    report: String,
    /// What is known of keys that the plan does not hold.
    known: dns::Known,
}

type Invariant = (&'static str, fn(&World<'_>) -> Result<(), String>);

const INVARIANTS: &[Invariant] = &[
    ("I-01 one accept rule for each public listener and none else", accept_rules),
    ("I-02 no two listeners overlap", no_overlap),
    ("I-03 the TLS mode follows from the port", tls_modes),
    ("I-05 nobody relays by an address that many share", relaying_by_address),
    ("I-06 what is for operators is not open to the Internet", operators),
    ("I-07 MX, addresses and listeners agree", exchanges),
    ("I-08 what DNS announces to users is what the listeners offer", announced),
    ("I-09 SPF passes what we send and fails the rest", spf_evaluates),
    ("I-10 every signing key is published, and no other", signing_keys),
    ("I-11 a strict DMARC policy has something that aligns", dmarc_aligned),
    ("I-12 TLSA records name the served key at every port with TLS, in signed zones only", tlsa),
    ("I-13 the MTA-STS record exists with a policy that allows every MX", mta_sts),
    ("I-14 published report addresses are somebody's", report_addresses),
    ("I-15 the zone is well-formed", well_formed),
    ("I-16 CAA allows who issues", caa),
    ("I-17 the MX host is in the certificate", certificate_names),
    ("I-19 one route for everything, none dead, none to ourselves", routes),
    ("I-22 every address has one meaning", one_meaning),
    ("I-26 the same bytes again", deterministic),
    ("I-27 no secret in the plan or in a report", no_secrets),
];

#[test]
fn invariants_hold_over_configurations_made_by_chance() {
    let base = inputs();
    let mut accepted = 0;
    for seed in 0..CASES {
        let scene = Scene::of(seed);
        let mut inputs = base.clone();
        for (at, secret) in scene.secrets.iter().enumerate() {
            inputs = with_file(inputs, &format!("/run/secrets/s{at}"), secret.as_bytes());
        }
        let (compilation, rendered) = report("mailserver.yaml", &scene.text, &inputs);
        let Some(plan) = compilation.plan else { continue };
        accepted += 1;
        let keys = plan.domains.iter().flat_map(|(domain, settings)| {
            let made = settings.dkim.iter().filter(|s| matches!(s.key, DkimKey::Generated {}));
            made.map(move |s| {
                ((domain.as_str().to_owned(), s.selector.clone()), format!("cHVibGlj{}", s.selector.len()))
            })
        });
        let made = plan.certificates.iter().filter(|c| !matches!(c.source, CertificateSource::Files { .. }));
        let spki = made.filter_map(|c| Some((c.names.first()?.clone(), vec!["ab".repeat(32), "cd".repeat(32)])));
        let known = dns::Known { spki: spki.collect(), dkim: keys.collect() };
        let world = World {
            zone: Zone::read(&dns::zone(&dns::records(&plan, &known))),
            ruleset: firewall::nftables(&plan),
            plan,
            scene: &scene,
            inputs: &inputs,
            report: rendered,
            known,
        };
        for (name, holds) in INVARIANTS {
            if let Err(why) = holds(&world) {
                panic!("{name}: {why}\nseed {seed}:\n{}\n{}", scene.text, world.report);
            }
        }
    }
    assert!(accepted * 10 > CASES * 6, "only {accepted} of {CASES} configurations were accepted");
}

fn want(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}

fn accept_rules(world: &World<'_>) -> Result<(), String> {
    let (text, plan) = (world.scene.text.as_str(), &world.plan);
    // As the file says it: behind an engine's bridge the machine sees the published port.
    let bridged = text.contains("network: bridge");
    let v4_only = text.contains("ipv6: false");
    let closed = text.split("closed: [").nth(1).and_then(|rest| rest.split(']').next());
    let mut wanted: BTreeMap<(u16, bool), usize> = BTreeMap::new();
    for (name, listener) in plan.listeners.iter().filter(|(name, _)| closed != Some(name.as_str())) {
        let families: BTreeSet<bool> =
            listener.sockets.iter().filter(|s| !s.ip().is_loopback()).map(|s| s.is_ipv4()).collect();
        let port = if bridged { listener.published.unwrap_or(listener.port) } else { listener.port };
        let mapped = listener.port > 2000 && !listener.sockets[0].ip().is_loopback();
        want(!mapped || listener.published == Some(listener.port - 2000), || format!("{name} is not published"))?;
        for v4 in families.into_iter().filter(|v4| *v4 || !v4_only) {
            *wanted.entry((port, v4)).or_default() += 1;
        }
    }
    let mut found: BTreeMap<(u16, bool), usize> = BTreeMap::new();
    for line in world.ruleset.lines().filter(|l| l.contains("counter accept") && !l.contains("comment \"(")) {
        let port = line.split("dport ").nth(1).and_then(|r| r.split(' ').next()).and_then(|p| p.parse().ok());
        let v4 = line.contains("ipv4") || line.contains("ip daddr");
        *found.entry((port.ok_or_else(|| line.to_owned())?, v4)).or_default() += 1;
    }
    want(wanted == found, || format!("listeners {wanted:?}, rules {found:?}"))?;
    for docker in [false, true] {
        let found = accepted_by_iptables(&firewall::iptables::iptables(plan, docker), docker);
        want(wanted == found, || format!("listeners {wanted:?}, iptables {found:?}"))?;
    }
    others_than_listeners(text, &world.ruleset)
}

/// Rules of listeners have a comment; of a container's published ports the client's port counts.
fn accepted_by_iptables(script: &str, forwarded: bool) -> BTreeMap<(u16, bool), usize> {
    let (chain, port) =
        if forwarded { ("-A MAILCTL-FWD ", "--ctorigdstport ") } else { ("-A MAILCTL-IN ", "--dport ") };
    let (mut found, mut v4) = (BTreeMap::new(), true);
    for line in script.lines() {
        v4 = v4 && line != "# ip6tables";
        let port = line.split(port).nth(1).and_then(|rest| rest.split(' ').next()).and_then(|p| p.parse().ok());
        if let Some(port) = port.filter(|_| line.starts_with(chain) && line.contains("--comment")) {
            *found.entry((port, v4)).or_default() += 1;
        }
    }
    found
}

/// What `open` and `admin` name is accepted, from everybody and from those networks; without `open` only mail ports
/// and our own are looked at.
fn others_than_listeners(text: &str, ruleset: &str) -> Result<(), String> {
    let line = |mark: &str| ruleset.lines().find(|l| l.contains(mark)).unwrap_or_default();
    let value =
        |key: &str| text.split(&format!("{key}: [")).nth(1).and_then(|r| r.split(']').next()).filter(|v| !v.is_empty());
    let everything = ruleset.contains("meta l4proto { tcp, udp } ct state new jump mail");
    want(everything == text.contains(" open: ["), || "refuses other ports though nobody says so, or not".to_owned())?;
    match value(" open") {
        Some(ports) => {
            for port in ports.split(", ") {
                want(line("(open)").contains(port), || format!("{port} is not open: {}", line("(open)")))?;
            }
        }
        None => want(line("(open)").is_empty(), || line("(open)").to_owned())?,
    }
    let Some(networks) = value("admin") else {
        return want(line("(operators)").is_empty(), || line("(operators)").to_owned());
    };
    let ssh = if text.contains("ssh_port: 2222") { "2222" } else { "22" };
    let figures = text.contains("0.0.0.0:9090");
    for network in networks.split(", ").map(|n| n.trim_matches('"')).filter(|n| *n != "10.9.0.0/16") {
        let v6 = network.contains(':');
        let from = ruleset.lines().find(|l| l.contains("(operators)") && l.contains(network));
        if v6 && text.contains("ipv6: false") {
            continue;
        }
        let from = from.ok_or_else(|| format!("{network} is no operator"))?;
        want(from.contains(&format!("{{ {ssh}")) && from.contains("9090") == figures, || from.to_owned())?;
    }
    Ok(())
}

fn no_overlap(world: &World<'_>) -> Result<(), String> {
    let sockets: Vec<_> =
        world.plan.listeners.iter().flat_map(|(name, l)| l.sockets.iter().map(move |s| (name, *s))).collect();
    for (at, (a, one)) in sockets.iter().enumerate() {
        for (b, other) in &sockets[at + 1..] {
            let same = one.is_ipv4() == other.is_ipv4()
                && one.port() == other.port()
                && (one.ip() == other.ip() || one.ip().is_unspecified() || other.ip().is_unspecified());
            want(!same, || format!("{a} and {b} at {one} and {other}"))?;
        }
    }
    Ok(())
}

fn tls_modes(world: &World<'_>) -> Result<(), String> {
    let table = ports::json(&world.plan);
    for (name, listener) in &world.plan.listeners {
        let right = match listener.protocol {
            Protocol::Http => listener.tls == TlsMode::None,
            Protocol::Https => listener.tls == TlsMode::Implicit,
            Protocol::Smtp => listener.tls == TlsMode::Starttls,
            _ if [465, 993, 995].contains(&listener.public_port()) => listener.tls == TlsMode::Implicit,
            _ if [587, 143, 110].contains(&listener.public_port()) => listener.tls == TlsMode::StarttlsRequired,
            _ => matches!(listener.tls, TlsMode::Implicit | TlsMode::StarttlsRequired),
        };
        want(right, || format!("{name}: {:?} on {}", listener.tls, listener.port))?;
        let rows = table["ports"].as_array().into_iter().flatten();
        let told = rows.filter(|r| r["direction"] == "inbound" && r["name"] == name.as_str()).collect::<Vec<_>>();
        want(told.len() == 1 && told[0]["port"] == listener.port, || format!("the port table has {told:?} of {name}"))?;
        let published = listener.published.unwrap_or(listener.port);
        want(told[0]["published"] == published, || format!("the port table has {told:?} of {name}"))?;
    }
    Ok(())
}

fn relaying_by_address(world: &World<'_>) -> Result<(), String> {
    for network in &world.plan.relaying.accept_from {
        for trusted in &world.plan.host.proxy_trusted {
            want(!network.overlaps(trusted), || format!("{network} is behind the proxy {trusted}"))?;
        }
        let least = if network.address().is_ipv4() { 24 } else { 64 };
        want(network.prefix() >= least, || format!("{network} is wide"))?;
    }
    Ok(())
}

fn operators(world: &World<'_>) -> Result<(), String> {
    let mail = [25, 110, 143, 465, 587, 993, 995];
    let known: BTreeSet<u16> =
        world.plan.listeners.values().flat_map(|l| [Some(l.port), l.published]).flatten().collect();
    let odd = world.plan.firewall.iter().find(|r| !mail.contains(&r.port) && !known.contains(&r.port));
    want(odd.is_none(), || format!("{odd:?}"))
}

fn exchanges(world: &World<'_>) -> Result<(), String> {
    let host = world.plan.host.name.as_str();
    let published: BTreeSet<IpAddr> = world.zone.of(host, &["A", "AAAA"]).filter_map(|d| d.parse().ok()).collect();
    let ours: BTreeSet<IpAddr> = world.plan.host.addresses.iter().copied().collect();
    want(published == ours, || format!("{host} has {published:?}, the plan {ours:?}"))?;
    let receiving = world.plan.listeners.values().find(|l| l.protocol == Protocol::Smtp);
    for domain in world.plan.domains.keys() {
        let to_us = world.zone.of(domain.as_str(), &["MX"]).any(|mx| mx.ends_with(&format!(" {host}.")));
        want(!to_us || receiving.is_some(), || format!("the MX of {domain} is {host}, which does not listen"))?;
    }
    for address in ours.iter().filter(|_| receiving.is_some()) {
        let heard = receiving.into_iter().flat_map(|l| &l.sockets).any(|s| s.is_ipv4() == address.is_ipv4());
        want(heard, || format!("{address} is published and its family not listened on"))?;
    }
    Ok(())
}

/// Ports that the Internet reaches, with protocol and whether TLS is implicit.
fn reachable(world: &World<'_>) -> BTreeSet<(u16, Protocol, bool)> {
    let rules: BTreeSet<&str> = world.plan.firewall.iter().map(|r| r.listener.as_str()).collect();
    let open = world.plan.listeners.iter().filter(|(name, _)| rules.contains(name.as_str()));
    open.map(|(_, l)| (l.public_port(), l.protocol, l.tls == TlsMode::Implicit)).collect()
}

/// What mail programs look for by SRV.
fn is_for_users(protocol: Protocol) -> bool {
    matches!(protocol, Protocol::Imap | Protocol::Pop3 | Protocol::Submission)
}

fn announced(world: &World<'_>) -> Result<(), String> {
    let host = format!("{}.", world.plan.host.name);
    let open = reachable(world);
    let mut told: BTreeSet<(&str, u16)> = BTreeSet::new();
    for (name, data) in world.zone.all("SRV") {
        let words: Vec<&str> = data.split(' ').collect();
        let [_, _, port, target] = words.as_slice() else { return Err(format!("{name}: {data}")) };
        let port: u16 = port.parse().map_err(|_| data.to_owned())?;
        let (service, domain) = name.split_once("._tcp.").ok_or_else(|| name.to_owned())?;
        let (protocol, implicit) = match service {
            "_submissions" => (Protocol::Submission, true),
            "_submission" => (Protocol::Submission, false),
            "_imaps" => (Protocol::Imap, true),
            "_imap" => (Protocol::Imap, false),
            "_pop3s" => (Protocol::Pop3, true),
            "_pop3" => (Protocol::Pop3, false),
            // Settings over HTTPS.
            "_autodiscover" => {
                let https =
                    open.iter().any(|(p, protocol, implicit)| *p == port && *implicit && !is_for_users(*protocol));
                want(*target == host && https, || format!("{name} announces {data}"))?;
                continue;
            }
            _ => return Err(format!("nobody looks for {name}")),
        };
        if *target == "." {
            let other = open.iter().find(|(_, p, i)| (*p, *i) == (protocol, implicit));
            want(other.is_none() && port == 0, || format!("{name} says that it is not offered: {other:?}"))?;
            continue;
        }
        want(*target == host && open.contains(&(port, protocol, implicit)), || format!("{name} announces {data}"))?;
        told.insert((domain, port));
    }
    for domain in world.plan.domains.keys() {
        let null = world.zone.of(domain.as_str(), &["MX"]).any(|mx| mx == "0 .");
        for (port, ..) in open.iter().filter(|(_, protocol, _)| is_for_users(*protocol) && !null) {
            want(told.contains(&(domain.as_str(), *port)), || format!("{domain} does not tell of {port}"))?;
        }
    }
    Ok(())
}

fn spf_evaluates(world: &World<'_>) -> Result<(), String> {
    let stranger: IpAddr = "198.51.100.77".parse().unwrap();
    let relay_host: IpAddr = "198.51.100.200".parse().unwrap();
    for domain in world.plan.domains.keys() {
        let mut lookups = 0;
        for address in &world.plan.host.addresses {
            let verdict = spf::evaluate(&world.zone, domain.as_str(), *address, &mut lookups, relay_host);
            want(verdict == Verdict::Pass, || format!("{address} for {domain}: {verdict:?}"))?;
            want(lookups <= 10, || format!("{domain} needs {lookups} look-ups"))?;
        }
        let verdict = spf::evaluate(&world.zone, domain.as_str(), stranger, &mut 0, relay_host);
        want(matches!(verdict, Verdict::Fail | Verdict::Softfail), || format!("a stranger for {domain}: {verdict:?}"))?;
        // What leaves through a relay comes from the relay's addresses, which its own record names.
        let sender: Address = format!("somebody@{domain}").parse().unwrap();
        if let Some(relay) = relay_of(&world.plan, &sender) {
            let included = world.zone.of(domain.as_str(), &["TXT"]).any(|t| t.contains(&format!("_spf.{relay}")));
            want(included, || format!("mail of {domain} leaves through {relay}, which its SPF does not name"))?;
            let verdict = spf::evaluate(&world.zone, domain.as_str(), relay_host, &mut 0, relay_host);
            want(verdict == Verdict::Pass, || format!("the relay for {domain}: {verdict:?}"))?;
        }
    }
    Ok(())
}

/// The host of the relay that takes mail of `sender` to a stranger, if one does.
fn relay_of<'p>(plan: &'p Plan, sender: &Address) -> Option<&'p str> {
    let route = plan
        .outbound
        .routes
        .iter()
        .find(|r| (r.senders.is_empty() || r.senders.iter().any(|p| p.matches(sender))) && r.recipients.is_empty());
    match route.map_or(&plan.outbound.default, |r| &r.via) {
        NextHop::Direct => None,
        NextHop::Relay(name) => Some(plan.outbound.relays[name].host.as_str()),
    }
}

fn signing_keys(world: &World<'_>) -> Result<(), String> {
    for (domain, settings) in &world.plan.domains {
        let suffix = format!("._domainkey.{domain}");
        let published: BTreeSet<&str> =
            world.zone.all("TXT").filter_map(|(name, _)| name.strip_suffix(suffix.as_str())).collect();
        let signing: BTreeSet<&str> = settings.dkim.iter().map(|s| s.selector.as_str()).collect();
        want(published.is_superset(&signing), || format!("{domain} signs with {signing:?}, publishes {published:?}"))?;
        for selector in &signing {
            let name = format!("{selector}{suffix}");
            let texts: Vec<&str> = world.zone.of(&name, &["TXT"]).collect();
            want(texts.len() == 1 && texts[0].contains("p=") && !texts[0].ends_with("p="), || {
                format!("{name}: {texts:?}")
            })?;
        }
    }
    Ok(())
}

fn dmarc_aligned(world: &World<'_>) -> Result<(), String> {
    for (domain, settings) in &world.plan.domains {
        let name = format!("_dmarc.{domain}");
        let records: Vec<&str> = world.zone.of(&name, &["TXT"]).collect();
        want(records.len() == 1, || format!("{domain}: {records:?}"))?;
        let strict = records[0].contains("p=reject") || records[0].contains("p=quarantine");
        let spf = world.zone.of(domain.as_str(), &["TXT"]).any(|t| t.starts_with("v=spf1 ") && t != "v=spf1 -all");
        want(!strict || spf || !settings.dkim.is_empty(), || format!("{domain}: {records:?}"))?;
    }
    Ok(())
}

fn tlsa(world: &World<'_>) -> Result<(), String> {
    let host = world.plan.host.name.as_str();
    let digests: BTreeSet<String> = world
        .plan
        .certificates
        .iter()
        .filter_map(|c| match &c.source {
            CertificateSource::Files { spki_sha256, .. } => Some(spki_sha256.to_lowercase()),
            _ => None,
        })
        .collect();
    let digests: BTreeSet<&str> =
        digests.iter().chain(world.known.spki.values().flatten()).map(String::as_str).collect();
    let open = reachable(world);
    let users = open.iter().filter(|(_, protocol, _)| is_for_users(*protocol));
    let users: BTreeSet<u16> = users.map(|(port, ..)| *port).collect();
    let mut ports: BTreeMap<u16, BTreeSet<&str>> = BTreeMap::new();
    for (name, data) in world.zone.all("TLSA") {
        let port = name.strip_prefix('_').and_then(|n| n.strip_suffix(&format!("._tcp.{host}")));
        let port: u16 = port.and_then(|p| p.parse().ok()).ok_or_else(|| format!("{name} is no port of this host"))?;
        let implicit = open.iter().any(|(p, _, implicit)| *p == port && *implicit);
        want(port == 25 || users.contains(&port) || implicit, || format!("{name} is not reached"))?;
        let digest = data.strip_prefix("3 1 1 ").ok_or_else(|| format!("{name}: {data}"))?;
        want(digests.contains(digest), || format!("{name} names {digest}, served are {digests:?}"))?;
        ports.entry(port).or_default().insert(digest);
    }
    let zone = world.plan.publication.zones.iter().find(|(zone, _)| within(host, zone));
    let signed = zone.is_some_and(|(_, signed)| *signed);
    want(signed || ports.is_empty(), || format!("TLSA at {ports:?} in a zone that is not signed"))?;
    for port in users.iter().filter(|_| signed) {
        want(ports.get(port) == Some(&digests), || {
            format!("port {port} has {:?}, served are {digests:?}", ports.get(port))
        })?;
    }
    Ok(())
}

fn mta_sts(world: &World<'_>) -> Result<(), String> {
    for domain in world.plan.domains.keys() {
        let name = format!("_mta-sts.{domain}");
        let records: Vec<&str> = world.zone.of(&name, &["TXT"]).collect();
        want(records.len() <= 1, || format!("{domain}: {records:?}"))?;
        if let Some(record) = records.first() {
            let id = record
                .strip_prefix("v=STSv1; id=")
                .map(|r| r.trim_end_matches(';'))
                .ok_or_else(|| (*record).to_owned())?;
            // RFC 8461 §3.1: 1*32(ALPHA / DIGIT).
            want((1..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric()), || format!("id {id}"))?;
        }
    }
    Ok(())
}

fn report_addresses(world: &World<'_>) -> Result<(), String> {
    for (name, text) in world.zone.all("TXT") {
        for target in text.split([';', ',', ' ']).filter_map(|w| w.split("mailto:").nth(1)) {
            let address: Address = target.parse().map_err(|_| format!("{name}: {target}"))?;
            let ours = world.plan.domains.get(&address.domain);
            let exact = world.plan.accounts.contains_key(&address.canonical())
                || world.plan.aliases.contains_key(&address.canonical());
            let caught = ours.is_some() && world.scene.text.contains("catch_all");
            want(ours.is_none() || exact || caught, || format!("{name} names {address}, who is nobody"))?;
        }
    }
    Ok(())
}

fn well_formed(world: &World<'_>) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for record in &world.zone.records {
        want(within(&record.name, &record.zone), || format!("{} is not in {}", record.name, record.zone))?;
        want(seen.insert((&record.name, &record.kind, &record.data)), || format!("{record:?} twice"))?;
        want(record.strings.iter().all(|s| s.len() <= 255), || format!("{record:?} has a long string"))?;
        if record.kind == "CNAME" {
            let others = world.zone.records.iter().filter(|r| r.name == record.name).count();
            want(others == 1 && record.name != record.zone, || format!("{record:?} beside other data"))?;
        }
    }
    for name in world.zone.records.iter().map(|r| r.name.as_str()).collect::<BTreeSet<_>>() {
        let spf = world.zone.of(name, &["TXT"]).filter(|t| *t == "v=spf1" || t.starts_with("v=spf1 ")).count();
        want(spf <= 1, || format!("{spf} SPF records at {name}"))?;
    }
    Ok(())
}

fn caa(world: &World<'_>) -> Result<(), String> {
    let issues: Vec<_> = world.zone.all("CAA").collect();
    let wanted = world.scene.text.contains("issuers: [letsencrypt.org]");
    let allowed = issues.iter().any(|(_, data)| data.contains("issue \"letsencrypt.org"));
    want(issues.is_empty() || (wanted && allowed), || format!("{issues:?}"))
}

fn certificate_names(world: &World<'_>) -> Result<(), String> {
    let names: Vec<_> = world.plan.certificates.iter().flat_map(|c| &c.names).collect();
    let host = world.plan.host.name.as_str();
    want(names.iter().any(|n| *n == host), || format!("{host} is not among {names:?}"))
}

fn routes(world: &World<'_>) -> Result<(), String> {
    let outbound = &world.plan.outbound;
    let hops = outbound
        .routes
        .iter()
        .map(|r| &r.via)
        .chain(outbound.routes.iter().filter_map(|r| r.fallback.as_ref()).map(|f| &f.via));
    for hop in hops.chain([&outbound.default]).chain(outbound.default_fallback.as_ref().map(|f| &f.via)) {
        if let NextHop::Relay(name) = hop {
            let relay = outbound.relays.get(name).ok_or_else(|| format!("no relay {name}"))?;
            want(relay.host != world.plan.host.name, || format!("{name} is ourselves"))?;
        }
    }
    for (at, route) in outbound.routes.iter().enumerate() {
        let dead = outbound.routes[..at].iter().any(|earlier| {
            (earlier.senders.is_empty() || earlier.senders == route.senders)
                && (earlier.recipients.is_empty() || earlier.recipients == route.recipients)
        });
        want(!dead, || format!("route {at} is dead"))?;
    }
    Ok(())
}

fn one_meaning(world: &World<'_>) -> Result<(), String> {
    let plan = &world.plan;
    for alias in plan.aliases.keys() {
        want(!plan.accounts.contains_key(alias), || format!("{alias} is an account and an alias"))?;
        want(plan.domains.contains_key(&alias.domain), || format!("{alias} is in no domain"))?;
    }
    for account in plan.accounts.keys() {
        want(plan.domains.contains_key(&account.domain), || format!("{account} is in no domain"))?;
    }
    let aliases = plan.aliases.values().chain(plan.alias_patterns.iter().map(|p| &p.targets));
    let forwards = plan.accounts.values().filter_map(|a| a.forward.as_ref()).map(|f| &f.to);
    let catch_alls = plan.domains.values().map(|d| &d.catch_all);
    for targets in aliases.chain(forwards).chain(catch_alls) {
        for local in &targets.local {
            want(plan.accounts.contains_key(local), || format!("{local} is a target and no account"))?;
        }
        for remote in &targets.remote {
            want(!plan.domains.contains_key(&remote.domain), || format!("{remote} is forwarded to ourselves"))?;
            want(plan.forwarding.is_some(), || format!("{remote} gets mail under a sender that is not rewritten"))?;
        }
    }
    // Who only sends has no mailboxes for the world: mail for its domains goes to their MX.
    if matches!(plan.host.role, Role::SendOnly | Role::SubmissionOnly) {
        return Ok(());
    }
    let router = Router::new(plan);
    for address in plan.accounts.keys().chain(plan.aliases.keys()) {
        let resolution = router.resolve(address);
        want(matches!(resolution, Resolution::Local(_)), || format!("{address} leads to {resolution:?}"))?;
    }
    Ok(())
}

fn deterministic(world: &World<'_>) -> Result<(), String> {
    let (again, rendered) = report("mailserver.yaml", &world.scene.text, world.inputs);
    let bytes = again.plan.as_ref().map(codec::encode);
    want(bytes.as_deref() == Some(&codec::encode(&world.plan)), || "other bytes".to_owned())?;
    want(rendered == world.report, || "another report".to_owned())?;
    let decoded = codec::decode(&codec::encode(&world.plan)).map_err(|e| e.to_string())?;
    want(decoded == world.plan, || "the plan does not survive its own encoding".to_owned())
}

fn no_secrets(world: &World<'_>) -> Result<(), String> {
    let plan = String::from_utf8(codec::encode(&world.plan)).map_err(|e| e.to_string())?;
    for secret in &world.scene.secrets {
        want(!plan.contains(secret.as_str()) && !world.report.contains(secret.as_str()), || secret.clone())?;
    }
    Ok(())
}
