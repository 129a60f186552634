//! What a resolver answers, as values, and the trait by which mail flow asks.
//!
//! Every answer carries a DNSSEC [`Verdict`], because DANE (RFC 7672 §2.1.1) must tell "proven absent"
//! from "could not be validated". Delivery's resolver does not validate yet and reports `Insecure` throughout.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use super::mail::Domain;

/// RFC 4035 §4.3: how far an answer may be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Bogus,
    Insecure,
    Secure,
}

/// An answer: the records (empty: proven or believed absent) and the verdict on them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<T> {
    pub records: Vec<T>,
    pub verdict: Verdict,
    /// RFC 2308 §2: the name itself does not exist (NXDOMAIN), as opposed to no data of this type.
    pub name_exists: bool,
}

/// One MX record (RFC 5321 §5.1). `exchange` is `None` for the null MX of RFC 7505.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mx {
    pub preference: u16,
    pub exchange: Option<Domain>,
}

/// Why there is no answer. All of these are temporary for mail flow (RFC 5321 §5.1).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    #[error("the resolver answered {0}")]
    Failed(String),
    #[error("the resolver did not answer in time")]
    TimedOut,
}

pub type Lookup<'a, T> = Pin<Box<dyn Future<Output = Result<Answer<T>, ResolveError>> + Send + 'a>>;

/// The questions that mail flow asks.
pub trait Resolver: Send + Sync {
    fn mx<'a>(&'a self, domain: &'a Domain) -> Lookup<'a, Mx>;
    fn addresses<'a>(&'a self, host: &'a Domain) -> Lookup<'a, IpAddr>;
}
