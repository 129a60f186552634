//! What is served: keys against TLSA, certificates, MTA-STS policies, ports, relaying.

use super::{Case, listed};
use crate::artefact::reconcile::dns::sight::{TlsSight, Trust};
use crate::plan::document::{DnsData, MtaStsMode, MtaStsPolicy, mta_sts_matches};

const WEEK_SECONDS: i64 = 7 * 24 * 60 * 60;

pub(super) fn judge(case: &mut Case<'_>) {
    tlsa(case);
    doors(case);
    policies(case);
    let relaying = case.sight.relaying.clone();
    for socket in relaying {
        let detail = format!("{socket} takes mail from a stranger for a stranger: it is an open relay.");
        case.error("RLY-030", &socket.to_string(), detail, "stop the server, and look who else listens on that port");
    }
}

/// RFC 7672 §2.2, RFC 7671 §8.1.
fn tlsa(case: &mut Case<'_>) {
    let sight = case.sight;
    let host = case.plan.host.name.as_str().to_owned();
    for ((name, kind), set) in &sight.sets {
        let Some(port) = name.strip_suffix(&format!("._tcp.{host}")).and_then(|p| p.strip_prefix('_')) else {
            continue;
        };
        let Some(found) = sight.set(name, kind).filter(|found| kind == "TLSA" && !found.data.is_empty()) else {
            continue;
        };
        let zone = set.zone.as_deref().and_then(|zone| sight.zones.get(zone));
        if zone.is_some_and(|zone| zone.trust == Trust::Insecure) {
            let detail =
                format!("{name} has TLSA records, and its zone is not signed: senders ignore them, and some wait.");
            case.error("DANE-001", name, detail, "sign the zone, or remove the records");
            continue;
        }
        let served: Vec<&TlsSight> = sight
            .doors
            .iter()
            .filter(|door| port.parse() == Ok(door.address.port()))
            .filter_map(|door| door.met.as_ref().ok().and_then(Option::as_ref))
            .collect();
        for door in &served {
            if !found.data.iter().any(|data| fits(data, door)) {
                let wanted = format!("3 1 1 {}", door.spki);
                let detail = format!(
                    "No TLSA record at {name} fits the key that is served on port {port}: senders that use DANE do not deliver."
                );
                case.error("DANE-005", name, detail, format!("publish `{wanted}`"));
                break;
            }
        }
    }
}

/// Matching types 1 (SHA-256), usages 1 and 3; others are left to the rules about what is wanted.
fn fits(data: &DnsData, served: &TlsSight) -> bool {
    match data {
        DnsData::Tlsa { usage: 1 | 3, selector: 1, matching: 1, association } => *association == served.spki,
        DnsData::Tlsa { usage: 1 | 3, selector: 0, matching: 1, association } => *association == served.leaf,
        DnsData::Tlsa { usage: 0 | 2, .. } | DnsData::Tlsa { matching: 0 | 2, .. } => true,
        _ => false,
    }
}

fn doors(case: &mut Case<'_>) {
    let sight = case.sight;
    let host = case.plan.host.name.as_str().to_owned();
    for door in &sight.doors {
        let subject = format!("{} {}", door.listener, door.address);
        match &door.met {
            Err(why) => {
                let detail = format!("{} (listener `{}`) cannot be reached: {why}.", door.address, door.listener);
                case.error(
                    "PORT-030",
                    &subject,
                    detail,
                    "see that the server runs, and what a firewall or provider blocks",
                );
            }
            Ok(None) => {}
            Ok(Some(tls)) => {
                let covered = |name: &String| name == &host || mta_sts_matches(name, &host);
                if !tls.names.iter().any(covered) {
                    let names: Vec<String> = tls.names.iter().cloned().collect();
                    let detail =
                        format!("{} shows a certificate for {}, and not for {host}.", door.address, listed(&names));
                    case.error("CERT-004", &subject, detail, format!("serve a certificate for {host}"));
                }
                let left = tls.ends - sight.seconds;
                if left < WEEK_SECONDS {
                    let when =
                        if left < 0 { "has ended".to_owned() } else { format!("ends in {} days", left / 86_400) };
                    let detail = format!("The certificate on {} {when}.", door.address);
                    case.error(
                        "CERT-002",
                        &subject,
                        detail,
                        "renew it: mailctl certificates renew, or replace the files",
                    );
                }
            }
        }
    }
    for (address, met) in &sight.outside {
        if let Err(why) = met {
            let detail = format!("{address} cannot be reached from another machine: {why}.");
            let fix = "open the port in every firewall on the way; many providers block port 25 until asked";
            case.error("PORT-030", &address.to_string(), detail, fix);
        }
    }
}

/// RFC 8461 §3.3, §4.1.
fn policies(case: &mut Case<'_>) {
    let (sight, plan) = (case.sight, case.plan);
    for (domain, fetched) in &sight.policies {
        let Some(planned) =
            plan.domains.iter().find(|(name, _)| name.as_str() == domain).and_then(|(_, d)| d.mta_sts.as_ref())
        else {
            continue;
        };
        let url = format!("https://mta-sts.{domain}/.well-known/mta-sts.txt");
        let text = match fetched {
            Ok(text) => text,
            Err(why) => {
                let detail = format!("Senders cannot fetch {url}: {why}.");
                case.error("STS-014", domain, detail, format!("serve it with a certificate for mta-sts.{domain}"));
                continue;
            }
        };
        let policy = MtaStsPolicy { id: String::new(), text: text.clone(), served_here: false };
        let hosts: Vec<String> = sight
            .set(domain, "MX")
            .into_iter()
            .flat_map(|set| &set.data)
            .filter_map(|data| match data {
                DnsData::Mx { exchange, .. } if exchange != "." => Some(exchange.clone()),
                _ => None,
            })
            .filter(|host| !policy.mx().any(|pattern| mta_sts_matches(pattern, host)))
            .collect();
        let heeded = policy.mode() != MtaStsMode::None;
        if heeded && !hosts.is_empty() {
            let detail = format!(
                "The policy at {url} does not name the MX {}: senders that heed it do not deliver there.",
                listed(&hosts)
            );
            case.error("STS-002", domain, detail, "serve the policy of the plan, or change the MX records");
        }
        if lines(text) != lines(&planned.text) {
            let detail = format!("{url} holds another policy than the plan: {}.", listed(&[lines(text).join("; ")]));
            case.error("STS-015", domain, detail, format!("serve: {}", lines(&planned.text).join("; ")));
        }
    }
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect()
}
