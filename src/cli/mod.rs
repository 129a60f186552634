//! The command line: one file a command under `command`.
//!
//! Exit codes (`docs/diagnostics.md`): 0 done, 1 error, 2 differences (`plan --detailed-exitcode`, `fmt --check`,
//! `migrate --check`, and an edit that nobody confirmed). What a person reads as a
//! table, a program reads with `--format json`. Results go to standard output, everything else to
//! standard error.
//!
//! Not here: decisions. A command reads its inputs, calls one layer below, prints.

mod command;
mod context;
mod online;
mod report;
mod rewrite;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use command::{
    abuse, account, apply, certificates, check, config, dns, doctor, explain, firewall, fmt, graph, history, init,
    migrate, plan, ports, probe, queue, quickstart, render, rollback, run, schema, serve, stages, status,
};
use context::Context;

/// One YAML file in, one running, secure mail server out.
#[derive(Debug, Parser)]
#[command(name = "mailctl", version, propagate_version = true, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct Global {
    /// The configuration.
    #[arg(
        long,
        global = true,
        env = "MAILCTL_CONFIG",
        default_value = "/etc/mailctl/mailserver.yaml",
        value_name = "FILE"
    )]
    config: PathBuf,
    /// Active plan, history, keys and mail [default: /var/lib/mailctl; quickstart: a temporary folder].
    #[arg(long, global = true, env = "MAILCTL_STATE", value_name = "DIR")]
    state: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Addresses that the packet filter keeps off.
    #[command(subcommand)]
    Abuse(abuse::Command),
    /// Accounts and passwords.
    #[command(subcommand)]
    Account(account::Command),
    /// Activate a plan: verify it on the running server, go back if it does not hold.
    Apply(apply::Arguments),
    /// The certificates that are served: how they stand, renewals, new keys.
    #[command(subcommand)]
    Certificates(certificates::Command),
    /// Compile the configuration and report what is wrong with it.
    Check(check::Arguments),
    /// What the configuration says, and what holds where it is silent.
    #[command(subcommand)]
    Config(config::Command),
    /// DNS records that follow from the plan.
    #[command(subcommand)]
    Dns(dns::Command),
    /// Look at everything, and score it by what public tests ask of a mail server.
    Doctor(doctor::Arguments),
    /// Explain a diagnostic code.
    Explain(explain::Arguments),
    /// Firewall rules that follow from the plan.
    #[command(subcommand)]
    Firewall(firewall::Command),
    /// Bring the configuration into canonical form; comments stay.
    Fmt(fmt::Arguments),
    /// The flowchart of mail in and out (Mermaid).
    Graph(graph::Arguments),
    /// The plans that were active.
    History(history::Arguments),
    /// Write a first configuration: asks a few questions, or takes flags.
    Init(init::Arguments),
    /// Bring the configuration to the newest version of the language.
    Migrate(migrate::Arguments),
    /// Show what the configuration would change.
    Plan(plan::Arguments),
    /// The port table: who may connect where, how, and why.
    Ports(ports::Arguments),
    /// Try ports from this machine, for a check on another one.
    Probe(probe::Arguments),
    /// Mail waiting to leave.
    #[command(subcommand)]
    Queue(queue::Command),
    /// From nothing to a running server on loopback, with a self-test.
    Quickstart(quickstart::Arguments),
    /// Files for the system around the server.
    #[command(subcommand)]
    Render(render::Command),
    /// Go back to the plan before the active one.
    Rollback(rollback::Arguments),
    /// Compile, apply and serve in one, for containers.
    Run(run::Arguments),
    /// Print a JSON Schema.
    Schema(schema::Arguments),
    /// Execute the active plan.
    Serve(serve::Arguments),
    /// Roll-overs under way: keys, selectors, policies, hosts.
    #[command(subcommand)]
    Stages(stages::Command),
    /// What is active and what runs.
    Status(status::Arguments),
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
}

/// What a command ends with.
#[derive(Debug)]
enum Outcome {
    Done,
    Differences,
}

/// An error whose text is ready for a person. Empty when the diagnostics have already been printed.
#[derive(Debug)]
struct Failure(String);

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            let inner_text = inner.to_string();
            if !text.contains(&inner_text) {
                text.push_str(": ");
                text.push_str(&inner_text);
            }
            cause = inner.source();
        }
        Self(text)
    }
}

/// Runs the program on the process's arguments.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            // clap's own code for wrong usage is 2, which means "differences" here.
            return if error.use_stderr() { ExitCode::from(1) } else { ExitCode::SUCCESS };
        }
    };
    let result = match cli.command {
        Command::Quickstart(arguments) => quickstart::run(&arguments, cli.global.state),
        command => dispatch(&Context::new(cli.global.config, cli.global.state), command),
    };
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Differences) => ExitCode::from(2),
        Err(Failure(text)) => {
            if !text.is_empty() {
                eprintln!("error: {text}");
            }
            ExitCode::from(1)
        }
    }
}

fn dispatch(context: &Context, command: Command) -> Result<Outcome, Failure> {
    match command {
        Command::Abuse(command) => abuse::run(&command),
        Command::Account(command) => account::run(command),
        Command::Apply(arguments) => apply::run(context, &arguments),
        Command::Certificates(command) => certificates::run(context, &command),
        Command::Check(arguments) => check::run(context, &arguments),
        Command::Config(command) => config::run(context, &command),
        Command::Dns(command) => dns::run(context, &command),
        Command::Doctor(arguments) => doctor::run(context, &arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Firewall(command) => firewall::run(context, &command),
        Command::Fmt(arguments) => fmt::run(context, &arguments),
        Command::Graph(arguments) => graph::run(context, &arguments),
        Command::History(arguments) => history::run(context, &arguments),
        Command::Init(arguments) => init::run(context, &arguments),
        Command::Migrate(arguments) => migrate::run(context, &arguments),
        Command::Plan(arguments) => plan::run(context, &arguments),
        Command::Ports(arguments) => ports::run(context, &arguments),
        Command::Probe(arguments) => probe::run(&arguments),
        Command::Queue(command) => queue::run(context, &command),
        Command::Quickstart(arguments) => quickstart::run(&arguments, Some(context.state.root().to_owned())),
        Command::Render(command) => render::run(context, &command),
        Command::Rollback(arguments) => rollback::run(context, &arguments),
        Command::Run(arguments) => run::run(context, &arguments),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Serve(arguments) => serve::run(context, &arguments),
        Command::Stages(command) => stages::run(context, &command),
        Command::Status(arguments) => status::run(context, &arguments),
    }
}

/// Prints to standard output; a closed pipe ends the output, not the program.
fn print(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    if !text.ends_with('\n') {
        let _ = out.write_all(b"\n");
    }
    let _ = out.flush();
}

/// Prints a value as indented JSON.
fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    print(&serde_json::to_string_pretty(value)?);
    Ok(())
}
