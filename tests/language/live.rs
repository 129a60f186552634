//! The live world as lines of text, for the cases of rules that `mailctl dns check` raises.
//!
//!     zone ZONE secure|insecure|bogus          all on one server, unless `server` says otherwise
//!     server ZONE ADDRESS NAME SERIAL|lame
//!     wildcard ZONE TYPE DATA
//!     spf DOMAIN ADDRESS RESULT
//!     listed ADDRESS LIST CODE                 `unknown ADDRESS LIST`: the list refuses to answer
//!     closed LISTENER SOCKET WHY
//!     policy DOMAIN WHY                        the policy cannot be fetched
//!     served DOMAIN LINE; LINE                 the policy that is served
//!     relays SOCKET
//!     NAME TYPE TTL DATA                       a record, on every server

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use mailctl::artefact::reconcile::dns::judge::judge;
use mailctl::artefact::reconcile::dns::sight::{
    DoorSight, ListVerdict, Listing, ServerSight, SetSight, Sight, Trust, ZoneSight,
};
use mailctl::artefact::reconcile::dns::{AuthorityError, FoundRecord, RrSet};
use mailctl::compiler::rules;
use mailctl::ground::diagnostic::{SourceMap, human};
use mailctl::plan::Plan;
use mailctl::plan::document::DnsData;

const SERVER: &str = "192.0.2.250:53";

/// Whether the rule speaks of what was seen, and the report of everything.
pub fn report(code: &str, plan: &Plan, text: &str) -> (bool, String) {
    let sight = sight(text);
    let findings = judge(plan, &plan.dns, &sight);
    let fired = findings.iter().any(|finding| finding.code == code);
    let complete = findings.into_iter().map(|f| rules::live(f.code, f.severity, f.detail, f.fix));
    (fired, human(&SourceMap::new("dns", ""), &complete.collect::<Vec<_>>(), false))
}

fn sight(text: &str) -> Sight {
    let mut sight = Sight::default();
    for line in text.lines() {
        let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
        let words: Vec<&str> = rest.splitn(3, ' ').collect();
        match (first, words.as_slice()) {
            ("zone", [name, trust, ..]) => {
                zone(&mut sight, name).trust = match *trust {
                    "secure" => Trust::Secure,
                    "insecure" => Trust::Insecure,
                    "bogus" => Trust::Bogus("the signatures do not fit".into()),
                    other => panic!("{other}"),
                };
            }
            ("server", [name, address, what]) => {
                let (host, serial) = what.split_once(' ').unwrap();
                let serial = if serial == "lame" { Err(AuthorityError::Lame) } else { Ok(serial.parse().unwrap()) };
                let server = ServerSight { name: host.into(), serial, signed_until: None };
                let servers = &mut zone(&mut sight, name).servers;
                servers.remove(&SERVER.parse::<SocketAddr>().unwrap());
                servers.insert(SocketAddr::new(address.parse().unwrap(), 53), server);
            }
            ("wildcard", [name, kind, data]) => {
                zone(&mut sight, name).wildcards.insert((*kind).into(), (*data).into());
            }
            ("spf", [domain, address, result]) => {
                let spf = sight.spf.entry((*domain).into()).or_default();
                spf.results.insert(address.parse().unwrap(), (*result).into());
            }
            ("listed", [address, list, code]) => {
                listing(&mut sight, address, list, ListVerdict::Listed((*code).into()))
            }
            ("unknown", [address, list]) => {
                listing(&mut sight, address, list, ListVerdict::Unknown("it refuses".into()));
            }
            ("closed", [listener, socket, why]) => sight.doors.push(DoorSight {
                listener: (*listener).into(),
                address: socket.parse().unwrap(),
                met: Err((*why).into()),
            }),
            ("policy", [domain, ..]) => {
                let why = rest.split_once(' ').unwrap().1;
                sight.policies.insert((*domain).into(), Err(why.into()));
            }
            ("served", [domain, ..]) => {
                let text = rest.split_once(' ').unwrap().1.replace("; ", "\r\n") + "\r\n";
                sight.policies.insert((*domain).into(), Ok(text));
            }
            ("relays", [socket]) => sight.relaying.push(socket.parse().unwrap()),
            (name, [kind, ttl, data]) => record(&mut sight, name, kind, ttl.parse().unwrap(), data),
            _ => panic!("not a line of what is seen: {line}"),
        }
    }
    sight
}

fn zone<'s>(sight: &'s mut Sight, name: &str) -> &'s mut ZoneSight {
    sight.zones.entry(name.to_owned()).or_insert_with(|| ZoneSight {
        servers: BTreeMap::from([(
            SERVER.parse().unwrap(),
            ServerSight { name: "ns.example.net".into(), serial: Ok(1), signed_until: None },
        )]),
        nowhere: BTreeSet::new(),
        trust: Trust::Secure,
        wildcards: BTreeMap::new(),
    })
}

fn listing(sight: &mut Sight, address: &str, list: &str, verdict: ListVerdict) {
    sight.listings.push(Listing { address: address.parse().unwrap(), list: list.into(), verdict });
}

fn record(sight: &mut Sight, name: &str, kind: &str, ttl_seconds: u32, text: &str) {
    let words: Vec<&str> = text.split(' ').collect();
    let data = match kind {
        "A" => DnsData::A(text.parse().unwrap()),
        "MX" => DnsData::Mx { preference: words[0].parse().unwrap(), exchange: words[1].into() },
        "SRV" => DnsData::Srv {
            priority: words[0].parse().unwrap(),
            weight: words[1].parse().unwrap(),
            port: words[2].parse().unwrap(),
            target: words[3].into(),
        },
        "TXT" => DnsData::Txt(text.into()),
        other => panic!("no type of these cases: {other}"),
    };
    zone(sight, "example.org");
    let set = sight
        .sets
        .entry((name.into(), kind.into()))
        .or_insert_with(|| SetSight { zone: Some("example.org".into()), ..SetSight::default() });
    let answer = set.servers.entry(SERVER.parse().unwrap()).or_insert_with(|| Ok(RrSet::default()));
    let found = answer.as_mut().unwrap();
    found.ttl_seconds = ttl_seconds;
    found.records.push(FoundRecord { octets: text.as_bytes().to_vec(), data: Some(data.clone()) });
    found.data.push(data);
}
