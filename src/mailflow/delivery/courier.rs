//! One queue entry's journey: its recipients by next hop, the hosts of each hop in order, what each said.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::attempt::{Contents, Hop, attempt};
use super::classify::{self, Finding, Verdict};
use super::connection::Connector;
use super::next_hop::{NextHop, Routes};
pub use super::next_hop::{RelayHop, RelayLogin};
use super::target::{self, Target};
use super::throttle::{Throttle, Ticket};
use super::tls_policy::{TlsPolicies, TlsPolicy};
use crate::ground::clock::Timestamp;
use crate::mailflow::forwarding::Forwarding;
use crate::mailflow::receivers::Receivers;
use crate::mailflow::routing::{Resolution, Router};
use crate::mailflow::schedule::Schedule;
use crate::mailflow::signing::Signers;
use crate::plan::Plan;
use crate::protocol::ContentRef;
use crate::protocol::smtp::client::Delivery;
use crate::state::queue::{Due, QueueRecipient};
use crate::state::store::{ContentId, Store};
use crate::vocabulary::dns::Resolver;
use crate::vocabulary::mail::{Address, Domain, Enhanced, Reply};

/// What delivery is made of: the plan's part and the runtime's hands.
pub struct Equipment {
    pub store: Arc<Store>,
    pub router: Router,
    pub forwarding: Forwarding,
    pub signers: Signers,
    pub resolver: Arc<dyn Resolver>,
    pub connector: Arc<dyn Connector>,
    /// All that the plan's routes name.
    pub relays: BTreeMap<String, RelayHop>,
    /// Reads the time. The runtime's clock; tests bring their own.
    pub clock: fn() -> Timestamp,
}

/// Carries messages by one plan. A new plan makes a new courier; journeys that have begun end with the old.
pub struct Courier {
    pub(super) equipment: Equipment,
    pub(super) schedule: Schedule,
    pub(super) delay_notice: Option<Duration>,
    routes: Routes,
    tls: TlsPolicies,
    mx_port: u16,
    throttle: Throttle,
}

/// How the hosts of one next hop are to be spoken to.
#[derive(Clone, Copy)]
struct Manner<'a> {
    port: u16,
    policy: TlsPolicy<'a>,
    login: Option<&'a RelayLogin>,
    /// The plan names the host: that it cannot be found is not the sender's mistake.
    named: bool,
    /// Our DKIM signatures go along.
    sign: bool,
}

/// The recipients of one entry that share a next hop.
pub(super) struct Group {
    pub hop: NextHop,
    pub recipients: Vec<QueueRecipient>,
}

/// What an entry's recipients are, seen by the plan of now.
#[derive(Default)]
struct Sorted {
    by_hop: BTreeMap<NextHop, Vec<QueueRecipient>>,
    /// Domains that were somebody else's when the message was queued and are ours now.
    local: Vec<(QueueRecipient, Arc<Receivers>)>,
    unknown: Vec<QueueRecipient>,
}

impl Courier {
    pub fn new(plan: &Plan, equipment: Equipment) -> Self {
        let schedule = Schedule::new(&plan.outbound.retry_after_seconds, plan.outbound.lifetime_seconds);
        Self {
            equipment,
            schedule,
            delay_notice: plan.outbound.delay_notice_seconds.map(Duration::from_secs),
            routes: Routes::new(plan),
            tls: TlsPolicies::new(&plan.outbound),
            mx_port: plan.outbound.mx_port,
            throttle: Throttle::default(),
        }
    }

    /// Carries one entry: every recipient that is due gets an outcome, each group's in one transaction.
    /// `tickets` bounds how many connections there are at once.
    pub async fn carry(self: Arc<Self>, due: Due, tickets: Arc<tokio::sync::Semaphore>) {
        let due = Arc::new(due);
        let sorted = self.sort(&due);
        self.settle_here(&due, sorted.local, sorted.unknown).await;
        let mut groups = JoinSet::new();
        for (hop, recipients) in sorted.by_hop {
            let (courier, due, tickets) = (self.clone(), due.clone(), tickets.clone());
            groups.spawn(async move {
                let Some(ticket) = courier.throttle.admit(&hop, &tickets).await else { return };
                courier.carry_group(&due, Group { hop, recipients }, ticket).await;
            });
        }
        while groups.join_next().await.is_some() {}
    }

