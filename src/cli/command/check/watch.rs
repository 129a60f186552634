//! `mailctl check --watch`: the report anew whenever something changes that it depends on.
//!
//! That is every file that the compiler asked for and the folders of globs, whether they are there or not, so that a
//! certificate that appears is noticed as well as one that goes. They are looked at four times a second: it works on
//! every file system and in containers, where notices of changes get lost. Bounds: `limits::WATCHED_FILES_MAX`,
//! `limits::WATCH_INTERVAL_MILLISECONDS`. Secrets are looked at from outside, never read.
//!
//! A change is one of length, times or inode; a write that leaves all of them as they were is not seen. The process
//! ends with the signal of Ctrl-C, or when nobody reads its output any more.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Arguments, once};
use crate::cli::context::Context;
use crate::cli::report::ReportFormat;
use crate::cli::{Failure, Outcome};
use crate::ground::limits;

/// What is compared of a file: device and inode, length, seconds and nanoseconds of the last change of its content and
/// of its inode. `None`: it is not there.
type Stamp = Option<(u64, u64, u64, (i64, i64), (i64, i64))>;

pub fn run(context: &Context, arguments: &Arguments) -> Result<Outcome, Failure> {
    let clear = arguments.format == ReportFormat::Human && std::io::stdout().is_terminal();
    let mut stamps: BTreeMap<PathBuf, Stamp> = BTreeMap::from([(context.config.clone(), None)]);
    loop {
        // Before the files are read: what changes from now on is seen by the next look.
        for (path, stamp) in &mut stamps {
            *stamp = look(path);
        }
        let inputs = context.inputs(!arguments.no_secrets);
        let text = match once(context, arguments, &inputs) {
            Ok((text, _)) => text,
            // An editor may be between two files; the next look finds the new one.
            Err(Failure(text)) => format!("error: {text}\n"),
        };
        if show(&text, clear).is_err() {
            return Ok(Outcome::Done);
        }
        let consulted: BTreeSet<PathBuf> = inputs.consulted().into_iter().collect();
        stamps.retain(|path, _| *path == context.config || consulted.contains(path));
        for path in consulted {
            stamps.entry(path).or_insert_with_key(|path| look(path));
        }
        while stamps.iter().all(|(path, stamp)| look(path) == *stamp) {
            std::thread::sleep(Duration::from_millis(limits::WATCH_INTERVAL_MILLISECONDS));
        }
    }
}

fn look(path: &Path) -> Stamp {
    let m = std::fs::metadata(path).ok()?;
    Some((m.dev(), m.ino(), m.len(), (m.mtime(), m.mtime_nsec()), (m.ctime(), m.ctime_nsec())))
}

/// Writes one report. On a terminal it stands alone; elsewhere they follow each other.
fn show(text: &str, clear: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    if clear {
        // ECMA-48: erase the display, the lines above it, and go to its first place.
        out.write_all(b"\x1b[2J\x1b[3J\x1b[H")?;
    }
    out.write_all(text.as_bytes())?;
    out.flush()
}
