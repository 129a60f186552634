//! Zones and their servers: DNSSEC, servers that lag behind or serve nothing, wildcards.

use super::Case;
use crate::artefact::reconcile::dns::AuthorityError;
use crate::artefact::reconcile::dns::sight::{Trust, ZoneSight};

pub(super) fn judge(case: &mut Case<'_>) {
    let sight = case.sight;
    for (name, zone) in &sight.zones {
        servers(case, name, zone);
        trust(case, name, zone);
        wildcards(case, name, zone);
    }
}

fn servers(case: &mut Case<'_>, name: &str, zone: &ZoneSight) {
    let newest = zone.servers.values().filter_map(|server| server.serial.as_ref().ok()).max().copied();
    for host in &zone.nowhere {
        let detail = format!("{name} is delegated to {host}, which has no address. Resolvers lose time there.");
        case.warn("DNS-046", name, detail, format!("give {host} an address, or take it from the NS records"));
    }
    for (address, server) in &zone.servers {
        match &server.serial {
            Ok(serial) if newest.is_some_and(|newest| *serial < newest) => {
                let newest = newest.unwrap_or_default();
                let detail = format!(
                    "{} ({}) has serial {serial} of {name}, others have {newest}: part of the world sees old records.",
                    server.name,
                    address.ip()
                );
                let fix = format!("see why {} does not transfer {name} (NOTIFY, TSIG key, refresh time)", server.name);
                case.error("DNS-045", name, detail, fix);
            }
            Ok(_) => {}
            Err(error) => {
                let why = if *error == AuthorityError::Lame { "is lame: it " } else { "" };
                let detail = format!("{} ({}) {why}{error}, asked for {name}.", server.name, address.ip());
                let fix =
                    format!("have {} serve {name}, or take it from the NS records here and at the parent", server.name);
                case.warn("DNS-046", name, detail, fix);
            }
        }
    }
}

fn trust(case: &mut Case<'_>, name: &str, zone: &ZoneSight) {
    let zones = &case.plan.publication.zones;
    // The zone that the plan means may begin above or below the one that is there.
    let planned = zones.iter().any(|(planned, signed)| {
        *signed && (planned == name || planned.ends_with(&format!(".{name}")) || name.ends_with(&format!(".{planned}")))
    });
    let now = case.sight.seconds;
    let ended = |until: Option<u32>| until.is_some_and(|end| i64::from(end) < now);
    let fix = "sign the zone anew; compare the parent's DS record with the zone's keys (dig DS, dig DNSKEY)";
    match &zone.trust {
        // Caches, and resolvers that are lenient with clocks, hide it for a while.
        Trust::Secure | Trust::Bogus(_) if zone.servers.values().any(|server| ended(server.signed_until)) => {
            let detail =
                format!("The signatures of {name} have ended: resolvers that validate refuse every answer from it.");
            case.error("DNS-043", name, detail, "see why the signer does not renew them, and sign the zone anew");
        }
        Trust::Bogus(why) => {
            let why = if zone.servers.values().all(|server| server.signed_until.is_none()) {
                "its parent has a DS record, and the zone is not signed"
            } else {
                why
            };
            let detail = format!("Resolvers that validate refuse every answer from {name}: {why}. Its mail waits.");
            case.error("DNS-043", name, detail, fix);
        }
        Trust::Insecure if planned => {
            let detail = format!(
                "The plan says that {name} is signed, and no chain of trust leads to it. TLSA records there count for nothing."
            );
            let fix = format!("sign {name} and hand the DS record to its parent, or say `dnssec: unsigned`");
            case.error("DNS-044", name, detail, fix);
        }
        Trust::Insecure | Trust::Secure | Trust::Unknown(_) => {}
    }
}

fn wildcards(case: &mut Case<'_>, name: &str, zone: &ZoneSight) {
    for (kind, data) in &zone.wildcards {
        let detail = format!(
            "Any name in {name} that has no records of its own answers {kind} `{data}`: a record of ours that is \
             missing is not seen to be missing, and senders take what is there."
        );
        case.warn("DNS-047", name, detail, format!("remove `*.{name}`, or narrow it to names that need it"));
    }
}
