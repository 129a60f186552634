//! What every command starts from: the configuration file, the state folder, and a compilation.

use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};

use super::report::{ReportFormat, report};
use super::{Failure, Format, online, print};
use crate::artefact::render::dns::{self, Known};
use crate::compiler::{self, Compilation, Inputs};
use crate::ground::diagnostic::{Counts, Diagnostic, Severity, Source, SourceMap};
use crate::ground::limits;
use crate::plan::Plan;
use crate::plan::digest::Digest;
use crate::plan::document::DnsRecord;
use crate::runtime::server::activation::StateFolder;
use crate::runtime::server::keyring::Keyring;
use crate::runtime::server::stages::kept_world;

/// The files that a command works on.
pub(super) struct Context {
    pub config: PathBuf,
    pub state: StateFolder,
}

impl Context {
    pub fn new(config: PathBuf, state: Option<PathBuf>) -> Self {
        Self { config, state: StateFolder::new(state.unwrap_or_else(|| PathBuf::from("/var/lib/mailctl"))) }
    }

    /// The folder that relative paths in the configuration start from, absolute.
    pub fn base(&self) -> PathBuf {
        let folder = self.config.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
    }

    /// Compiles the configuration. Errors and warnings are printed to standard error (notes are for
    /// `check`); without a plan the failure says no more, because all has been said.
    pub fn compile(&self, secrets_checked: bool) -> Result<Plan, Failure> {
        let compilation = self.compilation(&self.inputs(secrets_checked))?;
        tell(&compilation);
        compilation.plan.ok_or(Failure(String::new()))
    }

    /// The files beside the configuration, and the plan that is active. A state folder that cannot be read has none:
    /// whoever edits the file need not be who runs the server.
    pub fn inputs(&self, secrets_checked: bool) -> Inputs {
        let previous = self.state.active_plan().ok().map(|(_, plan)| plan);
        let inputs = Inputs::from_disk(self.base()).after(previous);
        if secrets_checked { inputs } else { inputs.ignoring_secrets() }
    }

    /// The same inputs, with what DNS says about the plan that they give. Without a plan nothing is asked.
    pub fn looking(&self, inputs: Inputs) -> Result<Inputs, Failure> {
        match self.compilation(&inputs)?.plan {
            None => Ok(inputs),
            Some(plan) => Ok(inputs.seeing(online::look(&plan)?)),
        }
    }

    /// The octets of the configuration: one more than is allowed, so that a file that is too long is reported as such.
    pub fn bytes(&self) -> Result<Vec<u8>, Failure> {
        let shown = self.config.display();
        let unreadable = |error: std::io::Error| Failure(format!("{shown}: {error}; name another file with --config"));
        let most = limits::YAML_OCTETS_MAX as u64 + 1;
        let file = std::fs::File::open(&self.config).map_err(unreadable)?;
        let length = file.metadata().map_or(0, |m| m.len().min(most));
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1);
        file.take(most).read_to_end(&mut bytes).map_err(unreadable)?;
        Ok(bytes)
    }

    /// Compiles without printing anything.
    pub fn compilation(&self, inputs: &Inputs) -> Result<Compilation, Failure> {
        let bytes = self.bytes()?;
        let shown = self.config.display().to_string();
        Ok(match compiler::text(&bytes) {
            Ok(text) => compiler::compile(&Source { name: &shown, text }, inputs),
            Err(problem) => problem.into_compilation(&shown),
        })
    }

    /// Prints what is wrong with a text of the configuration to standard error; the failure says no more, because
    /// all has been said.
    pub fn refuse(&self, text: &str, diagnostics: Vec<Diagnostic>) -> Failure {
        let sources = SourceMap::new(&self.config.display().to_string(), text);
        eprint!("{}", report(&Compilation { plan: None, diagnostics, sources }, ReportFormat::Human, colour()));
        Failure(String::new())
    }

    /// The plan that a command about a plan's consequences works on: the configuration's if that file
    /// exists, otherwise the active one.
    pub fn plan_to_show(&self, active: bool) -> Result<Plan, Failure> {
        if active || (!self.config.exists() && self.state.active()?.is_some()) {
            return Ok(self.state.active_plan()?.1);
        }
        self.compile(false)
    }

    /// The records to be published now. Those of the active plan are the world's: roll-overs may be under way.
    pub fn records(&self, plan: &Plan) -> Result<Vec<DnsRecord>, Failure> {
        let active = self.state.active()?.is_some_and(|active| active.digest == Digest::of_plan(plan));
        if active {
            return Ok(kept_world(&self.state, plan)?.records);
        }
        Ok(dns::records(plan, &self.known(plan)?))
    }

    /// What the state folder knows of the keys that are made at activation; those not made yet are missing.
    pub fn known(&self, plan: &Plan) -> Result<Known, Failure> {
        Ok(Keyring::new(self.state.root()).known(plan)?)
    }
}

/// Prints errors and warnings to standard error.
pub(super) fn tell(compilation: &Compilation) {
    if compilation.diagnostics.iter().any(|d| d.severity != Severity::Note) {
        eprint!("{}", report(compilation, ReportFormat::Human, colour()));
    }
}

/// Colour for people at a terminal who have not said otherwise (no-color.org).
pub(super) fn colour() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

/// Whether standard output is a terminal that may be coloured.
pub(super) fn colour_out() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

/// The sentence under a report.
pub(super) fn verdict(diagnostics: &[Diagnostic]) -> String {
    Counts::of(diagnostics).to_string()
}

/// Prints a text form or its JSON twin.
pub(super) fn show(
    format: Format,
    human: impl FnOnce() -> String,
    json: impl FnOnce() -> serde_json::Value,
) -> Result<(), Failure> {
    match format {
        Format::Human => print(&human()),
        Format::Json => super::print_json(&json())?,
    }
    Ok(())
}
