//! One queue entry's journey: its recipients by next hop, the hosts of each hop in order, what each said.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::attempt::{Contents, Hop, attempt};
use super::classify::{self, Finding, Verdict};
use super::connection::Connector;
use super::next_hop::NextHop;
pub use super::next_hop::{RelayHop, RelayLogin};
use super::target::{self, Target};
use super::throttle::{Throttle, Ticket};
use super::tls_policy::TlsPolicy;
use crate::ground::clock::Timestamp;
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
    pub signers: Signers,
    pub resolver: Arc<dyn Resolver>,
    pub connector: Arc<dyn Connector>,
    /// Absent: direct to the MX.
    pub relay: Option<RelayHop>,
    /// Reads the time. The runtime's clock; tests bring their own.
    pub clock: fn() -> Timestamp,
}

/// Carries messages by one plan. A new plan makes a new courier; journeys that have begun end with the old.
pub struct Courier {
    pub(super) equipment: Equipment,
    pub(super) schedule: Schedule,
    mx_port: u16,
    throttle: Throttle,
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
    local: Vec<(QueueRecipient, Arc<BTreeSet<Address>>)>,
    unknown: Vec<QueueRecipient>,
}

impl Courier {
    pub fn new(plan: &Plan, equipment: Equipment) -> Self {
        let schedule = Schedule::new(&plan.outbound.retry_after_seconds, plan.outbound.lifetime_seconds);
        Self { equipment, schedule, mx_port: plan.outbound.mx_port, throttle: Throttle::default() }
    }

    /// Carries one entry: every recipient that is due gets an outcome, each group's in one transaction.
    /// `tickets` bounds how many connections there are at once.
    pub async fn carry(self: Arc<Self>, due: Due, tickets: Arc<tokio::sync::Semaphore>) {
        let due = Arc::new(due);
        let sorted = self.sort(&due.recipients);
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

    fn sort(&self, recipients: &[QueueRecipient]) -> Sorted {
        let mut sorted = Sorted::default();
        for recipient in recipients {
            match self.equipment.router.resolve(&recipient.forward_path) {
                Resolution::Local(accounts) => sorted.local.push((recipient.clone(), accounts)),
                Resolution::UnknownUser => sorted.unknown.push(recipient.clone()),
                Resolution::Remote => {
                    let hop = match self.equipment.relay {
                        Some(_) => NextHop::Relay,
                        None => NextHop::Domain(recipient.forward_path.domain.clone()),
                    };
                    sorted.by_hop.entry(hop).or_default().push(recipient.clone());
                }
            }
        }
        sorted
    }

    async fn settle_here(
        &self,
        due: &Due,
        local: Vec<(QueueRecipient, Arc<BTreeSet<Address>>)>,
        unknown: Vec<QueueRecipient>,
    ) {
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
            NextHop::Relay => self.to_relay(due, &group).await,
            NextHop::Domain(domain) => self.to_domain(due, &group, domain).await,
        };
        drop(ticket);
        self.record(due, &group.recipients, findings).await;
    }

    async fn to_relay(&self, due: &Due, group: &Group) -> Vec<Finding> {
        let Some(relay) = &self.equipment.relay else { return Vec::new() };
        let target = Target { host: relay.host.clone(), address: relay.host.literal() };
        let hosts = vec![target];
        self.to_hosts(due, group, hosts, relay.port, TlsPolicy::Relay(relay.tls), relay.credentials.as_ref()).await
    }

    async fn to_domain(&self, due: &Due, group: &Group, domain: &Domain) -> Vec<Finding> {
        let now = (self.equipment.clock)();
        // The seed changes with every attempt, so that equal MX hosts share the load over time.
        let seed = now.0.unsigned_abs() ^ due.message.id.0.unsigned_abs().rotate_left(32);
        match target::targets(&*self.equipment.resolver, &self.equipment.router, domain, seed).await {
            Ok(hosts) => self.to_hosts(due, group, hosts, self.mx_port, TlsPolicy::Opportunistic, None).await,
            Err(reply) => all(&group.recipients, &reply),
        }
    }

    /// Tries host after host until every recipient is delivered or refused for good (RFC 5321 §5.1).
    async fn to_hosts(
        &self,
        due: &Due,
        group: &Group,
        hosts: Vec<Target>,
        port: u16,
        policy: TlsPolicy,
        login: Option<&RelayLogin>,
    ) -> Vec<Finding> {
        let mut open: BTreeMap<Address, Option<Finding>> =
            group.recipients.iter().map(|recipient| (recipient.forward_path.clone(), None)).collect();
        let mut settled = Vec::new();
        for host in hosts {
            let addresses = match target::addresses(&*self.equipment.resolver, &self.equipment.router, &host).await {
                Ok(addresses) => addresses,
                // The operator named the relay, so its name is not the sender's mistake.
                Err(reply) if !policy.may_fall_back() => {
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
                    address: SocketAddr::new(address, port),
                    policy,
                    login,
                    helo: self.equipment.router.host(),
                };
                let delivery = self.delivery(due, open.keys().cloned().collect());
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

    fn delivery(&self, due: &Due, recipients: Vec<Address>) -> Delivery {
        let message = &due.message;
        Delivery {
            reverse_path: message.reverse_path.clone(),
            recipients,
            body: message.body,
            smtputf8: message.smtputf8,
            prefix: message.prefix.clone(),
            content: ContentRef(message.content.0),
            range: message.skip_octets..message.octets,
        }
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
