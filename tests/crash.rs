//! kill -9 in the middle of deliveries, many times over, and then counting.
//!
//! Each round starts this very program again as a child that delivers and prints what was acknowledged,
//! kills it at a random moment, opens the store and checks: every acknowledged message is there exactly
//! once in each of its mailboxes with the right bytes, no message is half there, all counters are true.
//! `MAILCTL_CRASH_ROUNDS` makes it run longer.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mailctl::ground::clock::Timestamp;
use mailctl::ground::limits;
use mailctl::state::queue::{self, NewMessage, QueueId};
use mailctl::state::store::message::{self, Expunge};
use mailctl::state::store::{Options, Store, account, audit, deliver};
use mailctl::vocabulary::mail::{Address, BodyType, ReversePath};

const WRITERS: u64 = 8;
const NOW: Timestamp = Timestamp(1_795_000_000_000);

/// Small, so that the rounds see segments roll and die.
fn options() -> Options {
    Options { segment_octets: 1024 * 1024, ..Options::default() }
}

fn account_name(round: u64, writer: u64) -> Address {
    format!("r{round}w{writer}@crash.test").parse().unwrap()
}

/// The bytes that belong to a number: its decimal form, then noise that only this number gives.
fn body(number: u64) -> Vec<u8> {
    let mut bytes = format!("{number}\r\n").into_bytes();
    let length = match number % 50 {
        49 => limits::STAGING_MEMORY_OCTETS as u64 + 10_000,
        small => small * 400,
    };
    let mut noise = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    while (bytes.len() as u64) < length {
        noise ^= noise << 13;
        noise ^= noise >> 7;
        noise ^= noise << 17;
        bytes.extend_from_slice(&noise.to_le_bytes());
    }
    bytes
}

fn number_of(bytes: &[u8]) -> u64 {
    let end = bytes.iter().position(|b| *b == b'\r').expect("a body begins with its number");
    std::str::from_utf8(&bytes[..end]).unwrap().parse().unwrap()
}

