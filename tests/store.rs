//! The store's behaviour from outside: mailboxes, queue, faults of the disk, torn tails.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use mailctl::ground::clock::Timestamp;
use mailctl::ground::limits;
use mailctl::state::queue::{self, NewMessage, Outcome, QueueId, RecipientState};
use mailctl::state::store::flag::{self, Change};
use mailctl::state::store::message::{self, Expunge};
use mailctl::state::store::{
    ContentId, Disk, LocalDisk, Options, Staged, Store, StoreError, account, audit, change, deliver, mailbox, quota,
};
use mailctl::vocabulary::mail::{Address, BodyType, Flags, ReversePath, SystemFlag};

const NOW: Timestamp = Timestamp(1_795_000_000_000);

fn open(folder: &Path) -> Store {
    Store::open(folder, Options::default()).unwrap()
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn staged(store: &Store, bytes: &[u8]) -> Staged {
    let mut staged = store.stage();
    staged.append(bytes).unwrap();
    staged
}

fn deliver_to(store: &Store, to: &[&str], bytes: &[u8]) -> ContentId {
    let to: Vec<Address> = to.iter().map(|to| address(to)).collect();
    let ((content, delivered), _durable) = store
        .write_blocking(vec![staged(store, bytes)], move |tx, contents| {
            Ok((contents[0], deliver(tx, contents[0], &to, "INBOX", NOW)?))
        })
        .unwrap();
    assert!(!delivered.is_empty());
    content
}

fn bytes_of(store: &Store, content: ContentId) -> Vec<u8> {
    store.content(content).unwrap().read(0, usize::MAX).unwrap()
}

fn account_of(store: &Store, who: &str) -> account::Account {
    store.read(|view| account::find(view, &address(who))).unwrap().unwrap()
}

fn assert_sound(store: &Store) {
    assert_eq!(store.read(audit).unwrap(), Vec::<String>::new());
}

/// Counts them once the writer is through: it deletes a dead segment after it answered.
fn segment_files(store: &Store, folder: &Path) -> usize {
    drop(store.write_blocking(vec![], |_, _| Ok(())).unwrap());
    std::fs::read_dir(folder.join("segments")).unwrap().count()
}

#[test]
fn an_account_is_born_with_its_default_mailboxes_and_shares_contents() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let content = deliver_to(&store, &["A@x.org", "b@x.org"], b"Subject: one\r\n\r\nhi\r\n");
    assert_eq!(bytes_of(&store, content), b"Subject: one\r\n\r\nhi\r\n");
    let a = account_of(&store, "a@x.org");
    let names: Vec<String> =
        store.read(|v| mailbox::list(v, a.id)).unwrap().into_iter().map(|mailbox| mailbox.name).collect();
    assert_eq!(names, ["Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"]);
    for who in ["a@x.org", "b@x.org"] {
        let account = account_of(&store, who);
        assert_eq!((account.octets, account.messages), (20, 1));
        let snapshot = store.read(|v| message::snapshot(v, account.inbox)).unwrap();
        assert_eq!(snapshot.messages, [(1, Flags::default())]);
        assert_eq!(store.read(|v| message::rows(v, account.inbox, &[1])).unwrap()[0].content, content);
    }
    assert_sound(&store);
}

#[test]
fn a_long_message_becomes_a_segment_of_its_own_and_goes_with_its_last_row() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let long: Vec<u8> = (0..limits::STAGING_MEMORY_OCTETS * 3).map(|n| (n % 251) as u8).collect();
    let mut staged = store.stage();
    for piece in long.chunks(60_000) {
        staged.append(piece).unwrap();
    }
    assert_eq!(staged.len(), long.len() as u64);
    assert!(staged.as_slice().is_none());
    let mut piece = [0; 100];
    assert_eq!(staged.read_at(500_000, &mut piece).unwrap(), 100);
    assert_eq!(piece[..], long[500_000..500_100]);
    let (appended, _) = store
        .write_blocking(vec![staged], |tx, contents| {
            deliver(tx, contents[0], &[address("a@x.org")], "INBOX", NOW)?;
            Ok(contents[0])
        })
        .unwrap();
    assert_eq!(bytes_of(&store, appended), long);
    assert_eq!(segment_files(&store, folder.path()), 1);
    let open_content = store.content(appended).unwrap();
    let inbox = account_of(&store, "a@x.org").inbox;
    drop(store.write_blocking(vec![], move |tx, _| message::expunge(tx, inbox, Expunge::Uids(&[1]), 10)).unwrap());
    assert_eq!(segment_files(&store, folder.path()), 0, "the file of a dead segment goes");
    assert_eq!(open_content.read(0, usize::MAX).unwrap(), long, "whoever reads it still can");
    assert!(matches!(store.content(appended), Err(StoreError::NoContent(_))));
    assert_sound(&store);
}

