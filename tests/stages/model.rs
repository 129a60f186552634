//! The world with adversarial caches.
//!
//! Time is virtual. A zone has several authoritative servers that take what is published when it pleases them, one at a
//! time and never backwards. For each record set the model keeps every version that any server has answered with, and
//! when it last did: two caches in a row may hold each of them for up to two of its TTLs (the absence of a set: of the
//! zone's negative TTL), senders may hold each policy that was served for its `max_age`, and each message that was
//! signed may arrive until the queue's lifetime is over. After every action *all* these versions are looked at, not a
//! choice of them: whatever a correct sender could see must be served.

use std::collections::{BTreeMap, BTreeSet};

use mailctl::artefact::reconcile::stage::Stages;
use mailctl::artefact::reconcile::stage::dmarc::strictness;
use mailctl::artefact::reconcile::stage::sight::{Answer, Keys, Observed};
use mailctl::artefact::reconcile::stage::target::{SetKey, covers, exchanges, name, tlsa};
use mailctl::artefact::reconcile::world::{World, questions, world};
use mailctl::artefact::render::dns::{Known, records};
use mailctl::ground::clock::Timestamp;
use mailctl::plan::Plan;
use mailctl::plan::document::{Certificate, DnsData, MtaStsMode, MtaStsPolicy, mta_sts_matches};
use mailctl::vocabulary::mail::Domain;

use crate::plans::{DOMAIN, LIFETIME, NEGATIVE_TTL, Shape};

pub const SERVERS: usize = 3;

/// What may happen.
#[derive(Debug, Clone)]
pub enum Op {
    /// Another plan is applied.
    Apply(Shape),
    /// The program dies after the stages were written and this many of their effects were done, and starts again.
    Crash(usize),
    /// A name server does not answer until it is asked again.
    Deaf(usize),
    /// Another key is asked for.
    Key,
    /// A person publishes what is to be published now (where nobody else does).
    Push,
    /// A message is signed.
    Send,
    /// A name server takes over what is published.
    Sync(usize),
    /// The server looks and moves on.
    Tick,
    /// Seconds pass.
    Wait(u32),
}

/// A mistake in the program, or in what it is told, that the model must notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The shelf serves a new key without asking.
    KeyAtOnce,
    /// The stages are lost in a crash.
    Forgets,
    /// It is believed that mail leaves the queue in half the time.
    LifetimeHalved,
    /// A policy counts as served before it is.
    PolicyUnserved,
    /// It is believed that senders forget policies in a third of the time.
    PolicyForgotten,
    /// One server's answer is taken for all of them.
    SightOfOne,
    /// Caches hold records twice as long as it is believed: the same as waiting one TTL where it must be two.
    TtlHalved,
    /// A pushed record counts as seen.
    Unseen,
}

#[derive(Debug, Clone, Default)]
struct Shelf {
    served: String,
    waiting: Option<String>,
}

type Zone = BTreeMap<SetKey, (u32, BTreeSet<DnsData>)>;

pub struct Model {
    now: i64,
    by_hand: bool,
    fault: Option<Fault>,
    plan: Plan,
    stages: Stages,
    shelf: BTreeMap<String, Shelf>,
    keys_made: u32,
    zone: Zone,
    servers: Vec<Zone>,
    deaf: BTreeSet<usize>,
    /// Version -> (TTL, last answered).
    views: BTreeMap<SetKey, BTreeMap<BTreeSet<DnsData>, (u32, i64)>>,
    served: Option<MtaStsPolicy>,
    /// Text -> last served.
    policies: BTreeMap<String, i64>,
    testing_since: Option<i64>,
    /// Announcements of policies that were served.
    ids: BTreeSet<String>,
    too_early: Option<String>,
    signing: BTreeSet<String>,
    /// Selectors of a message on its way, and when it is over.
    mail: Vec<(BTreeSet<String>, i64)>,
    /// DMARC's strictness as some server showed it, since when, and with which TTL.
    dmarc: (usize, i64, u32),
}

pub type Outcome = Result<(), String>;

