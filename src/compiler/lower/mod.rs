//! Lowering: a judged configuration to the frozen plan.
//!
//! Nothing is decided here that a rule has not seen: [`Meaning`] holds the defaults, [`Material`] the
//! public halves of keys. Invariants: a pure function of its arguments; no clock, no path of this
//! machine (relative paths stay relative to the YAML's folder), no secret. What the compiler wants
//! published ([`dns`]) and opened ([`firewall`]) follows from the same values that the server runs on.

pub mod dns;
pub mod firewall;
pub mod names;
pub mod outbound;
pub mod people;
pub mod server;

use crate::compiler::config::material::Material;
use crate::compiler::config::meaning::{Meaning, limits};
use crate::compiler::config::records::Wanted;
use crate::plan::document::{FORMAT, Host, Plan, Profile};

/// The plan of a configuration without errors. What could not be read (and was reported) is left out.
pub fn plan(meaning: &Meaning<'_>, material: &Material<'_>, wanted: &[Wanted<'_>], source_digest: String) -> Plan {
    let mut addresses: Vec<_> = meaning.host_addresses().collect();
    addresses.sort_unstable();
    addresses.dedup();
    let listeners = server::listeners(meaning);
    let bridged = firewall::bridged(meaning);
    let firewall = firewall::rules(&listeners, &meaning.closed(), bridged);
    let domains = server::domains(meaning, material);
    let records = dns::records(wanted);
    Plan {
        format: FORMAT,
        compiler: format!("mailctl {}", env!("CARGO_PKG_VERSION")),
        source_digest,
        profile: if meaning.lab() { Profile::Lab } else { Profile::Production },
        host: Host {
            name: meaning.host().clone(),
            addresses,
            role: meaning.role().planned(),
            proxy_trusted: server::proxy_trusted(meaning),
            bridged,
            security_contact: meaning.config.host.security_contact.as_ref().map(|c| c.value.0.clone()),
        },
        listeners,
        tls: server::tls(meaning),
        certificates: server::certificates(meaning, material),
        domains,
        accounts: people::accounts(meaning),
        aliases: people::aliases(meaning),
        alias_patterns: people::alias_patterns(meaning),
        forwarding: people::forwarding(meaning),
        outbound: outbound::outbound(meaning),
        relaying: outbound::relaying(meaning),
        storage: server::storage(meaning),
        retention: server::retention(meaning),
        limits: limits(meaning.config),
        logging: server::logging(meaning),
        metrics: meaning.config.metrics.as_ref().map(|m| m.address.value.0),
        publication: dns::publication(meaning, &records),
        dns: records,
        firewall,
        packet_filter: firewall::packet_filter(meaning),
    }
}
