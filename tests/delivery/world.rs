//! What a delivery test happens in: a store in a folder of its own, DNS from a table, a courier.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use mailctl::ground::clock::Timestamp;
use mailctl::ground::secret::Secret;
use mailctl::mailflow::delivery::{Courier, Equipment, RelayHop};
use mailctl::mailflow::forwarding::Forwarding;
use mailctl::mailflow::routing::Router;
use mailctl::mailflow::signing::Signers;
use mailctl::mailflow::srs::Rewriter;
use mailctl::plan::Plan;
use mailctl::runtime::net::connector::{Authorities, TcpConnector};
use mailctl::state::queue::{self, NewMessage, QueueId, QueueMessage, QueueRecipient, RecipientState};
use mailctl::state::store::{Options, Store, account, message};
use mailctl::vocabulary::dns::{Answer, Lookup, Mx, ResolveError, Resolver, Verdict};
use mailctl::vocabulary::mail::{BodyType, Domain, ReversePath};
use serde_json::Value;
use tokio::sync::Semaphore;

/// DNS as a table. What is not in it does not exist.
#[derive(Default, Clone)]
pub struct Zone {
    pub mx: HashMap<String, Vec<(u16, String)>>,
    pub addresses: HashMap<String, IpAddr>,
}

fn answer<T: Send + 'static>(records: Option<Vec<T>>) -> Lookup<'static, T> {
    let answer: Result<Answer<T>, ResolveError> =
        Ok(Answer { name_exists: records.is_some(), records: records.unwrap_or_default(), verdict: Verdict::Insecure });
    Box::pin(std::future::ready(answer))
}

impl Resolver for Zone {
    fn mx<'a>(&'a self, domain: &'a Domain) -> Lookup<'a, Mx> {
        let mx = |(preference, host): &(u16, String)| Mx { preference: *preference, exchange: host.parse().ok() };
        answer(self.mx.get(domain.as_str()).map(|records| records.iter().map(mx).collect()))
    }

    fn addresses<'a>(&'a self, host: &'a Domain) -> Lookup<'a, IpAddr> {
        answer(self.addresses.get(host.as_str()).map(|address| vec![*address]))
    }
}

/// Everything but the peers.
pub struct World {
    pub store: Arc<Store>,
    pub courier: Arc<Courier>,
    _folder: tempfile::TempDir,
}

/// How a world differs from the usual one.
#[derive(Default)]
pub struct Setting {
    pub zone: Zone,
    pub port: u16,
    /// By name.
    pub relays: BTreeMap<String, RelayHop>,
    /// PEM of who may vouch for each relay.
    pub authorities: BTreeMap<String, String>,
    /// PEM of who may vouch for MX hosts.
    pub mx_authority: Option<String>,
    pub sources: Vec<IpAddr>,
    /// Members of the plan's `outbound` in place of the usual ones.
    pub outbound: Value,
    /// The plan's `relaying`.
    pub relaying: Value,
    /// The plan's `listeners` and `host.addresses`.
    pub listeners: Value,
    pub host_addresses: Value,
}

impl Setting {
    fn authorities(&self) -> Authorities {
        let bytes = |pem: &String| pem.clone().into_bytes();
        Authorities {
            mx: self.mx_authority.as_ref().map(bytes),
            relays: self.authorities.iter().map(|(name, pem)| (name.clone(), bytes(pem))).collect(),
        }
    }

    fn plan(&self) -> Plan {
        let mut plan = plan(self.port);
        for (name, value) in self.outbound.as_object().into_iter().flatten() {
            plan["outbound"][name] = value.clone();
        }
        for (name, value) in [("relaying", &self.relaying), ("listeners", &self.listeners)] {
            if value.is_object() {
                plan[name] = value.clone();
            }
        }
        if self.host_addresses.is_array() {
            plan["host"]["addresses"] = self.host_addresses.clone();
        }
        serde_json::from_value(plan).unwrap()
    }
}

pub const MESSAGE: &[u8] =
    b"Return-Path: <a@example.org>\r\nSubject: hello\r\nMessage-ID: <1@example.org>\r\n\r\n.dot\r\nend\r\n";
/// Of the Return-Path line.
pub const SKIP: u64 = 30;