#[test]
fn staged_bytes_that_are_dropped_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    drop(staged(&store, &vec![7; limits::STAGING_MEMORY_OCTETS + 1]));
    assert_eq!(segment_files(&store, folder.path()), 0);
}

#[test]
fn a_job_that_fails_or_panics_leaves_nothing_and_harms_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let failed = store.write_blocking(vec![staged(&store, b"x")], |tx, contents| {
        deliver(tx, contents[0], &[address("a@x.org")], "INBOX", NOW)?;
        Err::<(), _>(StoreError::OverQuota)
    });
    assert!(matches!(failed, Err(StoreError::OverQuota)));
    let panicked = store.write_blocking(vec![staged(&store, b"x")], |tx, contents| {
        deliver(tx, contents[0], &[address("a@x.org")], "INBOX", NOW)?;
        if contents.len() == 1 {
            panic!("as a test does")
        }
        Ok(())
    });
    assert!(matches!(panicked, Err(StoreError::Panicked)));
    assert!(store.read(|view| account::find(view, &address("a@x.org"))).unwrap().is_none());
    deliver_to(&store, &["a@x.org"], b"y");
    assert_eq!(account_of(&store, "a@x.org").messages, 1);
    assert_sound(&store);
}

#[test]
fn two_servers_never_share_a_store_but_a_tool_may_look() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    deliver_to(&store, &["a@x.org"], b"x");
    assert!(matches!(Store::open(folder.path(), Options::default()), Err(StoreError::InUse(_))));
    let tool = Store::inspect(folder.path()).unwrap();
    assert_eq!(tool.read(|view| account::list(view, "", 10)).unwrap().len(), 1);
    drop(store);
    assert_eq!(tool.read(|view| account::list(view, "", 10)).unwrap().len(), 1);
    drop(tool);
    let store = open(folder.path());
    assert!(store.repairs().is_empty(), "{:?}", store.repairs());
}

#[test]
fn a_newer_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let rows = rusqlite::Connection::open(folder.path().join("rows.sqlite")).unwrap();
    rows.execute("UPDATE meta SET value = 99 WHERE key = 'format'", []).unwrap();
    drop(rows);
    assert!(matches!(Store::open(folder.path(), Options::default()), Err(StoreError::Newer { found: 99, known: 2 })));
}

#[test]
fn an_older_format_is_brought_up_with_what_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    deliver_to(&store, &["a@x.org"], b"kept");
    let id = queued(&store, b"xxxbody", &["u@y.org"]);
    drop(store);
    let rows = rusqlite::Connection::open(folder.path().join("rows.sqlite")).unwrap();
    rows.execute_batch("ALTER TABLE queue_message DROP COLUMN delay_noticed").unwrap();
    rows.execute("UPDATE meta SET value = 1 WHERE key = 'format'", []).unwrap();
    drop(rows);
    let tool = Store::inspect(folder.path()).unwrap();
    assert_eq!(tool.read(|view| queue::list(view, QueueId(0), 10)).unwrap().len(), 1, "a look changes nothing");
    drop(tool);
    for first in [true, false] {
        let store = open(folder.path());
        assert_eq!(store.read(|view| account::list(view, "", 10)).unwrap().len(), 1);
        assert_eq!(store.read(|view| queue::is_delay_noticed(view, id)).unwrap(), !first);
        let (noted, _) = store.write_blocking(vec![], move |tx, _| queue::note_delay(tx, id)).unwrap();
        assert_eq!(noted, first, "noted once, and for good");
    }
    let rows = rusqlite::Connection::open(folder.path().join("rows.sqlite")).unwrap();
    rows.execute("UPDATE meta SET value = 0 WHERE key = 'format'", []).unwrap();
    drop(rows);
    assert!(matches!(Store::open(folder.path(), Options::default()), Err(StoreError::Damaged(_))));
}

