//! Random operations on the store and on a model that fits on a page; afterwards both must agree.
//!
//! Besides the state itself, a watcher follows each mailbox through `change::since` alone and must end
//! up with the same messages; and the store is closed and opened again in between.

use std::collections::BTreeMap;

use mailctl::ground::clock::Timestamp;
use mailctl::state::store::flag::{self, Change};
use mailctl::state::store::message::{self, Expunge};
use mailctl::state::store::{
    AccountId, MailboxId, Options, Store, StoreError, Tx, account, audit, change, mailbox, quota,
};
use mailctl::vocabulary::mail::Flags;
use proptest::prelude::*;

const NAMES: [&str; 6] = ["INBOX", "A", "A/B", "A/B/C", "D", "A/E"];

#[derive(Debug, Clone)]
enum Op {
    Append { to: usize, octets: u16, flags: u8 },
    Copy { from: usize, uids: Vec<u32>, to: usize, moved: bool },
    Create(usize),
    Delete(usize),
    Expunge { from: usize, uids: Option<Vec<u32>> },
    Follow(usize),
    Rename { from: usize, to: usize },
    Reopen,
    Store { at: usize, uids: Vec<u32>, change: u8, flags: u8, keyword: bool },
}

fn op() -> impl Strategy<Value = Op> {
    let name = 0..NAMES.len();
    let uids = proptest::collection::vec(1u32..12, 0..6);
    prop_oneof![
        6 => (name.clone(), 0u16..2000, 0u8..32).prop_map(|(to, octets, flags)| Op::Append { to, octets, flags }),
        3 => (name.clone(), uids.clone(), name.clone(), any::<bool>())
            .prop_map(|(from, uids, to, moved)| Op::Copy { from, uids, to, moved }),
        3 => name.clone().prop_map(Op::Create),
        1 => name.clone().prop_map(Op::Delete),
        3 => (name.clone(), proptest::option::of(uids.clone())).prop_map(|(from, uids)| Op::Expunge { from, uids }),
        4 => name.clone().prop_map(Op::Follow),
        2 => (name.clone(), name.clone()).prop_map(|(from, to)| Op::Rename { from, to }),
        1 => Just(Op::Reopen),
        4 => (name, uids, 0u8..3, 0u8..32, any::<bool>())
            .prop_map(|(at, uids, change, flags, keyword)| Op::Store { at, uids, change, flags, keyword }),
    ]
}

#[derive(Debug, Clone, PartialEq)]
struct Mail {
    bytes: Vec<u8>,
    flags: Flags,
}

#[derive(Debug, Clone, Default)]
struct Folder {
    uidnext: u32,
    mail: BTreeMap<u32, Mail>,
}

#[derive(Default)]
struct Model {
    boxes: BTreeMap<&'static str, Folder>,
}

struct World {
    folder: tempfile::TempDir,
    store: Option<Store>,
    account: AccountId,
    model: Model,
    /// What a watcher of each mailbox believes, and the mod-sequence it knows.
    followers: BTreeMap<MailboxId, (u64, BTreeMap<u32, Flags>)>,
    uidvalidity: BTreeMap<String, u32>,
    serial: u32,
}

