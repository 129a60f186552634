//! `mailctl firewall`: the packet filter that follows from the plan, rendered, loaded, compared and tried.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;
use std::process::Command as Process;
use std::time::Duration;

use crate::apply::firewall::probe::{Probed, Seen, Wanted, probe};
use crate::apply::firewall::{kernel, loadable, pending};
use crate::artefact::render::firewall::{self, Form};
use crate::cli::context::Context;
use crate::cli::{Failure, Format, Outcome, print, print_json};
use crate::plan::Plan;
use crate::runtime::net::packet_filter::run as execute;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Load the rules into the kernel; the former ones come back unless this is confirmed.
    Apply(Apply),
    /// Compare the kernel's rules with the plan, and try the ports.
    Check(Check),
    /// Keep the rules that were loaded.
    Confirm,
    /// Try the ports from here, as a stranger: for another machine that has the same configuration.
    Probe(Try),
    /// Print a ruleset.
    Render(Render),
    /// Wait for the confirmation of a load.
    #[command(hide = true)]
    Return {
        #[arg(long)]
        within: u64,
    },
    /// Take everything of ours out of the kernel.
    Unload(Shown),
}

#[derive(Debug, clap::Args)]
pub struct Shown {
    /// Of the active plan instead of the configuration.
    #[arg(long)]
    active: bool,
}

#[derive(Debug, clap::Args)]
pub struct Render {
    /// In place of the one that the plan asks for.
    #[arg(long, visible_alias = "format", value_enum)]
    backend: Option<RuleForm>,
    #[command(flatten)]
    plan: Shown,
}

#[derive(Debug, clap::Args)]
pub struct Apply {
    #[command(flatten)]
    within: Within,
    #[command(flatten)]
    plan: Shown,
}

/// How long new rules stay without a word.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct Within {
    /// The former rules come back after so many seconds, unless `mailctl firewall confirm` is run; 0: never.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(0..=3600))]
    confirm_within: u64,
}

#[derive(Debug, clap::Args)]
pub struct Try {
    /// Where to connect to, instead of the host's addresses in the plan.
    #[arg(long = "address", value_name = "IP")]
    addresses: Vec<IpAddr>,
    /// Further ports to try.
    #[arg(long = "port", value_name = "PORT")]
    ports: Vec<u16>,
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    #[command(flatten)]
    plan: Shown,
}