/// Delivers for ever, or `count` messages a writer. Message `n` of writer `w` goes to accounts `w` and
/// `w + 1`, every third into the queue as well; every seventh is expunged again from account `w`.
/// Prints `+number` and `-number` once that is durable.
fn load(folder: &Path, round: u64, count: u64) {
    let store = Arc::new(Store::open(folder, options()).unwrap());
    let threads: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let store = store.clone();
            std::thread::spawn(move || {
                for n in 0..count {
                    one(&store, round, writer, n);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

fn one(store: &Store, round: u64, writer: u64, n: u64) {
    let number = n * WRITERS + writer;
    let mut staged = store.stage();
    for piece in body(number).chunks(50_000) {
        staged.append(piece).unwrap();
    }
    let to = [account_name(round, writer), account_name(round, (writer + 1) % WRITERS)];
    let (appended, _durable) = store
        .write_blocking(vec![staged], move |tx, contents| {
            let appended = deliver(tx, contents[0], &to, "INBOX", NOW)?;
            if number.is_multiple_of(3) {
                let new = NewMessage {
                    content: contents[0],
                    skip_octets: 0,
                    prefix: number.to_string().into_bytes(),
                    reverse_path: ReversePath::Null,
                    body: BodyType::SevenBit,
                    smtputf8: false,
                    received: NOW,
                    expires: NOW,
                    is_bounce: false,
                    recipients: vec!["far@away.test".parse().unwrap()],
                };
                queue::enqueue(tx, &new)?;
            }
            Ok(appended)
        })
        .unwrap();
    say(&format!("+{number}\n"));
    if number.is_multiple_of(7) {
        let (mailbox, uid) = (appended[0].mailbox, appended[0].uid);
        let (gone, _durable) =
            store.write_blocking(vec![], move |tx, _| message::expunge(tx, mailbox, Expunge::Uids(&[uid]), 1)).unwrap();
        assert_eq!(gone, [uid]);
        say(&format!("-{number}\n"));
    }
}

/// One write, so that a kill never leaves half a line behind another. Only a child has a listener.
fn say(line: &str) {
    if std::env::var_os("MAILCTL_CRASH_FOLDER").is_some() {
        let _ = std::io::stdout().lock().write_all(line.as_bytes());
    }
}

/// Opens the store and counts. Returns how many messages the round left.
fn check(folder: &Path, round: u64, added: &BTreeSet<u64>, removed: &BTreeSet<u64>) -> usize {
    let store = Store::open(folder, options()).unwrap();
    assert!(store.repairs().damaged.is_empty(), "round {round}: {:?}", store.repairs());
    assert_eq!(store.read(audit).unwrap(), Vec::<String>::new(), "round {round}");
    let mut seen: BTreeMap<(u64, u64), usize> = BTreeMap::new();
    for writer in 0..WRITERS {
        let name = account_name(round, writer);
        let Some(account) = store.read(|view| account::find(view, &name)).unwrap() else { continue };
        for row in store.read(|view| message::rows_after(view, account.inbox, 0, usize::MAX >> 1)).unwrap() {
            let bytes = store.content(row.content).unwrap().read(0, usize::MAX).unwrap();
            let number = number_of(&bytes);
            assert!(bytes == body(number), "round {round}: message {number} is not whole");
            *seen.entry((writer, number)).or_default() += 1;
        }
    }
    let left = seen.len();
    for number in added {
        let (first, second) = (number % WRITERS, (number + 1) % WRITERS);
        assert_eq!(seen.get(&(second, *number)), Some(&1), "round {round}: acknowledged {number}");
        let copies = seen.get(&(first, *number)).copied().unwrap_or(0);
        if removed.contains(number) {
            assert_eq!(copies, 0, "round {round}: expunged {number}");
        } else if !number.is_multiple_of(7) {
            assert_eq!(copies, 1, "round {round}: acknowledged {number}");
        }
    }
    assert!(seen.values().all(|copies| *copies == 1), "round {round}: a message is there twice");
    check_queue(&store, round, added);
    left
}

/// The acknowledged part of the queue is there once and readable; then it is emptied for the next round.
fn check_queue(store: &Store, round: u64, added: &BTreeSet<u64>) {
    let mut queued = BTreeSet::new();
    loop {
        let messages = store.read(|view| queue::list(view, QueueId(0), 500)).unwrap();
        if messages.is_empty() {
            break;
        }
        for message in messages {
            let number: u64 = String::from_utf8(message.prefix).unwrap().parse().unwrap();
            assert!(queued.insert(number), "round {round}: {number} is queued twice");
            assert_eq!(store.content(message.content).unwrap().read(0, usize::MAX).unwrap(), body(number));
            let (removed, _durable) = store.write_blocking(vec![], move |tx, _| queue::remove(tx, message.id)).unwrap();
            assert!(removed);
        }
    }
    for number in added.iter().filter(|number| number.is_multiple_of(3)) {
        assert!(queued.contains(number), "round {round}: {number} was acknowledged and is not queued");
    }
}

/// In a child, this delivers until it is killed. Run by itself, it delivers a little and checks all of it.
#[test]
fn what_was_acknowledged_is_there_after_a_clean_stop() {
    if let Some(folder) = std::env::var_os("MAILCTL_CRASH_FOLDER") {
        let round = std::env::var("MAILCTL_CRASH_ROUND").unwrap().parse().unwrap();
        load(Path::new(&folder), round, u64::MAX / WRITERS);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    load(folder.path(), 0, 30);
    let added: BTreeSet<u64> = (0..30 * WRITERS).collect();
    let removed: BTreeSet<u64> = added.iter().copied().filter(|n| n.is_multiple_of(7)).collect();
    assert_eq!(check(folder.path(), 0, &added, &removed), 2 * added.len() - removed.len());
}

#[test]
fn what_was_acknowledged_survives_kill_9_exactly_once() {
    let rounds: u64 = std::env::var("MAILCTL_CRASH_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(30);
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = 0;
    for round in 1..=rounds {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "what_was_acknowledged_is_there_after_a_clean_stop", "--nocapture"])
            .env("MAILCTL_CRASH_FOLDER", folder.path())
            .env("MAILCTL_CRASH_ROUND", round.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let reader = std::thread::spawn(move || acknowledgements(output));
        let chance = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos();
        std::thread::sleep(Duration::from_millis(u64::from(20 + chance % 180)));
        child.kill().unwrap();
        child.wait().unwrap();
        let (added, removed) = reader.join().unwrap();
        acknowledged += added.len();
        check(folder.path(), round, &added, &removed);
    }
    assert!(acknowledged as u64 > rounds, "the kills came before anything was delivered");
    println!("{rounds} kills, {acknowledged} acknowledged messages, none lost, none twice");
}

fn acknowledgements(output: impl BufRead) -> (BTreeSet<u64>, BTreeSet<u64>) {
    let (mut added, mut removed) = (BTreeSet::new(), BTreeSet::new());
    for line in output.lines().map_while(Result::ok) {
        if let Some(number) = line.strip_prefix('+') {
            added.insert(number.parse().unwrap());
        } else if let Some(number) = line.strip_prefix('-') {
            removed.insert(number.parse().unwrap());
        }
    }
    (added, removed)
}