    fn sort(&self, due: &Due) -> Sorted {
        let mut sorted = Sorted::default();
        for recipient in &due.recipients {
            match self.equipment.router.resolve(&recipient.forward_path) {
                Resolution::Local(accounts) => sorted.local.push((recipient.clone(), accounts)),
                // Nothing is queued for a rewritten sender of ours: it was reversed on its way in.
                Resolution::Returned | Resolution::UnknownUser => sorted.unknown.push(recipient.clone()),
                Resolution::Remote => {
                    let sender = &due.message.reverse_path;
                    let hop = self.routes.next_hop(sender, &recipient.forward_path, recipient.attempts);
                    sorted.by_hop.entry(hop).or_default().push(recipient.clone());
                }
            }
        }
        sorted
    }

    async fn settle_here(&self, due: &Due, local: Vec<(QueueRecipient, Arc<Receivers>)>, unknown: Vec<QueueRecipient>) {
        if !local.is_empty() {
            self.record_local(due, local).await;
        }
        if !unknown.is_empty() {
            let reply = Reply::new(550, Enhanced(5, 1, 1), "no such user here");
            self.record(due, &unknown, all(&unknown, &reply)).await;
        }
    }

    async fn carry_group(&self, due: &Due, group: Group, ticket: Ticket) {
        let findings = match &group.hop {
            NextHop::Domain(domain) => self.to_domain(due, &group, domain).await,
            NextHop::Primary(domain) => self.to_primary(due, &group, domain).await,
            NextHop::Relay(name) => self.to_relay(due, &group, name).await,
        };
        drop(ticket);
        self.record(due, &group.recipients, findings).await;
    }

    async fn to_relay(&self, due: &Due, group: &Group, name: &str) -> Vec<Finding> {
        let Some(relay) = self.equipment.relays.get(name) else {
            // A plan that is served has all its relays; whatever this is may be mended while the mail waits.
            let reply = Reply::new(451, Enhanced(4, 3, 5), format!("the relay {name} is not known here"));
            return all(&group.recipients, &reply);
        };
        let manner = Manner {
            port: relay.port,
            policy: TlsPolicy::Relay { name, tls: relay.tls },
            login: relay.credentials.as_ref(),
            named: true,
            sign: relay.sign,
        };
        self.to_hosts(due, group, vec![named(&relay.host)], manner).await
    }

    /// RFC 5321 §5.1: what a backup MX has taken goes to a better one, here to the one that the plan names.
    async fn to_primary(&self, due: &Due, group: &Group, domain: &Domain) -> Vec<Finding> {
        let Some((host, port)) = self.routes.primary(domain) else {
            let reply = Reply::new(451, Enhanced(4, 3, 5), format!("the primary of {domain} is not known here"));
            return all(&group.recipients, &reply);
        };
        let manner = Manner { port, named: true, ..self.direct(domain) };
        self.to_hosts(due, group, vec![named(host)], manner).await
    }

    async fn to_domain(&self, due: &Due, group: &Group, domain: &Domain) -> Vec<Finding> {
        let now = (self.equipment.clock)();
        // The seed changes with every attempt, so that equal MX hosts share the load over time.
        let seed = now.0.unsigned_abs() ^ due.message.id.0.unsigned_abs().rotate_left(32);
        let (resolver, router) = (&*self.equipment.resolver, &self.equipment.router);
        match target::targets(resolver, router, domain, self.mx_port, seed).await {
            Ok(hosts) => self.to_hosts(due, group, hosts, self.direct(domain)).await,
            Err(reply) => all(&group.recipients, &reply),
        }
    }