#[derive(Debug, clap::Args)]
pub struct Check {
    /// Try the ports from this network namespace of the machine, as a stranger; without it from the machine itself, which
    /// the rules let pass.
    #[arg(long, value_name = "NAME")]
    from_netns: Option<String>,
    #[command(flatten)]
    to: Try,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum RuleForm {
    Docker,
    Firewalld,
    Iptables,
    Nftables,
    Nixos,
    Ufw,
}

pub fn run(context: &Context, command: &Command) -> Result<Outcome, Failure> {
    match command {
        Command::Apply(arguments) => {
            print(&load(context, &context.plan_to_show(arguments.plan.active)?, arguments.within)?);
            Ok(Outcome::Done)
        }
        Command::Check(arguments) => check(context, arguments),
        Command::Confirm => {
            pending::confirm(context.state.root())?;
            print("The rules stay.");
            Ok(Outcome::Done)
        }
        Command::Probe(arguments) => {
            let plan = context.plan_to_show(arguments.plan.active)?;
            let probed = probe(&plan, &addresses(arguments, &plan), &ports(arguments));
            match arguments.format {
                Format::Human => print(&table(&probed, true)),
                Format::Json => print_json(&probed)?,
            }
            Ok(outcome(probed.iter().all(Probed::as_wanted)))
        }
        Command::Render(arguments) => render(context, arguments),
        Command::Return { within } => {
            pending::wait(context.state.root(), Duration::from_secs(*within))?;
            Ok(Outcome::Done)
        }
        Command::Unload(arguments) => {
            kernel::unload(loadable(&context.plan_to_show(arguments.active)?)?)?;
            print("Nothing of ours is in the kernel.");
            Ok(Outcome::Done)
        }
    }
}

fn outcome(as_wanted: bool) -> Outcome {
    if as_wanted { Outcome::Done } else { Outcome::Differences }
}

fn render(context: &Context, arguments: &Render) -> Result<Outcome, Failure> {
    let plan = context.plan_to_show(arguments.plan.active)?;
    let form = match arguments.backend {
        Some(RuleForm::Docker) => Form::Docker,
        Some(RuleForm::Firewalld) => Form::Firewalld,
        Some(RuleForm::Iptables) => Form::Iptables,
        Some(RuleForm::Nftables) => Form::Nftables,
        Some(RuleForm::Nixos) => Form::Nixos,
        Some(RuleForm::Ufw) => Form::Ufw,
        // Whoever asks for rules although somebody else keeps them wants to read them.
        None => Form::of(plan.packet_filter.backend).unwrap_or(Form::Nftables),
    };
    print(&firewall::render(&plan, form));
    Ok(Outcome::Done)
}

/// Loads a plan's rules; gives what is to be done next.
pub(super) fn load(context: &Context, plan: &Plan, within: Within) -> Result<String, Failure> {
    let seconds = within.confirm_within;
    let program = std::env::current_exe()?;
    let (config, state) = (&context.config, context.state.root());
    let returning = || {
        let mut command = Process::new(program);
        command.arg("--config").arg(config).arg("--state").arg(state);
        command.args(["firewall", "return", "--within", &seconds.to_string()]);
        command
    };
    let bounded = (seconds > 0).then(|| Duration::from_secs(seconds));
    pending::load(plan, state, bounded, returning)?;
    Ok(match bounded {
        None => "The rules are loaded.".to_owned(),
        Some(_) => format!(
            "The rules are loaded. In {seconds} seconds the former ones come back, unless you open a new connection to \
             this machine and run `mailctl firewall confirm`."
        ),
    })
}

fn check(context: &Context, arguments: &Check) -> Result<Outcome, Failure> {
    let plan = context.plan_to_show(arguments.to.plan.active)?;
    let differences = kernel::differences(&plan, loadable(&plan)?)?;
    let probed = match &arguments.from_netns {
        Some(netns) => probe_from(context, netns, &arguments.to)?,
        None => probe(&plan, &addresses(&arguments.to, &plan), &ports(&arguments.to)),
    };
    let outside = arguments.from_netns.is_some();
    let waits = pending::waiting(context.state.root())?;
    let answers = |p: &Probed| if outside { p.as_wanted() } else { p.wanted != Wanted::Open || p.as_wanted() };
    let as_wanted = differences.is_empty() && probed.iter().all(answers);
    match arguments.to.format {
        Format::Json => print_json(&serde_json::json!({
            "version": 1, "differences": differences, "from_outside": outside, "probed": probed, "returns": waits,
            "as_planned": as_wanted,
        }))?,
        Format::Human => {
            let mut text = match differences.as_slice() {
                [] => "The kernel has the plan's rules.\n".to_owned(),
                lines => format!("The kernel's rules (-) are not the plan's (+):\n  {}\n", lines.join("\n  ")),
            };
            if let Some(until) = waits {
                text.push_str(&format!(
                    "They wait for `mailctl firewall confirm`; the former ones come back at {}.\n",
                    until.rfc3339()
                ));
            }
            text.push('\n');
            text.push_str(&table(&probed, outside));
            print(&text);
        }
    }
    Ok(outcome(as_wanted))
}

/// The same program in another namespace of this machine, where packets arrive from outside.
fn probe_from(context: &Context, netns: &str, to: &Try) -> Result<Vec<Probed>, Failure> {
    let path = |path: &Path| path.display().to_string();
    let mut words = vec!["netns".to_owned(), "exec".to_owned(), netns.to_owned(), path(&std::env::current_exe()?)];
    words.extend(["--config".to_owned(), path(&context.config), "--state".to_owned(), path(context.state.root())]);
    // What is found is read from its output; differences are no failure.
    words.extend(["firewall", "probe", "--format", "json"].map(str::to_owned));
    words.extend(to.addresses.iter().flat_map(|a| ["--address".to_owned(), a.to_string()]));
    words.extend(to.ports.iter().flat_map(|p| ["--port".to_owned(), p.to_string()]));
    words.extend(to.plan.active.then(|| "--active".to_owned()));
    let script = "ip \"$@\"; status=$?; [ $status = 2 ] || exit $status";
    let mut arguments = vec!["-c", script, "sh"];
    arguments.extend(words.iter().map(String::as_str));
    Ok(serde_json::from_str(&execute("sh", &arguments, "")?)?)
}

fn addresses(to: &Try, plan: &Plan) -> Vec<IpAddr> {
    if to.addresses.is_empty() { plan.host.addresses.clone() } else { to.addresses.clone() }
}

fn ports(to: &Try) -> BTreeSet<u16> {
    to.ports.iter().copied().collect()
}

fn table(probed: &[Probed], outside: bool) -> String {
    let mut text = String::new();
    for probed in probed {
        let wanted = match probed.wanted {
            Wanted::Left => "left alone",
            Wanted::Open => "open",
            Wanted::Shut => "shut",
        };
        let seen = match probed.seen {
            Seen::Open => "open",
            Seen::Refused => "refused",
            Seen::Silent => "no answer",
            Seen::Unreachable => "no way there",
        };
        let mark = if outside && !probed.as_wanted() { "   <- differs" } else { "" };
        text.push_str(&format!("{:<44} planned {wanted:<11} seen {seen}{mark}\n", probed.socket.to_string()));
    }
    if !outside {
        text.push_str(
            "Seen from this machine itself, which the rules let pass: it shows what listens, not what the filter shuts. \
             `mailctl firewall probe` on another machine, or --from-netns, shows that.\n",
        );
    }
    text
}