fn plan(port: u16) -> Value {
    serde_json::json!({
        "format": 1, "compiler": "test", "source_digest": "sha256:0", "profile": "lab",
        "host": { "name": "mail.example.org", "addresses": ["192.0.2.10"], "role": "full" },
        "listeners": {}, "tls": { "min_version": "1.2", "profile": "intermediate", "session_tickets": false }, "certificates": [],
        "domains": { "example.org": { "dkim": [] } },
        "accounts": { "a@example.org": {}, "postmaster@example.org": {} },
        "aliases": {},
        "forwarding": { "domain": "mail.example.org", "key": { "generated": {} } },
        "outbound": { "default": "direct", "tls": "opportunistic", "retry_after_seconds": [60], "lifetime_seconds": 432000, "resolver": "system", "mx_port": port },
        "storage": { "embedded": {} },
        "limits": {
            "message_octets_max": 1000000, "recipients_max": 100, "connections_max": 100,
            "connections_per_source_max": 10, "command_timeout_seconds": 300, "session_timeout_seconds": 1800,
            "password_checks_max": 2, "drain_seconds": 10
        },
        "logging": { "format": "text", "level": "info" }, "dns": [], "publication": { "zones": {} }, "firewall": []
    })
}

/// As the plan's, with a key of the tests'.
pub fn rewriter() -> Rewriter {
    Rewriter::new("mail.example.org".parse().unwrap(), &Secret::new([7; 32]))
}

impl World {
    pub fn new(setting: Setting) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(folder.path(), Options::default()).unwrap());
        let plan = setting.plan();
        let connector = TcpConnector::new(&setting.authorities(), &setting.sources).unwrap();
        let equipment = Equipment {
            store: store.clone(),
            router: Router::new(&plan),
            forwarding: Forwarding::new(Router::new(&plan), Some(rewriter())),
            signers: Signers::default(),
            resolver: Arc::new(setting.zone),
            connector: Arc::new(connector),
            relays: setting.relays,
            clock: Timestamp::now,
        };
        Self { courier: Arc::new(Courier::new(&plan, equipment)), store, _folder: folder }
    }

    /// Queues [`MESSAGE`] as it would be after handover.
    pub fn queue(&self, from: ReversePath, to: &[&str], change: impl FnOnce(&mut NewMessage)) -> QueueId {
        let mut staged = self.store.stage();
        staged.append(MESSAGE).unwrap();
        let now = Timestamp::now();
        let mut new = NewMessage {
            content: mailctl::state::store::ContentId(0),
            skip_octets: SKIP,
            prefix: b"DKIM-Signature: made up\r\n".to_vec(),
            reverse_path: from,
            body: BodyType::SevenBit,
            smtputf8: false,
            received: now,
            expires: now.after(Duration::from_secs(432_000)),
            is_bounce: false,
            recipients: to.iter().map(|address| address.parse().unwrap()).collect(),
        };
        change(&mut new);
        let job = move |tx: &mut mailctl::state::store::Tx<'_>, contents: &[mailctl::state::store::ContentId]| {
            new.content = contents[0];
            queue::enqueue(tx, &new)
        };
        self.store.write_blocking(vec![staged], job).unwrap().0
    }

    /// Queues for `to` from `a@example.org` and carries everything that is due.
    pub async fn send(&self, to: &[&str]) -> QueueId {
        let id = self.queue(sender(), to, |_| {});
        self.carry().await;
        id
    }

    /// Carries everything that is due now.
    pub async fn carry(&self) {
        let entries = queue::due(&self.store, Timestamp::now(), 100).unwrap();
        for due in entries {
            self.courier.clone().carry(due, Arc::new(Semaphore::new(8))).await;
        }
    }

    /// Recipients of `id`; empty once the message has left the queue.
    pub fn recipients(&self, id: QueueId) -> Vec<QueueRecipient> {
        self.store.read(|view| queue::recipients(view, id)).unwrap()
    }

    /// Whether all of `id` has left the queue.
    pub fn is_gone(&self, id: QueueId) -> bool {
        self.store.read(|view| queue::message(view, id)).unwrap().is_none()
    }

    /// The only recipient of `id`, which must wait, with the last reply.
    pub fn waiting(&self, id: QueueId) -> (QueueRecipient, String) {
        let recipients = self.recipients(id);
        assert_eq!(recipients.len(), 1, "{recipients:?}");
        let recipient = recipients.into_iter().next().unwrap();
        assert_eq!(recipient.state, RecipientState::Waiting);
        let reply = recipient.last_reply.clone().unwrap_or_default();
        (recipient, reply)
    }

    pub fn queued(&self) -> Vec<QueueMessage> {
        self.store.read(|view| queue::list(view, QueueId(0), 100)).unwrap()
    }

    /// The messages in INBOX of `address`.
    pub fn inbox(&self, address: &str) -> Vec<Vec<u8>> {
        let rows = self.store.read(|view| match account::find(view, &address.parse().unwrap())? {
            Some(account) => message::rows_after(view, account.inbox, 0, 100),
            None => Ok(Vec::new()),
        });
        let read = |row: message::Message| {
            let content = self.store.content(row.content).unwrap();
            content.read(0, usize::try_from(row.octets).unwrap()).unwrap()
        };
        rows.unwrap().into_iter().map(read).collect()
    }
}

pub fn sender() -> ReversePath {
    ReversePath::Address("a@example.org".parse().unwrap())
}
