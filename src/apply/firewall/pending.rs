//! The automatic return: new rules stay only if somebody confirms that the machine is still reached.
//!
//! `firewall/pending.json` in the state folder says that a load waits, and what was before. A process with a session of
//! its own waits too; whoever renames the file first, it or `confirm`, decides. So the terminal may be lost, and both
//! may come at the same moment.
//!
//! Known limits: a machine that is switched off in between has neither rules when it comes back, since the kernel forgets
//! both; the file left behind is passed over once its time is up.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::kernel::{self, Former};
use super::{FirewallError, loadable};
use crate::ground::clock::Timestamp;
use crate::plan::Plan;

/// What the process says when it waits.
const READY: &str = "ready";
/// How often it looks whether somebody has confirmed.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// Beyond its time, a load that nobody returned from was interrupted by a restart.
const OVERDUE_SECONDS: i64 = 60;

/// A load that waits to be confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Pending {
    former: Former,
    /// When the former rules come back.
    until: Timestamp,
}

/// Loads the plan's rules. With `within` the former ones come back after that time unless [`confirm`] was called;
/// `returning` starts [`wait`] for this state folder in a process of its own.
///
/// # Errors
/// [`FirewallError`]; the kernel then has what it had before.
pub fn load(
    plan: &Plan,
    state: &Path,
    within: Option<Duration>,
    returning: impl FnOnce() -> Command,
) -> Result<(), FirewallError> {
    let form = loadable(plan)?;
    if waiting(state)?.is_some() {
        return Err(FirewallError::Pending);
    }
    let Some(within) = within else { return kernel::load(plan, form) };
    let seconds = i64::try_from(within.as_secs()).unwrap_or(i64::MAX / 2_000);
    let until = Timestamp(Timestamp::now().0.saturating_add(seconds.saturating_mul(1_000)));
    write(state, &Pending { former: kernel::former(form)?, until })?;
    let loaded = begin(returning()).and_then(|()| kernel::load(plan, form));
    if loaded.is_err() {
        // The process that waits sees that there is nothing to wait for.
        let _ = fs::remove_file(path(state));
    }
    loaded
}

/// Starts the process and waits until it waits.
fn begin(mut command: Command) -> Result<(), FirewallError> {
    let failed = |error: io::Error| FirewallError::NoReturn(error.to_string());
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(failed)?;
    let mut said = String::new();
    if let Some(out) = child.stdout.take() {
        BufReader::new(out).read_line(&mut said).map_err(failed)?;
    }
    if said.trim_end() == READY { Ok(()) } else { Err(FirewallError::NoReturn("it ended at once".to_owned())) }
}

/// What the process of its own does: waits for the time, and brings the former rules back unless they were confirmed.
///
/// # Errors
/// [`FirewallError`], written to `firewall/returned.json` too, since nobody listens any more.
pub fn wait(state: &Path, within: Duration) -> Result<(), FirewallError> {
    let begin = Instant::now();
    // A session of its own has no terminal, so nothing that happens to one reaches it. It fails for who has one already.
    let _ = rustix::process::setsid();
    println!("{READY}");
    io::stdout().flush().map_err(|error| FirewallError::NoReturn(error.to_string()))?;
    while begin.elapsed() < within {
        if !path(state).exists() {
            return Ok(());
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    let returned = folder(state).join("returned.json");
    if fs::rename(path(state), &returned).is_err() {
        return Ok(());
    }
    let result = read(&returned).and_then(|pending| kernel::restore(&pending.former));
    if let Err(error) = &result {
        let _ = fs::write(folder(state).join("return-failed"), format!("{error}\n"));
    }
    result
}

/// Keeps the rules that were loaded.
///
/// # Errors
/// [`FirewallError::NothingPending`]
pub fn confirm(state: &Path) -> Result<(), FirewallError> {
    let confirmed = folder(state).join("confirmed.json");
    fs::rename(path(state), confirmed).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => FirewallError::NothingPending,
        _ => FirewallError::File { path: path(state), error },
    })
}

/// When the former rules come back, if a load waits.
///
/// # Errors
/// [`FirewallError::File`]
pub fn waiting(state: &Path) -> Result<Option<Timestamp>, FirewallError> {
    match read(&path(state)) {
        Ok(pending) if Timestamp::now().seconds() > pending.until.seconds().saturating_add(OVERDUE_SECONDS) => Ok(None),
        Ok(pending) => Ok(Some(pending.until)),
        Err(FirewallError::File { error, .. }) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn folder(state: &Path) -> PathBuf {
    state.join("firewall")
}

fn path(state: &Path) -> PathBuf {
    folder(state).join("pending.json")
}

fn read(path: &Path) -> Result<Pending, FirewallError> {
    let failed = |error: io::Error| FirewallError::File { path: path.to_owned(), error };
    let bytes = fs::read(path).map_err(failed)?;
    serde_json::from_slice(&bytes).map_err(|error| failed(io::Error::from(error)))
}

/// Whole or not at all.
fn write(state: &Path, pending: &Pending) -> Result<(), FirewallError> {
    let failed = |error: io::Error| FirewallError::File { path: path(state), error };
    fs::create_dir_all(folder(state)).map_err(failed)?;
    let new = folder(state).join("pending.new");
    let bytes = serde_json::to_vec(pending).map_err(|error| failed(io::Error::from(error)))?;
    let mut options = fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(&new);
    file.and_then(|mut file| file.write_all(&bytes)).map_err(failed)?;
    fs::rename(&new, path(state)).map_err(failed)
}
