//! `mailctl check --watch`: the report anew whenever something changes that it depends on.
//!
//! That is every file that the compiler asked for and the folders of globs, whether they are there or not, so that a
//! certificate that appears is noticed as well as one that goes. They are looked at four times a second: it works on
//! every file system and in containers, where notices of changes get lost. Bounds: `limits::WATCHED_FILES_MAX`,
//! `limits::WATCH_INTERVAL_MILLISECONDS`. Secrets are looked at from outside, never read.
//!
//! The process ends with the signal of Ctrl-C, or when nobody reads its output any more.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use super::{Arguments, once};
use crate::cli::context::Context;
use crate::cli::report::ReportFormat;
use crate::cli::{Failure, Outcome};
use crate::ground::file::Stamp;
use crate::ground::limits;

pub fn run(context: &Context, arguments: &Arguments) -> Result<Outcome, Failure> {
    let clear = arguments.format == ReportFormat::Human && std::io::stdout().is_terminal();
    loop {
        // Every stamp is older than the reading, so that a change in between is seen.
        let config = Stamp::of(&context.config);
        let inputs = context.inputs(!arguments.no_secrets);
        let text = match once(context, arguments, &inputs) {
            Ok((text, _)) => text,
            // An editor may be between two files; the next look finds the new one.
            Err(Failure(text)) => format!("error: {text}\n"),
        };
        if show(&text, clear).is_err() {
            return Ok(Outcome::Done);
        }
        let mut stamps = inputs.consulted();
        stamps.insert(context.config.clone(), config);
        while stamps.iter().all(|(path, stamp)| Stamp::of(path) == *stamp) {
            std::thread::sleep(Duration::from_millis(limits::WATCH_INTERVAL_MILLISECONDS));
        }
    }
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
