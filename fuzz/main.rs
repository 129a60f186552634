//! Mutational fuzzing of every parser that reads from the network or from a person, on the stable toolchain.
//!
//!     cargo run --release --example fuzz -- [--target NAME]... [--seconds N] [--seed N] [--corpus DIR] [--trace]
//!     cargo run --release --example fuzz -- --target NAME --replay FILE
//!
//! Seeds come from `tests/`. Instead of coverage, which needs a nightly compiler, each run gives a *behaviour*: a hash of
//! what the parser answered, without the values. Inputs with a new behaviour join the pool that later ones are made from.
//! One failure ends the campaign: its input is written to `DIR/failures/TARGET-HASH`, and the exit code is 1. The same
//! seed makes the same inputs in the same order, so `--trace` finds even what kills the process.
//!
//! A failure is a panic, an invariant of `tests/drive/` that does not hold, or an input that takes longer than
//! [`INPUT_SECONDS_MAX`]. `cargo test` runs every target for a moment (below). The long campaign: `docs/testing.md`.

mod mutation;
mod seeds;
mod targets;

#[path = "../tests/drive/imap.rs"]
mod imap;
#[path = "../tests/drive/numbers.rs"]
mod numbers;
#[path = "../tests/drive/pop3.rs"]
mod pop3;
#[path = "../tests/drive/smtp.rs"]
mod smtp;
#[path = "../tests/drive/world.rs"]
mod world;
#[path = "../tests/drive/yaml.rs"]
mod yaml;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use numbers::Numbers;
use targets::{TARGETS, Target};

/// Longest input, in octets: below every session's read buffer, so that a piece is never larger than a driver's.
const INPUT_OCTETS_MAX: usize = 16 * 1024;
/// An input that takes this long hangs, also on a busy machine without optimisation.
const INPUT_SECONDS_MAX: u64 = 20;
/// Inputs that others are made from.
const POOL_MAX: usize = 4_096;

