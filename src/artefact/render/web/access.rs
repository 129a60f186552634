//! Where users read and send their mail: the listeners that they can reach, the best first.

use crate::plan::Plan;
use crate::plan::document::{Listener, Profile, Protocol, TlsMode};
use crate::vocabulary::mail::{Address, Domain};

/// One way for mail programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way<'p> {
    pub protocol: Protocol,
    /// The certificate is for this name.
    pub host: &'p Domain,
    /// As the Internet sees it.
    pub port: u16,
    /// TLS from the first octet; else STARTTLS, before which no login is taken.
    pub implicit: bool,
}

/// All ways of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access<'p> {
    /// IMAP before POP3, and of each implicit TLS before STARTTLS (RFC 8314 §3).
    pub incoming: Vec<Way<'p>>,
    pub outgoing: Vec<Way<'p>>,
}

impl<'p> Access<'p> {
    /// `None` where users can not both read and send: a program has no use for one half.
    pub fn of(plan: &'p Plan) -> Option<Self> {
        let ways = |wanted: &[Protocol]| {
            let mut ways: Vec<Way<'p>> = plan
                .listeners
                .iter()
                .filter(|(name, l)| reachable(plan, name, l))
                .filter_map(|(_, l)| way(plan, l))
                .collect();
            ways.retain(|way| wanted.contains(&way.protocol));
            ways.sort_by_key(|way| (way.protocol, !way.implicit, way.port));
            ways.dedup();
            ways
        };
        let (incoming, outgoing) = (ways(&[Protocol::Imap, Protocol::Pop3]), ways(&[Protocol::Submission]));
        (!incoming.is_empty() && !outgoing.is_empty()).then_some(Self { incoming, outgoing })
    }
}

/// What somebody with this address logs in with: an alias domain has no accounts of its own.
pub fn login(plan: &Plan, address: &Address) -> Address {
    let domain = login_domain(plan, &address.domain);
    Address { local: address.local.clone(), domain: domain.clone() }
}

/// The domain that accounts of `domain` really are in.
pub fn login_domain<'a>(plan: &'a Plan, domain: &'a Domain) -> &'a Domain {
    plan.domains.get(domain).and_then(|settings| settings.alias_of.as_ref()).unwrap_or(domain)
}

fn way<'p>(plan: &'p Plan, listener: &Listener) -> Option<Way<'p>> {
    let implicit = match listener.tls {
        TlsMode::Implicit => true,
        TlsMode::StarttlsRequired => false,
        TlsMode::None | TlsMode::Starttls => return None,
    };
    let port = listener.public_port();
    Some(Way { protocol: listener.protocol, host: &plan.host.name, port, implicit })
}

/// A lab has no Internet: what it listens on is reached.
fn reachable(plan: &Plan, name: &str, listener: &Listener) -> bool {
    let lab = plan.profile == Profile::Lab && listener.sockets.iter().all(|socket| socket.ip().is_loopback());
    lab || plan.firewall.iter().any(|rule| rule.listener == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::example;

    #[test]
    fn only_what_is_open_is_told_and_the_best_first() {
        let mut plan = example::full();
        let access = Access::of(&plan).unwrap();
        let ports = |ways: &[Way<'_>]| ways.iter().map(|w| (w.port, w.implicit)).collect::<Vec<_>>();
        // 995 is bound to loopback.
        assert_eq!(ports(&access.incoming), [(993, true), (143, false)]);
        assert_eq!(ports(&access.outgoing), [(465, true)]);
        plan.firewall.retain(|rule| rule.listener != "submissions");
        assert_eq!(Access::of(&plan), None, "nobody can send");
    }

    #[test]
    fn the_port_is_the_one_that_the_internet_sees() {
        let mut plan = example::full();
        plan.listeners.get_mut("submissions").unwrap().published = Some(1465);
        assert_eq!(Access::of(&plan).unwrap().outgoing[0].port, 1465);
    }

    #[test]
    fn an_alias_domain_logs_in_with_the_other_one() {
        let plan = example::full();
        assert_eq!(login(&plan, &"u@example.net".parse().unwrap()).to_string(), "u@example.org");
        assert_eq!(login(&plan, &"u@example.org".parse().unwrap()).to_string(), "u@example.org");
    }
}