fn flags(bits: u8, keyword: bool) -> Flags {
    let mut flags = Flags { system: bits & 31, ..Flags::default() };
    if keyword {
        flags.keywords.insert("$Forwarded".into());
    }
    flags
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), options()).unwrap();
        let (made, _durable) = store
            .write_blocking(vec![], |tx, _| account::ensure(tx, &"a@x.org".parse().unwrap(), Timestamp(5_000)))
            .unwrap();
        let mut model = Model::default();
        model.boxes.insert("INBOX", Folder { uidnext: 1, ..Folder::default() });
        Self {
            folder,
            store: Some(store),
            account: made.id,
            model,
            followers: BTreeMap::new(),
            uidvalidity: BTreeMap::new(),
            serial: 0,
        }
    }

    fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    fn write<R: Send + 'static>(
        &self,
        op: impl FnOnce(&mut Tx<'_>) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        self.store().write_blocking(vec![], |tx, _| op(tx)).map(|(value, _)| value)
    }

    fn id(&self, name: &str) -> Option<MailboxId> {
        self.store().read(|view| mailbox::find(view, self.account, name)).unwrap().map(|mailbox| mailbox.id)
    }

    fn both(&mut self, name: usize) -> Option<(MailboxId, &mut Folder)> {
        let id = self.id(NAMES[name]);
        let known = self.model.boxes.get_mut(NAMES[name]);
        assert_eq!(id.is_some(), known.is_some(), "{}", NAMES[name]);
        id.zip(known)
    }

    fn apply(&mut self, op: Op) {
        match op {
            Op::Append { to, octets, flags: bits } => self.append(to, octets, bits),
            Op::Copy { from, uids, to, moved } => self.copy(from, &uids, to, moved),
            Op::Create(name) => self.create(NAMES[name]),
            Op::Delete(name) => self.delete(NAMES[name]),
            Op::Expunge { from, uids } => self.expunge(from, uids),
            Op::Follow(name) => self.follow(name),
            Op::Rename { from, to } => self.rename(NAMES[from], NAMES[to]),
            Op::Reopen => {
                self.store = None;
                self.store = Some(Store::open(self.folder.path(), options()).unwrap());
                assert!(self.store().repairs().is_empty());
            }
            Op::Store { at, uids, change, flags: bits, keyword } => {
                self.store_flags(at, uids, change, flags(bits, keyword))
            }
        }
    }

    fn append(&mut self, to: usize, octets: u16, bits: u8) {
        self.serial += 1;
        let mut bytes = format!("{}:", self.serial).into_bytes();
        bytes.resize(bytes.len() + usize::from(octets), b'.');
        let Some((id, known)) = self.both(to) else { return };
        let uid = known.uidnext;
        known.uidnext += 1;
        known.mail.insert(uid, Mail { bytes: bytes.clone(), flags: flags(bits, false) });
        let mut staged = self.store().stage();
        staged.append(&bytes).unwrap();
        let (appended, _durable) = self
            .store()
            .write_blocking(vec![staged], move |tx, contents| {
                message::append(tx, id, contents[0], &flags(bits, false), Timestamp(1))
            })
            .unwrap();
        assert_eq!(appended.uid, uid);
    }

    fn copy(&mut self, from: usize, uids: &[u32], to: usize, moved: bool) {
        let Some(target) = self.id(NAMES[to]) else { return };
        let Some((source, known)) = self.both(from) else { return };
        let mut wanted: Vec<u32> = uids.iter().copied().filter(|uid| known.mail.contains_key(uid)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mail: Vec<Mail> = wanted.iter().map(|uid| known.mail[uid].clone()).collect();
        if moved {
            wanted.iter().for_each(|uid| drop(known.mail.remove(uid)));
        }
        let there = self.model.boxes.get_mut(NAMES[to]).unwrap();
        let mut pairs = Vec::new();
        for (old, mail) in wanted.into_iter().zip(mail) {
            pairs.push((old, there.uidnext));
            there.mail.insert(there.uidnext, mail);
            there.uidnext += 1;
        }
        let uids = uids.to_vec();
        let copied = self.write(move |tx| {
            if moved { message::move_to(tx, source, &uids, target) } else { message::copy(tx, source, &uids, target) }
        });
        assert_eq!(copied.unwrap().uids, pairs);
    }

    fn create(&mut self, name: &'static str) {
        let account = self.account;
        let made = self.write(move |tx| mailbox::create(tx, account, name, None));
        assert_eq!(made.is_ok(), !self.model.boxes.contains_key(name));
        for parent in NAMES.iter().filter(|other| **other == name || name.starts_with(&format!("{other}/"))) {
            self.model.boxes.entry(parent).or_insert(Folder { uidnext: 1, ..Folder::default() });
        }
    }

    fn delete(&mut self, name: &'static str) {
        let account = self.account;
        let gone = self.write(move |tx| mailbox::delete(tx, account, name));
        let below = format!("{name}/");
        let may = name != "INBOX"
            && self.model.boxes.contains_key(name)
            && !self.model.boxes.keys().any(|other| other.starts_with(&below));
        assert_eq!(gone.is_ok(), may, "{gone:?}");
        if may {
            self.model.boxes.remove(name);
        }
    }

    fn expunge(&mut self, from: usize, uids: Option<Vec<u32>>) {
        let Some((id, known)) = self.both(from) else { return };
        let doomed: Vec<u32> = known
            .mail
            .iter()
            .filter(|(uid, mail)| uids.as_ref().map_or(mail.flags.system & 2 != 0, |uids| uids.contains(uid)))
            .map(|(uid, _)| *uid)
            .collect();
        doomed.iter().for_each(|uid| drop(known.mail.remove(uid)));
        let gone = self.write(move |tx| match &uids {
            Some(uids) => message::expunge(tx, id, Expunge::Uids(uids), 100),
            None => message::expunge(tx, id, Expunge::Deleted, 100),
        });
        assert_eq!(gone.unwrap(), doomed);
    }

    fn follow(&mut self, name: usize) {
        let Some((id, known)) = self.both(name) else { return };
        let expected: BTreeMap<u32, Flags> = known.mail.iter().map(|(uid, mail)| (*uid, mail.flags.clone())).collect();
        let (modseq, mut believed) = self.followers.remove(&id).unwrap_or_default();
        let changes = self.store().read(|view| change::since(view, id, modseq)).unwrap();
        assert!(changes.complete);
        for (first, last) in changes.vanished {
            believed.retain(|uid, _| !(first..=last).contains(uid));
        }
        believed.extend(changes.messages);
        assert_eq!(believed, expected);
        self.followers.insert(id, (changes.mailbox.modseq, believed));
    }

    fn rename(&mut self, from: &'static str, to: &'static str) {
        let account = self.account;
        let renamed = self.write(move |tx| mailbox::rename(tx, account, from, to));
        let below = format!("{from}/");
        let may = self.model.boxes.contains_key(from)
            && !self.model.boxes.contains_key(to)
            && (from == "INBOX" || !to.starts_with(&below));
        assert_eq!(renamed.is_ok(), may, "{from} to {to}: {renamed:?}");
        if !may {
            return;
        }
        let parents = NAMES.iter().filter(|other| to.starts_with(&format!("{other}/")));
        let parents: Vec<&'static str> = parents.copied().collect();
        if from == "INBOX" {
            let mail = std::mem::take(&mut self.model.boxes.get_mut("INBOX").unwrap().mail);
            let mail: BTreeMap<u32, Mail> = (1..).zip(mail.into_values()).collect();
            self.model.boxes.insert(to, Folder { uidnext: mail.len() as u32 + 1, mail });
        } else {
            let moved: Vec<&'static str> =
                self.model.boxes.keys().copied().filter(|n| *n == from || n.starts_with(&below)).collect();
            for old in moved {
                let new = format!("{to}{}", &old[from.len()..]);
                let known = self.model.boxes.remove(old).unwrap();
                self.model.boxes.insert(Box::leak(new.into_boxed_str()), known);
            }
        }
        for parent in parents {
            self.model.boxes.entry(parent).or_insert(Folder { uidnext: 1, ..Folder::default() });
        }
    }

    fn store_flags(&mut self, at: usize, uids: Vec<u32>, change: u8, given: Flags) {
        let Some((id, known)) = self.both(at) else { return };
        let change = [Change::Add, Change::Remove, Change::Replace][usize::from(change)];
        for (_, mail) in known.mail.iter_mut().filter(|(uid, _)| uids.contains(uid)) {
            match change {
                Change::Add => {
                    mail.flags.system |= given.system;
                    mail.flags.keywords.extend(given.keywords.clone());
                }
                Change::Remove => {
                    mail.flags.system &= !given.system;
                    mail.flags.keywords.retain(|keyword| !given.keywords.contains(keyword));
                }
                Change::Replace => mail.flags = given.clone(),
            }
        }
        self.write(move |tx| flag::store(tx, id, &uids, change, &given)).unwrap();
    }

    /// The store and the model say the same, and the counters are true.
    fn compare(&mut self) {
        let store = self.store.as_ref().unwrap();
        assert_eq!(store.read(audit).unwrap(), Vec::<String>::new());
        let defaults = ["Archive", "Drafts", "Junk", "Sent", "Trash"];
        let mailboxes = store.read(|view| mailbox::list(view, self.account)).unwrap();
        let mine: Vec<_> = mailboxes.iter().filter(|m| !defaults.contains(&m.name.as_str())).collect();
        let names: Vec<&str> = mine.iter().map(|mailbox| mailbox.name.as_str()).collect();
        assert_eq!(names, self.model.boxes.keys().copied().collect::<Vec<_>>());
        let mut octets = 0;
        for mailbox in mine {
            let known = &self.model.boxes[mailbox.name.as_str()];
            assert_eq!(mailbox.uidnext, known.uidnext, "{}", mailbox.name);
            let rows = store.read(|view| message::rows_after(view, mailbox.id, 0, 1000)).unwrap();
            let there: BTreeMap<u32, Mail> = rows
                .into_iter()
                .map(|row| {
                    octets += row.octets;
                    let bytes = store.content(row.content).unwrap().read(0, usize::MAX).unwrap();
                    (row.uid, Mail { bytes, flags: row.flags })
                })
                .collect();
            assert_eq!(there, known.mail, "{}", mailbox.name);
            // RFC 9051 §2.3.1.1: what a name shows never goes back.
            let before = self.uidvalidity.insert(mailbox.name.clone(), mailbox.uidvalidity);
            assert!(before.is_none_or(|before| before <= mailbox.uidvalidity));
        }
        assert_eq!(store.read(|view| quota::usage(view, self.account)).unwrap().octets, octets);
    }
}

fn options() -> Options {
    Options { segment_octets: 5_000, ..Options::default() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_store_does_what_the_model_does(ops in proptest::collection::vec(op(), 1..50)) {
        let mut world = World::new();
        for (at, op) in ops.into_iter().enumerate() {
            world.apply(op);
            if at % 5 == 0 {
                world.compare();
            }
        }
        for name in 0..NAMES.len() {
            world.follow(name);
        }
        world.compare();
    }
}
