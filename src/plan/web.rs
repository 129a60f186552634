//! The names that the HTTPS endpoint answers for: a function of the plan.
//!
//! For each mail domain: the policy host of MTA-STS (RFC 8461 §3.3; ours even without a policy, which may be on its
//! way out), the names that mail programs try for their settings, and the domain itself, in case it points at this
//! host. Nothing else is ours, whatever a client says.

use super::Plan;
use super::document::Protocol;
use crate::vocabulary::mail::Domain;

/// RFC 8461 §3.3.
const POLICY: &str = "mta-sts.";
/// What Thunderbird and the programs that follow it ask first.
const AUTOCONFIG: &str = "autoconfig.";
/// What Outlook asks after the domain itself.
const AUTODISCOVER: &str = "autodiscover.";

/// Where the endpoint says whether the server does its work.
pub const HEALTH_PATH: &str = "/healthz";

/// What a name of ours is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site<'p> {
    /// Settings for mail programs of this domain: the domain itself, `autoconfig` or `autodiscover` below it.
    Domain(&'p Domain),
    /// The host's own name, which is of no domain.
    Host,
    /// The MTA-STS policy of this domain, and nothing for people.
    Policy(&'p Domain),
}

impl<'p> Site<'p> {
    /// The domain that the name is of.
    pub fn domain(self) -> Option<&'p Domain> {
        match self {
            Self::Domain(domain) | Self::Policy(domain) => Some(domain),
            Self::Host => None,
        }
    }
}

/// What `name` is there for; `None` if it is not ours. `name` is as a client wrote it, without a port.
pub fn site<'p>(plan: &'p Plan, name: &str) -> Option<Site<'p>> {
    let name: Domain = name.parse().ok()?;
    let ours = |name: &str| plan.domains.get_key_value(&name.parse::<Domain>().ok()?);
    if let Some((domain, _)) = plan.domains.get_key_value(&name) {
        return Some(Site::Domain(domain));
    }
    if name == plan.host.name {
        return Some(Site::Host);
    }
    if let Some((domain, _)) = name.as_str().strip_prefix(POLICY).and_then(ours) {
        return Some(Site::Policy(domain));
    }
    let settings = [AUTOCONFIG, AUTODISCOVER].into_iter().find_map(|prefix| name.as_str().strip_prefix(prefix));
    settings.and_then(ours).map(|(domain, _)| Site::Domain(domain))
}

/// Where the MTA-STS policy of `domain` is fetched from.
pub fn policy_host(domain: &Domain) -> String {
    format!("{POLICY}{domain}")
}

pub fn autoconfig_host(domain: &Domain) -> String {
    format!("{AUTOCONFIG}{domain}")
}

pub fn autodiscover_host(domain: &Domain) -> String {
    format!("{AUTODISCOVER}{domain}")
}

/// Where `path` is under the name `host`; `None` where the plan has no endpoint.
pub fn url(plan: &Plan, host: &str, path: &str) -> Option<String> {
    /// RFC 9110 §4.2.2.
    const PORT: u16 = 443;
    let listener = plan.listeners.values().find(|listener| listener.protocol == Protocol::Https)?;
    Some(match listener.public_port() {
        PORT => format!("https://{host}{path}"),
        port => format!("https://{host}:{port}{path}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::example;

    #[test]
    fn a_name_is_ours_or_it_is_not() {
        let plan = example::full();
        let domain: Domain = "example.org".parse().unwrap();
        assert_eq!(site(&plan, "EXAMPLE.org"), Some(Site::Domain(&domain)));
        assert_eq!(site(&plan, &autoconfig_host(&domain)), Some(Site::Domain(&domain)));
        assert_eq!(site(&plan, &autodiscover_host(&domain)), Some(Site::Domain(&domain)));
        assert_eq!(site(&plan, plan.host.name.as_str()), Some(Site::Host));
        assert_eq!(site(&plan, &policy_host(&domain)), Some(Site::Policy(&domain)));
        assert_eq!(site(&plan, "mta-sts.example.org").and_then(Site::domain), Some(&domain));
        for foreign in ["www.example.org", "example.com", "autoconfig.autoconfig.example.org", "", "192.0.2.10", "a b"]
        {
            assert_eq!(site(&plan, foreign), None, "{foreign}");
        }
    }
}
