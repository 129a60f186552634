//! `mailctl render`: files for the system around the server, and what its web endpoint says.

use crate::artefact::render::web::{autoconfig, autodiscover, mobileconfig, security};
use crate::artefact::render::{compose, unit};
use crate::cli::context::Context;
use crate::cli::{Failure, Outcome, print};
use crate::ground::clock::Timestamp;
use crate::plan::Plan;
use crate::plan::web::{self, site};
use crate::vocabulary::mail::{Address, Domain};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Settings for Thunderbird and the programs that follow it (autoconfig).
    Autoconfig { domain: Domain },
    /// Settings for Outlook (autodiscover, POX).
    Autodiscover { address: Address },
    /// A compose file for the container image.
    Compose,
    /// A configuration profile for Apple's mail programs, not signed.
    Mobileconfig { address: Address },
    /// The MTA-STS policy of a domain, octet for octet.
    MtaSts { domain: Domain },
    /// The `security.txt` of a name, as of now.
    SecurityTxt {
        /// Default: the host's name.
        name: Option<String>,
    },
    /// A hardened systemd unit.
    Unit,
}

pub fn run(context: &Context, command: &Command) -> Result<Outcome, Failure> {
    let plan = context.plan_to_show(false)?;
    let (text, otherwise) = match command {
        Command::Autoconfig { domain } => {
            let known = plan.domains.contains_key(domain);
            (known.then(|| autoconfig::document(&plan, domain)).flatten(), nobody(&plan, domain))
        }
        Command::Autodiscover { address } => (autodiscover::pox(&plan, address).ok(), nobody(&plan, &address.domain)),
        Command::Compose => (Some(compose::compose(&plan)), String::new()),
        Command::Mobileconfig { address } => (mobileconfig::profile(&plan, address), nobody(&plan, &address.domain)),
        Command::MtaSts { domain } => {
            let policy = plan.domains.get(domain).and_then(|settings| settings.mta_sts.as_ref());
            let host = web::policy_host(domain);
            (policy.map(|policy| policy.text.clone()), format!("the plan has no policy to be served by {host}"))
        }
        Command::SecurityTxt { name } => {
            let name = name.as_deref().unwrap_or_else(|| plan.host.name.as_str());
            let text = site(&plan, name).and_then(|site| security::text(&plan, site, name, Timestamp::now()));
            (text, format!("`{name}` is no name that the plan answers for"))
        }
        Command::Unit => (Some(unit::unit(&plan)), String::new()),
    };
    print(&text.ok_or(Failure(otherwise))?);
    Ok(Outcome::Done)
}

/// Why there are no settings.
fn nobody(plan: &Plan, domain: &Domain) -> String {
    match plan.domains.contains_key(domain) {
        true => "the plan has no listeners that users could both read and send through".to_owned(),
        false => format!("`{domain}` is no domain of the plan"),
    }
}
