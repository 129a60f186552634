//! A new text in the place of a file: the difference is shown, a person is asked, then it is written whole.

use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use super::context::Context;
use super::{Failure, Outcome, print};
use crate::compiler;
use crate::compiler::edit::{diff, secrets};
use crate::ground::{file, limits};

/// The byte order mark, which is kept.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// A file as it was read, to be written again.
pub(super) struct Original {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Original {
    /// The configuration.
    ///
    /// # Errors
    /// What the system says, or the diagnostic of a file that is no UTF-8, printed.
    pub fn read(context: &Context) -> Result<Self, Failure> {
        let bytes = context.bytes()?;
        if let Err(bad) = compiler::text(&bytes) {
            return Err(context.refuse(&bad.shown, vec![bad.diagnostic]));
        }
        Ok(Self { path: context.config.clone(), bytes })
    }

    /// A file whose text was read before by the compiler.
    ///
    /// # Errors
    /// What the system says, or that the file has another text now.
    pub fn of(path: &Path, text: &str) -> Result<Self, Failure> {
        let shown = path.display();
        let bytes = std::fs::read(path).map_err(|error| Failure(format!("{shown}: {error}")))?;
        if compiler::text(&bytes).ok() != Some(text) {
            return Err(changed(path));
        }
        Ok(Self { path: path.to_owned(), bytes })
    }

    /// The text without its byte order mark.
    pub fn text(&self) -> &str {
        compiler::text(&self.bytes).unwrap_or_default()
    }

    /// The difference from it, without secrets.
    pub fn diff(&self, text: &str) -> String {
        let mut hidden = secrets(self.text());
        hidden.extend(secrets(text));
        diff::unified(&self.path.display().to_string(), self.text(), text, &hidden)
    }

    /// Writes `text` in its place, if nobody has changed the file meanwhile.
    ///
    /// # Errors
    /// A sentence; the file is then as it was.
    pub fn replace(&self, text: &str) -> Result<(), Failure> {
        let shown = self.path.display();
        if std::fs::read(&self.path)? != self.bytes {
            return Err(changed(&self.path));
        }
        let mark = if self.bytes.starts_with(MARK) { MARK } else { &[] };
        let bytes = [mark, text.as_bytes()].concat();
        file::rewrite(&self.path, &bytes).map_err(|error| Failure(format!("{shown}: {error}; the file is as it was")))
    }
}

fn changed(path: &Path) -> Failure {
    Failure(format!("{}: changed meanwhile by somebody else; it was not written", path.display()))
}

/// Shows the differences, asks unless `yes`, and writes. [`Outcome::Differences`]: nothing was written.
///
/// # Errors
/// Those of [`Original::replace`].
pub(super) fn offer(changes: &[(Original, &str)], yes: bool) -> Result<Outcome, Failure> {
    print(&changes.iter().map(|(original, text)| original.diff(text)).collect::<String>());
    let names: Vec<String> = changes.iter().map(|(original, _)| original.path.display().to_string()).collect();
    let names = names.join(", ");
    if !yes && !std::io::stdin().is_terminal() {
        eprintln!("{names}: nothing was written, because nobody can be asked here; --yes writes without asking");
        return Ok(Outcome::Differences);
    }
    if !yes && !confirmed(&format!("Write {names}?"))? {
        eprintln!("{names}: nothing was written");
        return Ok(Outcome::Differences);
    }
    for (original, text) in changes {
        original.replace(text)?;
    }
    Ok(Outcome::Done)
}

pub(super) fn confirmed(question: &str) -> Result<bool, Failure> {
    let answer = line(&format!("{question} [y/N] "))?;
    Ok(answer.is_some_and(|a| matches!(a.to_ascii_lowercase().as_str(), "y" | "yes")))
}

/// Asks for a line; `None`: the input has ended.
pub(super) fn line(prompt: &str) -> Result<Option<String>, Failure> {
    eprint!("{prompt}");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    let read = std::io::Read::take(std::io::stdin().lock(), limits::SECRET_OCTETS_MAX as u64).read_line(&mut answer)?;
    Ok((read > 0).then(|| answer.trim().to_owned()))
}
