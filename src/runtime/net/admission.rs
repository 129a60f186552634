//! Who may have a connection: a limit for the whole server and one for each source.
//!
//! A source is an IPv4 address or an IPv6 /64, since one host may use all of a /64 (RFC 4291 §2.5.4).

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Counts open connections. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Admission {
    open: Arc<Mutex<Open>>,
}

#[derive(Debug, Default)]
struct Open {
    total: u32,
    by_source: HashMap<IpAddr, u32>,
}

/// Why a connection is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The server has as many connections as the plan allows.
    Full,
    /// This source has as many as the plan allows one source.
    SourceFull,
}

impl Admission {
    /// Takes a place for `address`; it is given back when the pass is dropped.
    ///
    /// # Errors
    /// [`Refusal`] if a limit is reached.
    pub fn admit(&self, address: IpAddr, total_max: u32, per_source_max: u32) -> Result<Pass, Refusal> {
        let mut pass = self.admit_unattributed(total_max)?;
        pass.attribute(address, per_source_max)?;
        Ok(pass)
    }

    /// Takes a place for a connection of which nobody knows yet whose it is: it counts for the server alone
    /// until [`Pass::attribute`].
    ///
    /// # Errors
    /// [`Refusal::Full`].
    pub fn admit_unattributed(&self, total_max: u32) -> Result<Pass, Refusal> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.total >= total_max {
            return Err(Refusal::Full);
        }
        open.total += 1;
        Ok(Pass { admission: self.clone(), source: None })
    }

    /// Connections open now.
    pub fn total(&self) -> u32 {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).total
    }
}

/// The right to one connection.
#[derive(Debug)]
pub struct Pass {
    admission: Admission,
    /// `None` while it is not known.
    source: Option<IpAddr>,
}

impl Pass {
    /// The connection is `address`'s and counts as its own from now on.
    ///
    /// # Errors
    /// [`Refusal::SourceFull`] if it has as many as it may; the pass is then as before.
    pub fn attribute(&mut self, address: IpAddr, per_source_max: u32) -> Result<(), Refusal> {
        let source = source_of(address);
        let mut open = self.admission.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.by_source.get(&source).is_some_and(|count| *count >= per_source_max) || per_source_max == 0 {
            return Err(Refusal::SourceFull);
        }
        if let Some(former) = self.source.replace(source) {
            open.leave(former);
        }
        *open.by_source.entry(source).or_insert(0) += 1;
        Ok(())
    }
}

impl Open {
    fn leave(&mut self, source: IpAddr) {
        if let Some(count) = self.by_source.get_mut(&source) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.by_source.remove(&source);
            }
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut open = self.admission.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.total = open.total.saturating_sub(1);
        if let Some(source) = self.source {
            open.leave(source);
        }
    }
}

/// What counts as one source: an IPv4 address, also one in IPv6's clothes, or an IPv6 /64.
pub fn source_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from(u128::from(v6) & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_by_source_and_given_back() {
        let admission = Admission::default();
        let a: IpAddr = "192.0.2.1".parse().unwrap();
        let first = admission.admit(a, 10, 2).unwrap();
        let _second = admission.admit(a, 10, 2).unwrap();
        assert_eq!(admission.admit(a, 10, 2).unwrap_err(), Refusal::SourceFull);
        drop(first);
        assert!(admission.admit(a, 10, 2).is_ok());
        assert_eq!(admission.total(), 1);
    }

    #[test]
    fn a_whole_64_is_one_source() {
        let admission = Admission::default();
        let _one = admission.admit("2001:db8::1".parse().unwrap(), 10, 1).unwrap();
        assert_eq!(admission.admit("2001:db8::2".parse().unwrap(), 10, 1).unwrap_err(), Refusal::SourceFull);
        assert!(admission.admit("2001:db8:0:1::2".parse().unwrap(), 10, 1).is_ok());
    }

    #[test]
    fn a_connection_behind_a_proxy_counts_for_its_client() {
        let admission = Admission::default();
        let client: IpAddr = "192.0.2.1".parse().unwrap();
        let mut first = admission.admit_unattributed(2).unwrap();
        let mut second = admission.admit_unattributed(2).unwrap();
        assert_eq!(admission.admit_unattributed(2).unwrap_err(), Refusal::Full);
        first.attribute(client, 1).unwrap();
        assert_eq!(second.attribute(client, 1).unwrap_err(), Refusal::SourceFull);
        drop(first);
        second.attribute(client, 1).unwrap();
        drop(second);
        assert_eq!(admission.total(), 0);
        assert!(admission.admit(client, 1, 1).is_ok(), "every place was given back");
    }

    #[test]
    fn the_server_has_a_limit() {
        let admission = Admission::default();
        let _one = admission.admit("192.0.2.1".parse().unwrap(), 1, 9).unwrap();
        assert_eq!(admission.admit("192.0.2.2".parse().unwrap(), 1, 9).unwrap_err(), Refusal::Full);
    }
}