fn domain() -> Domain {
    DOMAIN.parse().unwrap()
}

impl Model {
    /// A domain that has been served for long; everything is as the plan says.
    pub fn new(shape: &Shape, by_hand: bool, fault: Option<Fault>) -> Self {
        let mut model = Self {
            now: 1_000_000,
            by_hand,
            fault,
            plan: shape.plan(),
            stages: Stages::default(),
            shelf: BTreeMap::new(),
            keys_made: 0,
            zone: Zone::new(),
            servers: Vec::new(),
            deaf: BTreeSet::new(),
            views: BTreeMap::new(),
            served: None,
            policies: BTreeMap::new(),
            testing_since: None,
            ids: BTreeSet::new(),
            too_early: None,
            signing: BTreeSet::new(),
            mail: Vec::new(),
            dmarc: (shape.dmarc, 0, shape.ttl),
        };
        model.stock();
        let world = model.world();
        model.effects(&world, usize::MAX, true);
        model.servers = vec![model.zone.clone(); SERVERS];
        model.look_around();
        model
    }

    fn time(&self) -> Timestamp {
        Timestamp(self.now * 1000)
    }

    /// Every certificate of the plan has a key.
    fn stock(&mut self) {
        for certificate in &self.plan.certificates {
            self.keys_made += 1;
            let served = format!("{:064x}", self.keys_made);
            self.shelf.entry(name(certificate).to_owned()).or_insert(Shelf { served, waiting: None });
        }
    }

    fn known(&self) -> Known {
        let keys = |shelf: &Shelf| std::iter::once(&shelf.served).chain(&shelf.waiting).cloned().collect();
        Known { spki: self.shelf.iter().map(|(n, s)| (n.clone(), keys(s))).collect(), ..Known::default() }
    }

    fn world(&self) -> World {
        world(&self.plan, &self.known(), &self.stages)
    }

    pub fn run(&mut self, ops: &[Op]) -> Outcome {
        for (step, op) in ops.iter().enumerate() {
            self.act(op);
            self.look_around();
            self.check().map_err(|why| format!("after step {step}, {op:?}: {why}"))?;
        }
        Ok(())
    }

    fn act(&mut self, op: &Op) {
        match op {
            Op::Apply(shape) => self.apply(shape),
            Op::Crash(done) => {
                if self.fault == Some(Fault::Forgets) {
                    self.stages = Stages::default();
                }
                self.tick(*done);
                self.tick(usize::MAX);
            }
            Op::Deaf(server) => {
                self.deaf.insert(*server);
            }
            Op::Key => self.new_key(),
            Op::Push => {
                let world = self.world();
                self.publish(&world);
            }
            Op::Send => {
                if !self.signing.is_empty() {
                    self.mail.push((self.signing.clone(), self.now + LIFETIME as i64));
                }
            }
            Op::Sync(server) => self.servers[*server] = self.zone.clone(),
            Op::Tick => self.tick(usize::MAX),
            Op::Wait(seconds) => {
                // What is served was served until now.
                self.now += i64::from(*seconds);
            }
        }
    }

    fn apply(&mut self, shape: &Shape) {
        let after = shape.plan();
        let before = std::mem::replace(&mut self.plan, after);
        self.stock();
        let known = self.known();
        let stages = std::mem::take(&mut self.stages);
        self.stages = stages.open(Some(&self.believed(&before)), &self.believed(&self.plan), &known, self.time());
    }

    fn new_key(&mut self) {
        self.keys_made += 1;
        let key = format!("{:064x}", self.keys_made);
        let Some(certificate) = self.plan.certificates.first().cloned() else { return };
        let free = self.stages.may_serve(&self.plan, &self.known(), &certificate, &key);
        let Some(shelf) = self.shelf.get_mut(name(&certificate)) else { return };
        if free || self.fault == Some(Fault::KeyAtOnce) {
            (shelf.served, shelf.waiting) = (key, None);
        } else {
            shelf.waiting = Some(key);
        }
    }