#[derive(Debug, clap::Parser)]
struct Arguments {
    /// Only this target; may be repeated.
    #[arg(long)]
    target: Vec<String>,
    /// For each target.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// As many inputs as in `cargo test`, however long that takes.
    #[arg(long)]
    short: bool,
    /// Where the inputs come from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Failures are written here; files in DIR/TARGET/ are seeds too.
    #[arg(long, default_value = "fuzz/corpus", value_name = "DIR")]
    corpus: PathBuf,
    /// Print each input before it is run.
    #[arg(long)]
    trace: bool,
    /// Run this one input instead.
    #[arg(long, value_name = "FILE")]
    replay: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = <Arguments as clap::Parser>::parse();
    let chosen: Vec<&Target> = TARGETS
        .iter()
        .filter(|t| arguments.target.is_empty() || arguments.target.iter().any(|n| n == t.name))
        .collect();
    if chosen.is_empty() {
        eprintln!("no such target; there are: {}", TARGETS.map(|t| t.name).join(" "));
        return ExitCode::FAILURE;
    }
    if let Some(path) = &arguments.replay {
        return replay(&chosen, path);
    }
    for target in chosen {
        let mut campaign = Campaign::new(target, arguments.seed, &arguments.corpus);
        campaign.trace = arguments.trace;
        let end = match arguments.short {
            true => campaign.short(),
            false => End::At(Instant::now() + Duration::from_secs(arguments.seconds)),
        };
        match campaign.run(end) {
            Ok(rounds) => {
                println!("{}: {rounds} inputs, {} behaviours, no failure", target.name, campaign.seen.len());
            }
            Err(path) => {
                eprintln!("{}: failed; the input is {}", target.name, path.display());
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

fn replay(chosen: &[&Target], path: &Path) -> ExitCode {
    let ([target], Ok(input)) = (chosen, std::fs::read(path)) else {
        eprintln!("--replay needs one --target and a file that can be read");
        return ExitCode::FAILURE;
    };
    let begin = Instant::now();
    let behaviour = (target.run)(&input);
    println!("{}: no failure, behaviour {behaviour:016x}, {} ms", target.name, begin.elapsed().as_millis());
    ExitCode::SUCCESS
}

/// When a campaign is over.
#[derive(Clone, Copy)]
enum End {
    After(usize),
    At(Instant),
}

impl End {
    fn reached(self, rounds: usize) -> bool {
        match self {
            Self::After(most) => rounds >= most,
            Self::At(instant) => Instant::now() >= instant,
        }
    }
}

/// One target under attack.
struct Campaign<'t> {
    target: &'t Target,
    numbers: Numbers,
    pool: Vec<Vec<u8>>,
    seen: HashSet<u64>,
    corpus: PathBuf,
    trace: bool,
}

impl<'t> Campaign<'t> {
    fn new(target: &'t Target, seed: u64, corpus: &Path) -> Self {
        let mut pool = (target.seeds)();
        pool.extend(seeds::files(&corpus.join(target.name)));
        pool.retain(|input| input.len() <= INPUT_OCTETS_MAX);
        assert!(!pool.is_empty(), "{} has no seeds", target.name);
        let (numbers, seen) = (Numbers(seed), HashSet::new());
        Self { target, numbers, pool, seen, corpus: corpus.to_owned(), trace: false }
    }

    /// The seeds, and a moment more.
    fn short(&self) -> End {
        End::After(self.pool.len() + self.target.rounds_short)
    }

    /// Runs inputs until the end. The number of them, or the file with the one that failed.
    fn run(&mut self, end: End) -> Result<usize, PathBuf> {
        let watch = Watch::begin(self.target.name, &self.corpus);
        let mut rounds = 0;
        while rounds < self.pool.len() && !end.reached(rounds) {
            self.one(self.pool[rounds].clone(), rounds, &watch)?;
            rounds += 1;
        }
        while !end.reached(rounds) {
            let parent = self.numbers.below(self.pool.len());
            let other = self.numbers.below(self.pool.len());
            let mut input =
                mutation::mutate(self.target.kind, &self.pool[parent], &self.pool[other], &mut self.numbers);
            input.truncate(INPUT_OCTETS_MAX);
            self.one(input, rounds, &watch)?;
            rounds += 1;
        }
        Ok(rounds)
    }

    fn one(&mut self, input: Vec<u8>, round: usize, watch: &Watch) -> Result<(), PathBuf> {
        if self.trace {
            eprintln!("{} {round}: {}", self.target.name, input.escape_ascii());
        }
        watch.set(Some(&input));
        let result = catch_unwind(AssertUnwindSafe(|| (self.target.run)(&input)));
        watch.set(None);
        let Ok(behaviour) = result else { return Err(keep(self.target.name, &self.corpus, &input)) };
        if self.seen.insert(behaviour) && self.pool.len() < POOL_MAX {
            self.pool.push(input);
        }
        Ok(())
    }
}

/// The input that is being tried, and since when.
type Current = Arc<Mutex<Option<(Instant, Vec<u8>)>>>;

/// Ends the process with the input on disk when one input does not come to its end.
struct Watch(Current);

impl Watch {
    fn begin(target: &'static str, corpus: &Path) -> Self {
        let current: Current = Arc::default();
        let (watched, corpus) = (Arc::downgrade(&current), corpus.to_owned());
        std::thread::spawn(move || {
            while let Some(current) = watched.upgrade() {
                let running = current.lock().unwrap_or_else(PoisonError::into_inner).clone();
                if let Some((begin, input)) = running
                    && begin.elapsed() > Duration::from_secs(INPUT_SECONDS_MAX)
                {
                    let path = keep(target, &corpus, &input);
                    eprintln!("{target}: hangs for {INPUT_SECONDS_MAX} s; the input is {}", path.display());
                    std::process::exit(1);
                }
                drop(current);
                std::thread::sleep(Duration::from_millis(500));
            }
        });
        Self(current)
    }

    fn set(&self, input: Option<&[u8]>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = input.map(|i| (Instant::now(), i.to_vec()));
    }
}

fn keep(target: &str, corpus: &Path, input: &[u8]) -> PathBuf {
    let folder = corpus.join("failures");
    let path = folder.join(format!("{target}-{:016x}", hash(input)));
    if let Err(error) = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, input)) {
        eprintln!("{}: {error}; the input was: {}", path.display(), input.escape_ascii());
    }
    path
}

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A moment of each target, the same inputs every time.
    #[test]
    fn every_target_survives_a_moment() {
        let folder = tempfile::tempdir().unwrap();
        for target in &TARGETS {
            let mut campaign = Campaign::new(target, 42, folder.path());
            let rounds = campaign.run(campaign.short()).unwrap_or_else(|path| {
                panic!("{}: {}", target.name, std::fs::read(path).unwrap().escape_ascii());
            });
            assert!(campaign.seen.len() > 5, "{}: {rounds} inputs behave in {} ways", target.name, campaign.seen.len());
        }
    }

    /// The harness itself finds what it is made for, and writes it down.
    #[test]
    fn a_panic_is_found_and_kept() {
        fn run(input: &[u8]) -> u64 {
            assert!(!input.starts_with(b"AB"), "found");
            hash(input.first())
        }
        let target = Target {
            name: "itself",
            kind: targets::Kind::Octets,
            seeds: || vec![b"AxxB".to_vec()],
            run,
            rounds_short: 0,
        };
        let folder = tempfile::tempdir().unwrap();
        let path = Campaign::new(&target, 1, folder.path()).run(End::After(1_000_000)).unwrap_err();
        assert!(std::fs::read(path).unwrap().starts_with(b"AB"));
    }
}