/// RFC 9051 §2.3.1.1, §6.3.4 to §6.3.6.
#[test]
fn names_and_uidvalidity_follow_the_standard() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    deliver_to(&store, &["a@x.org"], b"x");
    let a = account_of(&store, "a@x.org").id;
    let write = |op: fn(
        &mut mailctl::state::store::Tx<'_>,
        account_id: mailctl::state::store::AccountId,
    ) -> Result<(), StoreError>| {
        store.write_blocking(vec![], move |tx, _| op(tx, a)).map(|(value, _)| value)
    };
    let find = |name: &str| store.read(|view| mailbox::find(view, a, name)).unwrap();

    write(|tx, a| mailbox::create(tx, a, "Work/2026/May/", None).map(drop)).unwrap();
    assert!(find("Work").is_some() && find("Work/2026").is_some() && find("Work/2026/May").is_some());
    assert!(find("inbox").is_some());
    assert!(matches!(write(|tx, a| mailbox::create(tx, a, "inBOX", None).map(drop)), Err(StoreError::Exists)));
    assert!(matches!(write(|tx, a| mailbox::delete(tx, a, "INBOX")), Err(StoreError::Inbox)));
    assert!(matches!(write(|tx, a| mailbox::delete(tx, a, "Work")), Err(StoreError::HasChildren)));
    for bad in ["", "/", "a//b", "/a", "a\tb", "a*", "%"] {
        assert!(mailbox::normalise(bad).is_err(), "{bad:?}");
    }

    let first = find("Work/2026").unwrap().uidvalidity;
    write(|tx, a| mailbox::rename(tx, a, "Work", "Old/Work")).unwrap();
    assert!(find("Work/2026").is_none());
    assert!(find("Old/Work/2026/May").is_some() && find("Old").is_some());
    write(|tx, a| mailbox::create(tx, a, "Work/2026", None).map(drop)).unwrap();
    let second = find("Work/2026").unwrap().uidvalidity;
    assert!(second > first);
    write(|tx, a| mailbox::delete(tx, a, "Work/2026")).unwrap();
    write(|tx, a| mailbox::rename(tx, a, "Old/Work/2026", "Work/2026")).unwrap();
    assert!(find("Work/2026").unwrap().uidvalidity > second, "renamed onto a name that was used");
    assert!(matches!(write(|tx, a| mailbox::rename(tx, a, "Old", "Old/x")), Err(StoreError::Name(_))));

    // RFC 9051 §6.3.6: renaming INBOX moves its messages and leaves it empty.
    write(|tx, a| mailbox::rename(tx, a, "INBOX", "Saved")).unwrap();
    assert_eq!(find("INBOX").unwrap().messages, 0);
    assert_eq!(find("Saved").unwrap().messages, 1);
    assert_sound(&store);
}