    /// The plan as a faulty program would read it.
    fn believed(&self, plan: &Plan) -> Plan {
        let mut plan = plan.clone();
        match self.fault {
            Some(Fault::LifetimeHalved) => plan.outbound.lifetime_seconds /= 2,
            Some(Fault::PolicyForgotten) => {
                for policy in plan.domains.values_mut().filter_map(|d| d.mta_sts.as_mut()) {
                    let age = policy.max_age_seconds();
                    policy.text = policy.text.replace(&format!("max_age: {age}"), &format!("max_age: {}", age / 3));
                }
            }
            _ => {}
        }
        plan
    }

    fn tick(&mut self, effects: usize) {
        // What is looked for has been pushed before: a version that is on its way must not come after the look.
        if !self.by_hand {
            let world = self.world();
            self.publish(&world);
        }
        let observed = self.observe();
        let plan = self.believed(&self.plan);
        let stages = std::mem::take(&mut self.stages);
        self.stages = stages.advance(&plan, &self.known(), &observed, self.time());
        // Stages survive in their written form.
        let written = serde_json::to_vec(&self.stages).unwrap();
        self.stages = serde_json::from_slice(&written).unwrap();
        let world = self.world();
        self.effects(&world, effects, !self.by_hand);
        self.deaf.clear();
    }

    fn observe(&self) -> Observed {
        let mut observed = Observed::nothing(self.time());
        for (_, key) in questions(&self.plan, &self.known(), &self.stages) {
            let answer = |server: usize| {
                let of = if self.fault == Some(Fault::SightOfOne) { 0 } else { server };
                let zone = if self.fault == Some(Fault::Unseen) { &self.zone } else { &self.servers[of] };
                if self.deaf.contains(&of) {
                    return Err("no answer".to_owned());
                }
                let (ttl_seconds, data) = zone.get(&key).cloned().unwrap_or_default();
                Ok(Answer { ttl_seconds, data })
            };
            observed.sets.insert(key.clone(), (0..SERVERS).map(answer).collect());
        }
        observed.negative_ttl_seconds.insert(DOMAIN.to_owned(), NEGATIVE_TTL);
        let served = match self.fault {
            Some(Fault::PolicyUnserved) => self.stages.policies.get(&domain()).and_then(|s| s.current.clone()),
            _ => self.served.clone(),
        };
        observed.policies.insert(domain(), served.map(|p| p.text));
        observed.signing.insert(domain(), self.signing.clone());
        let keys = |shelf: &Shelf| Keys { served: shelf.served.clone(), waiting: shelf.waiting.clone() };
        observed.keys = self.shelf.iter().map(|(n, s)| (n.clone(), keys(s))).collect();
        observed.hosts.insert(self.plan.host.name.to_string(), true);
        observed.running = true;
        observed
    }

    /// What is announced in place of another policy must have been served.
    fn publish(&mut self, world: &World) {
        let key = SetKey::new(format!("_mta-sts.{DOMAIN}"), "TXT");
        let before = std::mem::replace(&mut self.zone, zone(world));
        let id = |zone: &Zone| zone.get(&key).and_then(|(_, data)| data.first()).map(ToString::to_string);
        if let (Some(old), Some(new)) = (id(&before), id(&self.zone))
            && old != new
            && !self.ids.contains(&new)
        {
            self.too_early = Some(new);
        }
        // Who publishes by hand does so where everybody looks.
        if self.by_hand
            && let Some(first) = self.servers.first_mut()
        {
            first.clone_from(&self.zone);
        }
    }