    /// How the hosts of a domain are spoken to.
    fn direct(&self, domain: &Domain) -> Manner<'static> {
        Manner { port: self.mx_port, policy: self.tls.for_domain(domain), login: None, named: false, sign: true }
    }

    /// Tries host after host until every recipient is delivered or refused for good (RFC 5321 §5.1).
    async fn to_hosts(&self, due: &Due, group: &Group, hosts: Vec<Target>, manner: Manner<'_>) -> Vec<Finding> {
        let (resolver, router) = (&*self.equipment.resolver, &self.equipment.router);
        let mut open: BTreeMap<Address, Option<Finding>> =
            group.recipients.iter().map(|recipient| (recipient.forward_path.clone(), None)).collect();
        let mut settled = Vec::new();
        for host in hosts {
            let addresses = match target::addresses(resolver, router, &host, manner.port).await {
                Ok(addresses) => addresses,
                Err(reply) if manner.named => {
                    note(&mut open, &Reply::new(451, Enhanced(4, 4, 4), reply.text));
                    continue;
                }
                Err(reply) => {
                    note(&mut open, &reply);
                    continue;
                }
            };
            for address in addresses {
                let hop = Hop {
                    host: &host.host,
                    address: SocketAddr::new(address, manner.port),
                    policy: manner.policy,
                    login: manner.login,
                    helo: router.host(),
                };
                let delivery = delivery(due, open.keys().cloned().collect(), manner.sign);
                let contents = StoredContents(&self.equipment.store);
                match attempt(&*self.equipment.connector, &contents, hop, &delivery).await {
                    Err(reply) => note(&mut open, &reply),
                    Ok(report) => {
                        for outcome in report.outcomes {
                            let finding = classify::outcome(outcome, &host.host);
                            match finding.verdict() {
                                Verdict::Deferred => drop(open.insert(finding.recipient.clone(), Some(finding))),
                                Verdict::Delivered | Verdict::Failed => {
                                    open.remove(&finding.recipient);
                                    settled.push(finding);
                                }
                            }
                        }
                        if open.is_empty() {
                            return settled;
                        }
                        // It talked to us: its other addresses would say the same. The next host may not.
                        break;
                    }
                }
            }
        }
        let unsaid = Reply::new(451, Enhanced(4, 4, 1), "no host could be reached");
        settled.extend(open.into_iter().map(|(recipient, finding)| {
            finding.unwrap_or_else(|| Finding { recipient, reply: unsaid.clone(), remote: None })
        }));
        settled
    }
}

/// A host that the plan names.
fn named(host: &Domain) -> Target {
    Target { host: host.clone(), address: host.literal() }
}

fn delivery(due: &Due, recipients: Vec<Address>, sign: bool) -> Delivery {
    let message = &due.message;
    Delivery {
        reverse_path: message.reverse_path.clone(),
        recipients,
        body: message.body,
        smtputf8: message.smtputf8,
        // The prefix is our signatures and nothing else.
        prefix: if sign { message.prefix.clone() } else { Vec::new() },
        content: ContentRef(message.content.0),
        range: message.skip_octets..message.octets,
    }
}

/// The same reply for every recipient.
fn all(recipients: &[QueueRecipient], reply: &Reply) -> Vec<Finding> {
    let finding = |recipient: &QueueRecipient| Finding {
        recipient: recipient.forward_path.clone(),
        reply: reply.clone(),
        remote: None,
    };
    recipients.iter().map(finding).collect()
}

/// Keeps `reply` for whoever has heard nothing from a server yet, whose own words tell more. Of our own
/// replies a transient one stays: as long as one host may answer later, nothing is final.
fn note(open: &mut BTreeMap<Address, Option<Finding>>, reply: &Reply) {
    for (recipient, known) in open.iter_mut() {
        let keep = known.as_ref().is_some_and(|known| {
            known.remote.is_some() || (known.verdict() == Verdict::Deferred && !reply.is_transient())
        });
        if !keep {
            *known = Some(Finding { recipient: recipient.clone(), reply: reply.clone(), remote: None });
        }
    }
}

/// The store's contents. Reads are short and mostly from the page cache, so they are made in place.
struct StoredContents<'a>(&'a Store);

impl Contents for StoredContents<'_> {
    fn read(&self, content: ContentRef, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let content = self.0.content(ContentId(content.0)).map_err(io::Error::other)?;
        content.read_at(offset, buffer).map_err(io::Error::other)
    }
}
