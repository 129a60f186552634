//! Where a domain's mail goes: the hosts to try, in order (RFC 5321 §5.1, RFC 7505).
//!
//! MX records by preference, equal ones in random order; without MX records the domain itself (implicit
//! MX); an address literal is its own target. Hosts of the same or a worse preference than our own are left
//! out, because mail that we send there comes back (RFC 5321 §5.1); if nothing is left, it would loop.

use std::net::IpAddr;

use crate::ground::limits::MX_HOSTS_MAX;
use crate::mailflow::routing::Router;
use crate::vocabulary::dns::{Mx, ResolveError, Resolver, Verdict};
use crate::vocabulary::mail::{Domain, Enhanced, Reply};

/// Addresses tried for one host in one attempt. RFC 5321 §5.1 asks for at least two in all.
const ADDRESSES_MAX: usize = 4;

/// One host to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The name for TLS and the log: the MX host, the domain itself, or the literal.
    pub host: Domain,
    /// Set for an address literal; otherwise they are looked up when the host's turn comes.
    pub address: Option<IpAddr>,
}

/// Hosts in the order of trying; never empty.
pub type Targets = Vec<Target>;

/// A source of randomness for the order of equal preferences: any number, a new one each time.
pub type Seed = u64;

/// The hosts for `domain`, to be connected to at `port`.
///
/// # Errors
/// A reply of our own: transient if DNS failed, permanent if the domain takes no mail, does not exist, or
/// leads back to us.
pub async fn targets(
    resolver: &dyn Resolver,
    router: &Router,
    domain: &Domain,
    port: u16,
    seed: Seed,
) -> Result<Targets, Reply> {
    if let Some(address) = domain.literal() {
        if router.is_own_address(&address, port) {
            return Err(loops_back(domain));
        }
        return Ok(vec![Target { host: domain.clone(), address: Some(address) }]);
    }
    let answer = resolver.mx(domain).await.map_err(|error| unresolved(domain, &error))?;
    if answer.verdict == Verdict::Bogus {
        return Err(Reply::new(451, Enhanced(4, 4, 3), format!("the MX records of {domain} fail DNSSEC validation")));
    }
    if answer.records.is_empty() {
        if !answer.name_exists {
            return Err(Reply::new(550, Enhanced(5, 1, 2), format!("the domain {domain} does not exist")));
        }
        // RFC 5321 §5.1: no MX records, so the domain is its own MX of preference 0.
        if domain == router.host() {
            return Err(loops_back(domain));
        }
        return Ok(vec![Target { host: domain.clone(), address: None }]);
    }
    // RFC 7505 §3: a null MX stands alone; beside others it is a mistake and no host.
    if answer.records.iter().all(|mx| mx.exchange.is_none()) {
        return Err(Reply::new(556, Enhanced(5, 1, 10), format!("the domain {domain} accepts no mail (RFC 7505)")));
    }
    let hosts = ordered(answer.records, router.host(), seed);
    if hosts.is_empty() { Err(loops_back(domain)) } else { Ok(hosts) }
}

/// The addresses of a target's host, IPv6 and IPv4 alternating so that one broken family does not use up
/// the attempts; our own addresses left out.
///
/// # Errors
/// A reply of our own about this host: transient if DNS failed, permanent if it has no address or only
/// ours. The next host may do better.
pub async fn addresses(
    resolver: &dyn Resolver,
    router: &Router,
    target: &Target,
    port: u16,
) -> Result<Vec<IpAddr>, Reply> {
    if let Some(address) = target.address {
        return if router.is_own_address(&address, port) { Err(loops_back(&target.host)) } else { Ok(vec![address]) };
    }
    let answer = resolver.addresses(&target.host).await.map_err(|error| unresolved(&target.host, &error))?;
    if answer.verdict == Verdict::Bogus {
        let text = format!("the addresses of {} fail DNSSEC validation", target.host);
        return Err(Reply::new(451, Enhanced(4, 4, 3), text));
    }
    let (v6, v4): (Vec<IpAddr>, Vec<IpAddr>) = answer
        .records
        .iter()
        .filter(|address| !router.is_own_address(address, port))
        .partition(|address| address.is_ipv6());
    let (mut v6, mut v4) = (v6.into_iter(), v4.into_iter());
    let mut alternating = Vec::new();
    loop {
        let pair = [v6.next(), v4.next()];
        if pair == [None, None] {
            break;
        }
        alternating.extend(pair.into_iter().flatten());
    }
    alternating.truncate(ADDRESSES_MAX);
    if alternating.is_empty() {
        if !answer.records.is_empty() {
            return Err(loops_back(&target.host));
        }
        // RFC 5321 §5.1: an MX, explicit or implied, without an address is an error to report, not to wait for.
        let text = format!("the host {} has no address", target.host);
        return Err(Reply::new(550, Enhanced(5, 4, 4), text));
    }
    Ok(alternating)
}