    /// Does what the stages allow; only the first few of it when the program dies.
    fn effects(&mut self, world: &World, most: usize, push: bool) {
        if most > 0 && push {
            self.publish(world);
        }
        if most > 1 {
            self.served = world.policies.get(&domain()).cloned();
            self.ids.extend(self.served.iter().map(|p| format!("v=STSv1; id={};", p.id)));
        }
        if most > 2 {
            self.signing = world.signing.get(&domain()).cloned().unwrap_or_default();
        }
        if most > 3 {
            for (name, key) in &world.serving {
                if let Some(shelf) = self.shelf.get_mut(name).filter(|shelf| shelf.waiting.as_ref() == Some(key)) {
                    (shelf.served, shelf.waiting) = (key.clone(), None);
                }
            }
            let kept = world.kept.iter().map(|k| &k.certificate);
            let needed: BTreeSet<&str> = self.plan.certificates.iter().chain(kept).map(name).collect();
            let needed = |name: &String| needed.contains(name.as_str());
            let needed: BTreeSet<String> = self.shelf.keys().filter(|n| needed(n)).cloned().collect();
            self.shelf.retain(|name, _| needed.contains(name));
        }
    }

    /// Notes what everybody can see now.
    fn look_around(&mut self) {
        let keys: BTreeSet<SetKey> =
            self.servers.iter().flat_map(Zone::keys).chain(self.views.keys()).cloned().collect();
        for key in keys {
            for server in &self.servers {
                let (ttl, data) = server.get(&key).cloned().unwrap_or((NEGATIVE_TTL, BTreeSet::new()));
                let view = self.views.entry(key.clone()).or_default().entry(data).or_insert((ttl, self.now));
                *view = (view.0.max(ttl), self.now);
            }
        }
        if let Some(policy) = &self.served {
            self.policies.insert(policy.text.clone(), self.now);
            self.testing_since = match policy.mode() {
                MtaStsMode::Testing => self.testing_since.or(Some(self.now)),
                MtaStsMode::Enforce => self.testing_since,
                MtaStsMode::None => None,
            };
        } else {
            self.testing_since = None;
        }
    }

    /// Every version of a set that some cache may answer with now.
    fn possible(&self, key: &SetKey) -> Vec<&BTreeSet<DnsData>> {
        let times = if self.fault == Some(Fault::TtlHalved) { 4 } else { 2 };
        let views = self.views.get(key).into_iter().flatten();
        views
            .filter(|(_, (ttl, last))| self.now <= *last || self.now < last + times * i64::from(*ttl))
            .map(|(v, _)| v)
            .collect()
    }

    /// The certificate that a client gets who asks for `host`, if one is valid for it.
    fn certificate_for(&self, host: &str) -> Option<Certificate> {
        let world = self.world();
        let kept = world.kept.iter().find(|k| k.names.contains(host)).map(|k| &k.certificate);
        let own = kept.or_else(|| self.plan.certificates.iter().find(|c| covers(c, host)));
        own.or(self.plan.certificates.first().filter(|_| world.names.contains(host))).cloned()
    }

    fn check(&mut self) -> Outcome {
        let ensure = |holds: bool, why: &dyn Fn() -> String| if holds { Ok(()) } else { Err(why()) };
        let mx = SetKey::mx(DOMAIN);
        for version in self.possible(&mx) {
            for host in exchanges(version) {
                let certificate = self.certificate_for(host);
                let served = certificate.as_ref().and_then(|c| self.shelf.get(name(c)));
                for tlsas in self.possible(&SetKey::new(format!("_25._tcp.{host}"), "TLSA")) {
                    let fits = tlsas.is_empty() || served.is_some_and(|shelf| tlsas.contains(&tlsa(&shelf.served)));
                    ensure(fits, &|| format!("DANE: {host} serves {served:?}, a cache has {tlsas:?}"))?;
                }
                for addresses in self.possible(&SetKey::new(host, "A")) {
                    ensure(!addresses.is_empty(), &|| format!("a cache has MX {host} and no address of it"))?;
                }
            }
            for (text, last) in &self.policies {
                let policy = MtaStsPolicy { id: String::new(), text: text.clone(), served_here: true };
                let age = i64::try_from(policy.max_age_seconds()).unwrap();
                let age = if self.fault == Some(Fault::PolicyForgotten) { age * 3 } else { age };
                if policy.mode() != MtaStsMode::Enforce || (self.now > *last && self.now >= last + age) {
                    continue;
                }
                let usable =
                    |host: &str| policy.mx().any(|m| mta_sts_matches(m, host)) && self.certificate_for(host).is_some();
                ensure(exchanges(version).any(usable), &|| format!("MTA-STS: {text:?} refuses all of {version:?}"))?;
            }
        }
        self.check_policy()?;
        self.check_mail()?;
        self.check_dmarc()
    }

