//! `mailctl dns`: the records that the plan wants published.

pub(in crate::cli) mod check;
mod push;

use std::path::PathBuf;

use crate::apply::publish;
use crate::artefact::render::dns::{self, Rendered};
use crate::cli::context::Context;
use crate::cli::{Failure, Outcome, print};
use crate::plan::document;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Look at what the world sees of us: records, DNSSEC, keys, ports, policies, block lists.
    Check(check::Arguments),
    /// Bring the zones of the primary server in line with the plan (RFC 2136).
    Push(push::Arguments),
    /// Print the records wanted, or write them for another tool.
    Records(Records),
}

#[derive(Debug, clap::Args)]
pub struct Records {
    /// `human` is a table; the others are for web forms and tools, see docs/dns.md.
    #[arg(long, value_enum, default_value = "human")]
    format: RecordFormat,
    /// Of one zone alone.
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// Write to this file; for `octodns` into this folder, one file a zone.
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,
    /// Of the active plan instead of the configuration.
    #[arg(long)]
    active: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum RecordFormat {
    Dnscontrol,
    Human,
    Json,
    Markdown,
    Nsupdate,
    Octodns,
    Terraform,
    TerraformCloudflare,
    #[value(name = "terraform-route53")]
    TerraformRoute53,
    Zone,
}

impl RecordFormat {
    /// `None`: the table, which no other tool reads.
    fn planned(self) -> Option<document::RecordFormat> {
        Some(match self {
            Self::Dnscontrol => document::RecordFormat::Dnscontrol,
            Self::Human => return None,
            Self::Json => document::RecordFormat::Json,
            Self::Markdown => document::RecordFormat::Markdown,
            Self::Nsupdate => document::RecordFormat::Nsupdate,
            Self::Octodns => document::RecordFormat::Octodns,
            Self::Terraform => document::RecordFormat::Terraform,
            Self::TerraformCloudflare => document::RecordFormat::TerraformCloudflare,
            Self::TerraformRoute53 => document::RecordFormat::TerraformRoute53,
            Self::Zone => document::RecordFormat::Zone,
        })
    }
}

pub fn run(context: &Context, command: &Command) -> Result<Outcome, Failure> {
    let arguments = match command {
        Command::Check(arguments) => return check::run(context, arguments),
        Command::Push(arguments) => return push::run(context, arguments),
        Command::Records(arguments) => arguments,
    };
    let plan = context.plan_to_show(arguments.active)?;
    let mut records = context.records(&plan)?;
    if let Some(zone) = &arguments.zone {
        let zone = zone.strip_suffix('.').unwrap_or(zone).to_lowercase();
        records.retain(|record| record.zone == zone);
        if records.is_empty() {
            let known: Vec<&str> = plan.publication.zones.keys().map(String::as_str).collect();
            return Err(Failure(format!("no records are wanted in the zone {zone}; there are: {}", known.join(", "))));
        }
    }
    let rendered = match arguments.format.planned() {
        Some(format) => dns::render(format, &plan, &records),
        None => Rendered::One(dns::table(&records, &dns::requests(&plan))),
    };
    match (&arguments.out, rendered) {
        (Some(path), rendered) => publish::write(&rendered, path)?,
        (None, Rendered::One(text)) => print(&text),
        (None, Rendered::Zones(files)) => match files.len() {
            1 => files.values().for_each(|text| print(text)),
            _ => return Err(Failure(several(files.into_keys().collect()))),
        },
    }
    Ok(Outcome::Done)
}

fn several(files: Vec<String>) -> String {
    format!("this format has a file for each zone ({}); name a folder with --out, or one --zone", files.join(", "))
}