fn ordered(mut records: Vec<Mx>, own: &Domain, seed: Seed) -> Targets {
    // RFC 5321 §5.1: what is not better than ourselves is left out.
    let own_preference = records.iter().filter(|mx| mx.exchange.as_ref() == Some(own)).map(|mx| mx.preference).min();
    records.retain(|mx| own_preference.is_none_or(|own| mx.preference < own));
    records.sort_by_key(|mx| mx.preference);
    let mut hosts: Vec<(u16, u64, Domain)> = Vec::new();
    for (at, mx) in records.into_iter().enumerate() {
        match mx.exchange {
            Some(host) if hosts.iter().all(|(_, _, known)| *known != host) => {
                hosts.push((mx.preference, scrambled(seed, at as u64), host));
            }
            _ => {}
        }
    }
    // RFC 5321 §5.1: the sender MUST randomise among equal preferences.
    hosts.sort();
    hosts.truncate(MX_HOSTS_MAX);
    hosts.into_iter().map(|(_, _, host)| Target { host, address: None }).collect()
}

/// SplitMix64's finaliser: spreads consecutive numbers over all of u64.
fn scrambled(seed: Seed, at: u64) -> u64 {
    let mut x = seed.wrapping_add(at.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

fn unresolved(name: &Domain, error: &ResolveError) -> Reply {
    Reply::new(451, Enhanced(4, 4, 3), format!("DNS for {name}: {error}"))
}

fn loops_back(domain: &Domain) -> Reply {
    Reply::new(554, Enhanced(5, 4, 6), format!("mail for {domain} would come back to this server"))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::mailflow::sample::plan;
    use crate::vocabulary::dns::{Answer, Lookup};

    /// Answers from tables. A domain without an entry does not exist; `broken.test` fails.
    #[derive(Default)]
    struct Zone {
        mx: HashMap<Domain, Vec<Mx>>,
        addresses: HashMap<Domain, Vec<IpAddr>>,
    }

    impl Zone {
        fn mx(mut self, domain: &str, records: &[(u16, &str)]) -> Self {
            let records =
                records.iter().map(|(preference, host)| Mx { preference: *preference, exchange: host.parse().ok() });
            self.mx.insert(domain.parse().unwrap(), records.collect());
            self
        }

        fn host(mut self, host: &str, addresses: &[&str]) -> Self {
            self.addresses.insert(host.parse().unwrap(), addresses.iter().map(|a| a.parse().unwrap()).collect());
            self
        }

        fn answer<T: Clone + Send + 'static>(domain: &Domain, found: Option<&Vec<T>>) -> Lookup<'static, T> {
            let answer = match (domain.as_str(), found) {
                ("broken.test", _) => Err(ResolveError::TimedOut),
                (_, Some(records)) => {
                    Ok(Answer { records: records.clone(), verdict: Verdict::Insecure, name_exists: true })
                }
                (_, None) => Ok(Answer { records: Vec::new(), verdict: Verdict::Insecure, name_exists: false }),
            };
            Box::pin(std::future::ready(answer))
        }
    }

    impl Resolver for Zone {
        fn mx<'a>(&'a self, domain: &'a Domain) -> Lookup<'a, Mx> {
            Self::answer(domain, self.mx.get(domain))
        }

        fn addresses<'a>(&'a self, host: &'a Domain) -> Lookup<'a, IpAddr> {
            Self::answer(host, self.addresses.get(host))
        }
    }

    async fn hosts(zone: &Zone, domain: &str, seed: Seed) -> Result<Vec<String>, (u16, Option<Enhanced>)> {
        targets(zone, &Router::new(&plan(&[])), &domain.parse().unwrap(), 25, seed)
            .await
            .map(|hosts| hosts.into_iter().map(|target| target.host.to_string()).collect())
            .map_err(|reply| (reply.code, reply.enhanced))
    }

    #[tokio::test]
    async fn rfc5321_5_1_preference_decides_and_chance_among_equals() {
        let zone =
            Zone::default().mx("x.test", &[(20, "c.x.test"), (10, "a.x.test"), (10, "b.x.test"), (30, "a.x.test")]);
        let mut firsts = std::collections::BTreeSet::new();
        for seed in 0..32 {
            let order = hosts(&zone, "x.test", seed).await.unwrap();
            assert_eq!(order.len(), 3, "a host is tried once: {order:?}");
            assert_eq!(order[2], "c.x.test");
            firsts.insert(order[0].clone());
        }
        assert_eq!(firsts.len(), 2, "both equals come first at times");
    }

    #[tokio::test]
    async fn rfc5321_5_1_no_mx_means_the_domain_itself() {
        let zone = Zone::default().mx("x.test", &[]).mx("mail.example.org", &[]);
        assert_eq!(hosts(&zone, "x.test", 0).await, Ok(vec!["x.test".to_owned()]));
        assert_eq!(hosts(&zone, "none.test", 0).await, Err((550, Some(Enhanced(5, 1, 2)))));
        assert_eq!(hosts(&zone, "broken.test", 0).await, Err((451, Some(Enhanced(4, 4, 3)))));
        assert_eq!(hosts(&zone, "[192.0.2.77]", 0).await, Ok(vec!["[192.0.2.77]".to_owned()]));
        assert_eq!(hosts(&zone, "[192.0.2.10]", 0).await, Err((554, Some(Enhanced(5, 4, 6)))), "our own");
    }

    #[tokio::test]
    async fn rfc7505_a_null_mx_is_a_refusal() {
        let zone = Zone::default().mx("x.test", &[(0, "")]).mx("y.test", &[(0, ""), (10, "a.y.test")]);
        assert_eq!(hosts(&zone, "x.test", 0).await, Err((556, Some(Enhanced(5, 1, 10)))));
        assert_eq!(hosts(&zone, "y.test", 0).await, Ok(vec!["a.y.test".to_owned()]));
    }

    #[tokio::test]
    async fn rfc5321_5_1_mail_is_not_sent_to_ourselves_or_worse() {
        let records = [(10, "a.x.test"), (20, "mail.example.org"), (20, "b.x.test"), (30, "c.x.test")];
        let zone = Zone::default().mx("x.test", &records).mx("y.test", &[(10, "mail.example.org")]);
        assert_eq!(hosts(&zone, "x.test", 0).await, Ok(vec!["a.x.test".to_owned()]));
        assert_eq!(hosts(&zone, "y.test", 0).await, Err((554, Some(Enhanced(5, 4, 6)))));
    }

    #[tokio::test]
    async fn addresses_alternate_between_families() {
        let zone = Zone::default()
            .host("a.test", &["2001:db8::1", "2001:db8::2", "2001:db8::3", "192.0.2.1", "192.0.2.2"])
            .host("own.test", &["192.0.2.10"])
            .host("none.test", &[]);
        let router = Router::new(&plan(&[]));
        let of = |host: &str| Target { host: host.parse().unwrap(), address: None };
        let found = addresses(&zone, &router, &of("a.test"), 25).await.unwrap();
        assert_eq!(
            found.iter().map(IpAddr::to_string).collect::<Vec<_>>(),
            ["2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2"]
        );
        assert_eq!(addresses(&zone, &router, &of("own.test"), 25).await.unwrap_err().enhanced, Some(Enhanced(5, 4, 6)));
        assert_eq!(
            addresses(&zone, &router, &of("none.test"), 25).await.unwrap_err().enhanced,
            Some(Enhanced(5, 4, 4))
        );
        assert!(addresses(&zone, &router, &of("own.test"), 26).await.is_ok(), "nobody of ours listens there");
        assert!(addresses(&zone, &router, &of("broken.test"), 25).await.unwrap_err().is_transient());
    }
}