#[test]
fn flags_copy_move_and_expunge_are_seen_as_changes() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for _ in 0..5 {
        deliver_to(&store, &["a@x.org"], b"12345");
    }
    let a = account_of(&store, "a@x.org");
    let inbox = a.inbox;
    let trash = store.read(|view| mailbox::find(view, a.id, "Trash")).unwrap().unwrap().id;
    let before = store.read(|view| mailbox::status(view, inbox)).unwrap();
    assert_eq!((before.messages, before.unseen, before.uidnext), (5, 5, 6));

    let mut flags = Flags::from(SystemFlag::Deleted);
    flags.keywords.insert("$Work".into());
    let stored = store.write_blocking(vec![], move |tx, _| flag::store(tx, inbox, &[2, 3, 99], Change::Add, &flags));
    let stored = stored.unwrap().0;
    assert_eq!(stored.iter().map(|s| (s.uid, s.changed)).collect::<Vec<_>>(), [(2, true), (3, true)]);
    let mut lower = Flags::default();
    lower.keywords.insert("$work".into());
    let again = store.write_blocking(vec![], move |tx, _| flag::store(tx, inbox, &[2], Change::Add, &lower)).unwrap().0;
    assert!(!again[0].changed, "RFC 9051 §2.3.2: keywords compare without case");

    let moved = store.write_blocking(vec![], move |tx, _| message::move_to(tx, inbox, &[4, 1], trash)).unwrap().0;
    assert_eq!(moved.uids, [(1, 1), (4, 2)]);
    let gone =
        store.write_blocking(vec![], move |tx, _| message::expunge(tx, inbox, Expunge::DeletedAmong(&[3, 5]), 10));
    assert_eq!(gone.unwrap().0, [3]);
    let gone = store.write_blocking(vec![], move |tx, _| message::expunge(tx, inbox, Expunge::Deleted, 10));
    assert_eq!(gone.unwrap().0, [2]);

    let changes = store.read(|view| change::since(view, inbox, before.modseq)).unwrap();
    assert!(changes.complete);
    assert_eq!(changes.messages, []);
    assert_eq!(changes.vanished, [(1, 1), (4, 4), (3, 3), (2, 2)]);
    let usage = store.read(|view| quota::usage(view, a.id)).unwrap();
    assert_eq!((usage.octets, usage.messages), (15, 3));
    let over = store.read(|view| quota::check(view, a.id, Some(20), 6));
    assert!(matches!(over, Err(StoreError::OverQuota)));
    assert!(store.read(|view| quota::check(view, a.id, Some(20), 5)).is_ok());
    assert_sound(&store);
}

#[test]
fn watchers_hear_of_a_commit_until_they_leave() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    deliver_to(&store, &["a@x.org"], b"x");
    // The announcement of a batch comes before the next batch is begun; that of the first shall be over.
    drop(store.write_blocking(vec![], |_, _| Ok(())).unwrap());
    let (send, heard) = mpsc::channel();
    let inbox = account_of(&store, "a@x.org").inbox;
    let subscription = store.changes().subscribe(inbox, move || send.send(()).unwrap());
    deliver_to(&store, &["a@x.org"], b"x");
    heard.recv_timeout(std::time::Duration::from_secs(10)).unwrap();
    deliver_to(&store, &["b@x.org"], b"x");
    drop(store.write_blocking(vec![], |_, _| Ok(())).unwrap());
    assert!(heard.try_recv().is_err(), "another's mailbox is none of its business");
    drop(subscription);
    assert!(heard.recv().is_err(), "the callback is gone");
}

fn queued(store: &Store, bytes: &[u8], to: &[&str]) -> QueueId {
    let recipients = to.iter().map(|to| address(to)).collect();
    store
        .write_blocking(vec![staged(store, bytes)], move |tx, contents| {
            queue::enqueue(
                tx,
                &NewMessage {
                    content: contents[0],
                    skip_octets: 3,
                    prefix: b"DKIM-Signature: x\r\n".to_vec(),
                    reverse_path: ReversePath::Address(address("\"a b\"@x.org")),
                    body: BodyType::EightBitMime,
                    smtputf8: true,
                    received: NOW,
                    expires: Timestamp(NOW.0 + 1000),
                    is_bounce: false,
                    recipients,
                },
            )
        })
        .unwrap()
        .0
}