    fn check_policy(&self) -> Outcome {
        if let Some(id) = &self.too_early {
            return Err(format!("the id {id} is announced before its policy is served"));
        }
        match (&self.served, self.testing_since) {
            (Some(policy), Some(since)) if policy.mode() == MtaStsMode::Enforce => {
                // Of a policy that is enforced already the age may be raised at once; 200 is the least that plans have.
                let age = i64::try_from(policy.max_age_seconds()).unwrap().min(200);
                if self.now - since < age {
                    Err(format!("enforced after {} s of testing", self.now - since))
                } else {
                    Ok(())
                }
            }
            _ => Ok(()),
        }
    }

    fn check_mail(&mut self) -> Outcome {
        let now = self.now;
        self.mail.retain(|(_, until)| now < *until);
        for selector in self.mail.iter().flat_map(|(selectors, _)| selectors).collect::<BTreeSet<_>>() {
            let key = SetKey::selector(DOMAIN, selector);
            for version in self.possible(&key) {
                let wanted = DnsData::Txt(format!("v=DKIM1; k=rsa; p=KEY{}", selector.trim_start_matches('s')));
                if !version.contains(&wanted) {
                    return Err(format!("DKIM: mail is signed with {selector}, a cache has {version:?}"));
                }
            }
        }
        Ok(())
    }

    fn check_dmarc(&mut self) -> Outcome {
        let key = SetKey::new(format!("_dmarc.{DOMAIN}"), "TXT");
        let level = |zone: &Zone| {
            zone.get(&key).and_then(|(ttl, d)| match d.first() {
                Some(DnsData::Txt(text)) => Some((strictness(text)?, *ttl)),
                _ => None,
            })
        };
        let Some((strictest, ttl)) = self.servers.iter().filter_map(level).max() else { return Ok(()) };
        let (before, since, stood) = self.dmarc;
        if strictest > before && (strictest > before + 1 || self.now - since < 2 * i64::from(stood)) {
            return Err(format!("DMARC: from {before} to {strictest} after {} s", self.now - since));
        }
        if strictest != before {
            self.dmarc = (strictest, self.now, ttl);
        }
        Ok(())
    }

    /// Everybody does his part from now on: the world becomes the plan.
    pub fn come_to_rest(&mut self) -> Outcome {
        let mut ops: Vec<Op> = vec![Op::Tick, Op::Push];
        ops.extend((0..SERVERS).map(Op::Sync));
        ops.extend([Op::Tick, Op::Wait(61)]);
        for _ in 0..120 {
            self.run(&ops)?;
        }
        let known = self.known();
        let testing = self.plan.domains[&domain()].mta_sts.as_ref().is_some_and(|p| p.mode() == MtaStsMode::Testing);
        let rest = Stages { policies: BTreeMap::new(), ..self.stages.clone() };
        if !(rest.is_empty() && (testing || self.stages.is_empty())) {
            return Err(format!("it never comes to rest: {:#?}", self.stages));
        }
        let mut wanted = records(&self.plan, &known);
        wanted.sort();
        let world = self.world();
        let waiting: Vec<&Shelf> = self.shelf.values().filter(|shelf| shelf.waiting.is_some()).collect();
        if world.records != wanted || !waiting.is_empty() || self.servers.iter().any(|z| *z != zone(&world)) {
            return Err(format!("at rest, and not where the plan leads: {:#?} {waiting:?}", world.records));
        }
        Ok(())
    }
}

fn zone(world: &World) -> Zone {
    let mut zone = Zone::new();
    for record in &world.records {
        if !record.data.is_generated() {
            let set = zone.entry(SetKey::of(record)).or_insert((record.ttl_seconds, BTreeSet::new()));
            set.1.insert(record.data.clone());
        }
    }
    zone
}
