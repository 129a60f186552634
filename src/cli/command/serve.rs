//! `mailctl serve`: executes the active plan until it is told to stop.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use crate::apply::drift;
use crate::apply::proposal::Proposal;
use crate::cli::context::Context;
use crate::cli::{Failure, Outcome};
use crate::plan::Plan;
use crate::plan::document::{LogFormat, LogLevel};
use crate::runtime::server::Server;
use crate::runtime::server::activation::StateFolder;
use crate::runtime::server::figures;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Activate this plan file first (as the NixOS module does). Relative paths in it start at its folder.
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<Outcome, Failure> {
    if let Some(path) = &arguments.plan {
        let shown = path.display();
        let bytes = std::fs::read(path).map_err(|error| Failure(format!("{shown}: {error}")))?;
        let (plan, _) = Proposal::read(&bytes).map_err(|error| Failure(format!("{shown}: {error}")))?;
        let path = std::path::absolute(path)?;
        let base = path.parent().map_or_else(|| PathBuf::from("/"), PathBuf::from);
        crate::apply::apply(&context.state, &plan, &base, &None, None)?;
    }
    serve(&context.state)
}

/// Serves the active plan of `state` until SIGTERM or SIGINT.
fn serve(state: &StateFolder) -> Result<Outcome, Failure> {
    let (_, plan) = state.active_plan()?;
    start_logging(&plan);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let server = Server::start(state.clone()).await?;
        let folder = state.clone();
        tokio::task::spawn(figures::watch(Arc::downgrade(&server), move || drift::by_area(&folder)));
        tracing::info!(plan = %server.status().await.digest, "serving");
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: no new connections, open sessions may finish");
        server.stop().await;
        Ok::<_, Failure>(())
    })?;
    Ok(Outcome::Done)
}

/// Logs go to standard error, as the plan says.
pub(super) fn start_logging(plan: &Plan) {
    let level = match plan.logging.level {
        LogLevel::Debug => tracing::Level::DEBUG,
        LogLevel::Error => tracing::Level::ERROR,
        LogLevel::Info => tracing::Level::INFO,
        LogLevel::Warn => tracing::Level::WARN,
    };
    let subscriber = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).with_target(false);
    // A second call in one process (quickstart) keeps the first subscriber.
    let _ = match plan.logging.format {
        LogFormat::Json => subscriber.json().try_init(),
        LogFormat::Text => subscriber.with_ansi(crate::cli::context::colour()).try_init(),
    };
}