#[test]
fn the_queue_leases_records_and_lets_go() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let work = Arc::new(AtomicUsize::new(0));
    let count = work.clone();
    let _subscription = store.changes().subscribe_queue(move || {
        count.fetch_add(1, Ordering::SeqCst);
    });
    let id = queued(&store, b"xxxbody", &["u@y.org", "v@z.org"]);
    let later = Timestamp(NOW.0 + 500);
    assert_eq!(queue::next_due(&store).unwrap(), Some(NOW));
    assert!(queue::due(&store, Timestamp(NOW.0 - 1), 10).unwrap().is_empty());

    let mut due = queue::due(&store, NOW, 10).unwrap();
    assert_eq!(due.len(), 1);
    assert!(queue::due(&store, NOW, 10).unwrap().is_empty(), "a lease is exclusive");
    assert_eq!(queue::next_due(&store).unwrap(), None);
    let held = due.remove(0);
    assert_eq!(held.message.reverse_path.to_string(), "<\"a b\"@x.org>");
    assert_eq!((held.message.octets, held.message.skip_octets), (7, 3));
    let (u, v) = (held.recipients[0].id, held.recipients[1].id);
    let finished = store.write_blocking(vec![], move |tx, _| {
        assert!(queue::record(tx, u, &Outcome::Delivered { reply: "250 ok\r\nforged".into() })?);
        assert!(queue::record(tx, v, &Outcome::Deferred { until: later, reply: "451 wait".into() })?);
        queue::finish(tx, id)
    });
    assert!(!finished.unwrap().0);
    drop(held);
    assert!(queue::due(&store, NOW, 10).unwrap().is_empty());
    assert_eq!(queue::next_due(&store).unwrap(), Some(later));
    let rows = store.read(|view| queue::recipients(view, id)).unwrap();
    assert_eq!(rows[0].state, RecipientState::Delivered);
    assert_eq!(rows[0].last_reply.as_deref(), Some("250 ok  forged"));
    assert_eq!(rows[1].attempts, 1);

    drop(store.write_blocking(vec![], move |tx, _| queue::retry(tx, Some(id), NOW)).unwrap());
    let content = store.read(|view| queue::message(view, id)).unwrap().unwrap().content;
    let held = queue::due(&store, NOW, 10).unwrap();
    assert_eq!(held[0].recipients.len(), 1);
    let finished = store.write_blocking(vec![], move |tx, _| {
        queue::record(tx, v, &Outcome::Failed { reply: "550 no".into() })?;
        queue::finish(tx, id)
    });
    assert!(finished.unwrap().0);
    assert!(matches!(store.content(content), Err(StoreError::NoContent(_))));
    let late = store.write_blocking(vec![], move |tx, _| queue::record(tx, v, &Outcome::Failed { reply: "x".into() }));
    assert!(!late.unwrap().0);
    assert!(work.load(Ordering::SeqCst) >= 2);
    assert_sound(&store);
}

#[test]
fn a_new_start_voids_leases_and_keeps_the_queue() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let id = queued(&store, b"xxxbody", &["u@y.org"]);
    let held = queue::due(&store, NOW, 10).unwrap();
    drop(store);
    let store = open(folder.path());
    assert_eq!(queue::due(&store, NOW, 10).unwrap().len(), 1);
    drop(held);
    let content = store.read(|view| queue::message(view, id)).unwrap().unwrap().content;
    assert_eq!(bytes_of(&store, content), b"xxxbody");
}

/// Fails on demand, and writes only half before it fails.
#[derive(Default)]
struct Faulty {
    write: AtomicBool,
    sync: AtomicBool,
}

impl Disk for Faulty {
    fn reserve(&self, file: &File, from: u64, end: u64) {
        LocalDisk.reserve(file, from, end);
    }

    fn write(&self, file: &File, at: u64, parts: &[&[u8]]) -> io::Result<()> {
        if self.write.load(Ordering::SeqCst) {
            let half: Vec<u8> = parts.concat();
            LocalDisk.write(file, at, &[&half[..half.len() / 2]])?;
            return Err(io::ErrorKind::StorageFull.into());
        }
        LocalDisk.write(file, at, parts)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        if self.sync.load(Ordering::SeqCst) {
            return Err(io::Error::other("the disk went away"));
        }
        LocalDisk.sync(file)
    }
}

#[test]
fn a_disk_that_fails_is_reported_and_nothing_is_half_there() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Arc::new(Faulty::default());
    let options = Options { disk: disk.clone(), ..Options::default() };
    let store = Store::open(folder.path(), options).unwrap();
    let first = deliver_to(&store, &["a@x.org"], b"first");
    for fault in [&disk.write, &disk.sync] {
        fault.store(true, Ordering::SeqCst);
        let failed = store.write_blocking(vec![staged(&store, b"second")], |tx, contents| {
            deliver(tx, contents[0], &[address("a@x.org")], "INBOX", NOW)
        });
        let error = failed.map(|(value, _)| value).unwrap_err();
        assert!(matches!(error, StoreError::Disk { .. }) && error.is_transient(), "{error}");
        // A job without bytes needs no segment.
        drop(store.write_blocking(vec![], |tx, _| account::ensure(tx, &address("b@x.org"), NOW)).unwrap());
        fault.store(false, Ordering::SeqCst);
        assert_eq!(account_of(&store, "a@x.org").messages, 1);
    }
    let third = deliver_to(&store, &["a@x.org"], b"third");
    drop(store);
    let store = open(folder.path());
    assert_eq!(bytes_of(&store, first), b"first");
    assert_eq!(bytes_of(&store, third), b"third");
    assert_sound(&store);
}

