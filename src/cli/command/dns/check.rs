//! `mailctl dns check`: what the world sees of us, against what the plan wants.
//!
//! Looks at the authoritative servers and through a resolver that validates, connects to every port at the public
//! addresses, fetches MTA-STS policies, asks block lists. Each finding is a rule of the catalogue; the exit code is 1 if
//! one is an error.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::apply::{doors, policy};
use crate::artefact::reconcile::dns::judge::{LiveFinding, judge};
use crate::artefact::reconcile::dns::review;
use crate::artefact::reconcile::dns::sight::Sight;
use crate::cli::context::{Context, colour_out};
use crate::cli::report::{ReportFormat, report};
use crate::cli::{Failure, Outcome, print, print_json};
use crate::compiler::{Compilation, rules};
use crate::ground::diagnostic::{self, Severity, SourceMap};
use crate::plan::Plan;
use crate::plan::document::{DnsRecord, Profile, Validation};
use crate::runtime::net::outlook::outlook;
use crate::runtime::net::resolver::DnsResolver;
use crate::vocabulary::dns::Resolver as _;

/// Lists that large receivers use and that answer anybody's resolver in small numbers.
const BLOCK_LISTS: [&str; 3] = ["zen.spamhaus.org", "bl.spamcop.net", "b.barracudacentral.org"];

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[arg(long, value_enum, default_value = "human")]
    format: ReportFormat,
    /// The active plan instead of the configuration's.
    #[arg(long)]
    active: bool,
    #[command(flatten)]
    pub look: Look,
}

/// How far a look goes.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Look {
    /// Ask this block list, in place of zen.spamhaus.org, bl.spamcop.net and b.barracudacentral.org. May be repeated.
    #[arg(long, value_name = "ZONE")]
    block_list: Vec<String>,
    /// Names only: connect to no port of ours and fetch no policy.
    #[arg(long)]
    names_only: bool,
    /// What `mailctl probe` printed on another machine.
    #[arg(long, value_name = "FILE")]
    probe_result: Option<PathBuf>,
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<Outcome, Failure> {
    let plan = context.plan_to_show(arguments.active)?;
    let records = context.records(&plan)?;
    let sight = look(context, &plan, &records, &arguments.look)?;
    let findings = judge(&plan, &records, &sight);
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    show(&records, &sight, findings, arguments.format)?;
    if errors > 0 { Err(Failure(String::new())) } else { Ok(Outcome::Done) }
}

/// Looks at everything that is asked for.
pub fn look(context: &Context, plan: &Plan, records: &[DnsRecord], how: &Look) -> Result<Sight, Failure> {
    let base = context.base();
    let file = |path: &Path| {
        let path = base.join(path);
        std::fs::read(&path).map_err(|error| Failure(format!("{}: {error}", path.display())))
    };
    let anchor = match &plan.outbound.validation {
        Validation::Anchor(path) => Some(String::from_utf8_lossy(&file(path)?).into_owned()),
        Validation::Internet | Validation::None => None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let resolver = runtime.block_on(async {
        match plan.outbound.validation {
            Validation::None => DnsResolver::new(&plan.outbound.resolver),
            _ => DnsResolver::validating(&plan.outbound.resolver, anchor.as_deref()).await,
        }
    })?;
    let mut sight = runtime.block_on(outlook(&resolver, plan, records, &block_lists(plan, how)));
    if !how.names_only {
        let authorities = plan.outbound.authority.as_deref().map(file).transpose()?;
        for domain in plan.domains.iter().filter(|(_, domain)| domain.mta_sts.is_some()).map(|(name, _)| name.as_str())
        {
            let addresses: Vec<IpAddr> = runtime.block_on(async {
                let Ok(host) = format!("mta-sts.{domain}").parse() else { return Vec::new() };
                resolver.addresses(&host).await.map(|answer| answer.records).unwrap_or_default()
            });
            let fetched = policy::fetch(domain, &addresses, authorities.as_deref());
            sight.policies.insert(domain.to_owned(), fetched);
        }
        sight.doors = doors::look(plan);
        sight.relaying = doors::relaying(plan);
    }
    if let Some(path) = &how.probe_result {
        sight.outside = outside(path)?;
    }
    Ok(sight)
}

fn block_lists(plan: &Plan, how: &Look) -> Vec<String> {
    match (how.block_list.as_slice(), plan.profile) {
        ([], Profile::Lab) => Vec::new(),
        ([], Profile::Production) => BLOCK_LISTS.map(str::to_owned).to_vec(),
        (lists, _) => lists.to_vec(),
    }
}

/// What another machine could reach.
fn outside(path: &Path) -> Result<BTreeMap<SocketAddr, Result<(), String>>, Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure(format!("{}: {error}", path.display())))?;
    let results = crate::cli::command::probe::read(&bytes);
    results.map_err(|error| Failure(format!("{}: not what `mailctl probe` prints: {error}", path.display())))
}

fn show(records: &[DnsRecord], sight: &Sight, findings: Vec<LiveFinding>, format: ReportFormat) -> Result<(), Failure> {
    let complete = |finding: LiveFinding| rules::live(finding.code, finding.severity, finding.detail, finding.fix);
    let compilation = Compilation {
        plan: None,
        diagnostics: findings.into_iter().map(complete).collect(),
        sources: SourceMap::new("dns", ""),
    };
    match format {
        ReportFormat::Json => {
            let mut value = review::seen_json(records, sight);
            value["findings"] = diagnostic::json_value(&compilation.sources, &compilation.diagnostics);
            print_json(&value)?;
        }
        ReportFormat::Human => {
            print(&review::seen_human(records, sight));
            print(&report(&compilation, format, colour_out()));
        }
        _ => print(&report(&compilation, format, false)),
    }
    Ok(())
}
