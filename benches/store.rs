//! How fast the store takes mail: messages a second, syncs and CPU time a message.
//!
//! `cargo bench --bench store -- [FOLDER]`. FOLDER decides which disk is measured; by default the
//! system's temporary folder. Bodies of 10 KiB, ten mailboxes, each message on stable storage before the
//! next of the same writer is begun, as a server does it.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mailctl::ground::clock::Timestamp;
use mailctl::state::store::{Disk, LocalDisk, Options, Store, StoreError, deliver};
use mailctl::vocabulary::mail::Address;

const BODY_OCTETS: usize = 10 * 1024;
const MAILBOXES: usize = 10;
const RUN: Duration = Duration::from_secs(4);

/// The real disk, counting. Every batch also syncs the WAL once, in the commit.
#[derive(Default)]
struct Counting {
    syncs: AtomicU64,
}

impl Disk for Counting {
    fn reserve(&self, file: &File, from: u64, end: u64) {
        LocalDisk.reserve(file, from, end);
    }
    fn write(&self, file: &File, at: u64, parts: &[&[u8]]) -> io::Result<()> {
        LocalDisk.write(file, at, parts)
    }
    fn sync(&self, file: &File) -> io::Result<()> {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        LocalDisk.sync(file)
    }
}

fn main() -> Result<(), StoreError> {
    let folder = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let base = folder.map_or_else(std::env::temp_dir, PathBuf::from);
    println!("writers   msg/s   body syncs/msg   CPU ms/msg   p50 ms   p99 ms");
    for writers in [1, 10, 50] {
        let folder = base.join(format!("mailctl-bench-store-{}-{writers}", std::process::id()));
        let result = run(&folder, writers);
        // The measurement is over; a folder that stays behind is in the way of nobody.
        let _ = std::fs::remove_dir_all(&folder);
        result?;
    }
    println!("each batch syncs the WAL once besides: double the syncs for the total");
    Ok(())
}

fn run(folder: &std::path::Path, writers: usize) -> Result<(), StoreError> {
    let disk = Arc::new(Counting::default());
    let store = Store::open(folder, Options { disk: disk.clone(), ..Options::default() })?;
    let body: Vec<u8> = (0..BODY_OCTETS).map(|n| b'a' + (n % 26) as u8).collect();
    let (cpu, begin) = (cpu_time(), Instant::now());
    let mut waits: Vec<Duration> = std::thread::scope(|scope| {
        let writer = |number: usize| {
            let (store, body) = (&store, &body);
            scope.spawn(move || one_writer(store, body, number, begin))
        };
        let threads: Vec<_> = (0..writers).map(writer).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect::<Result<Vec<_>, _>>()
    })?
    .concat();
    let (elapsed, cpu) = (begin.elapsed().as_secs_f64(), cpu_time() - cpu);
    waits.sort_unstable();
    let messages = waits.len() as f64;
    let quantile = |q: f64| waits.get((messages * q) as usize).map_or(0.0, |wait| wait.as_secs_f64() * 1000.0);
    println!(
        "{writers:7} {:7.0} {:16.3} {:12.3} {:8.2} {:8.2}",
        messages / elapsed,
        disk.syncs.load(Ordering::Relaxed) as f64 / messages,
        cpu.as_secs_f64() * 1000.0 / messages,
        quantile(0.5),
        quantile(0.99),
    );
    Ok(())
}

/// Delivers one message after the other; how long each took until it was durable.
fn one_writer(store: &Store, body: &[u8], number: usize, begin: Instant) -> Result<Vec<Duration>, StoreError> {
    let to = format!("u{}@bench.test", number % MAILBOXES);
    let to: Address = to.parse().map_err(|_| StoreError::Name("the benchmark's address"))?;
    let mut waits = Vec::new();
    while begin.elapsed() < RUN {
        let start = Instant::now();
        let mut staged = store.stage();
        staged.append(body)?;
        let to = to.clone();
        let (_, _durable) = store.write_blocking(vec![staged], move |tx, contents| {
            let content = *contents.first().ok_or(StoreError::Closed)?;
            deliver(tx, content, &[to], "INBOX", Timestamp(1_795_000_000_000))
        })?;
        waits.push(start.elapsed());
    }
    Ok(waits)
}

/// CPU time of this process, all threads: utime and stime of /proc/self/stat, in ticks of 10 ms.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}