#[test]
fn segments_roll_and_die_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { segment_octets: 10_000, ..Options::default() };
    let store = Store::open(folder.path(), options.clone()).unwrap();
    for n in 0..20u8 {
        deliver_to(&store, &["a@x.org"], &[n; 3_000]);
    }
    assert_eq!(segment_files(&store, folder.path()), 7, "three messages fit into one");
    let inbox = account_of(&store, "a@x.org").inbox;
    drop(
        store
            .write_blocking(vec![], move |tx, _| message::expunge(tx, inbox, Expunge::Uids(&[4, 5, 6, 7]), 10))
            .unwrap(),
    );
    assert_eq!(segment_files(&store, folder.path()), 6);
    drop(store);
    let store = Store::open(folder.path(), options).unwrap();
    assert!(store.repairs().is_empty(), "{:?}", store.repairs());
    for message in store.read(|view| message::rows_after(view, inbox, 0, 100)).unwrap() {
        assert_eq!(bytes_of(&store, message.content), vec![message.uid as u8 - 1; 3_000]);
    }
    assert_sound(&store);
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else if entry.file_name() != "rows.sqlite-shm" {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// What a power cut leaves: everything acknowledged, then anything at all.
#[test]
fn torn_tails_of_segment_and_wal_are_repaired() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("live"));
    let contents: Vec<ContentId> =
        (0..50u8).map(|n| deliver_to(&store, &["a@x.org"], &vec![n; 1000 + usize::from(n)])).collect();
    let segment = "segments/0000000001.seg";
    for (round, tail) in [&b""[..], b"x", &[0xff; 40_000], b"7\x7f\x06\x82\0\0\0\0"].into_iter().enumerate() {
        let torn = folder.path().join(format!("torn{round}"));
        copy_folder(&folder.path().join("live"), &torn);
        let append = |name: &str| OpenOptions::new().append(true).open(torn.join(name)).unwrap();
        append("rows.sqlite-wal").write_all(tail).unwrap();
        let octets: u64 = (0..50).map(|n| 1000 + n).sum();
        append(segment).set_len(octets).unwrap();
        append(segment).write_all(tail).unwrap();
        std::fs::write(torn.join("segments/0000000077.seg"), tail).unwrap();

        let store = open(&torn);
        let tails = if tail.is_empty() { vec![] } else { vec![(1, tail.len() as u64)] };
        assert_eq!(store.repairs().tails, tails);
        assert_eq!(store.repairs().orphans, [77]);
        assert!(store.repairs().damaged.is_empty());
        for (n, content) in contents.iter().enumerate() {
            assert_eq!(bytes_of(&store, *content), vec![n as u8; 1000 + n]);
        }
        let new = deliver_to(&store, &["a@x.org"], b"after");
        assert_eq!(bytes_of(&store, new), b"after");
        assert_sound(&store);
    }
}

#[test]
fn a_segment_that_lost_octets_is_named_and_the_rest_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let first = deliver_to(&store, &["a@x.org"], &[1; 1000]);
    let second = deliver_to(&store, &["a@x.org"], &[2; 1000]);
    drop(store);
    let segment = folder.path().join("segments/0000000001.seg");
    OpenOptions::new().write(true).open(segment).unwrap().set_len(1500).unwrap();
    let store = open(folder.path());
    assert_eq!(store.repairs().damaged, [1]);
    assert_eq!(bytes_of(&store, first), [1; 1000]);
    assert!(matches!(store.content(second).unwrap().read(0, 1000), Err(StoreError::Damaged(_))));
    let third = deliver_to(&store, &["a@x.org"], &[3; 1000]);
    assert_eq!(bytes_of(&store, third), [3; 1000]);
}
