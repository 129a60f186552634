//! Whom a message is handed to next: the relay of the plan, or a host of the destination's domain.

use crate::ground::secret::Secret;
use crate::plan::document::RelayTls;
use crate::vocabulary::mail::Domain;

/// Where a group of recipients goes together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum NextHop {
    Domain(Domain),
    Relay,
}

/// Who we are to the relay.
#[derive(Debug, Clone)]
pub struct RelayLogin {
    pub user: String,
    pub password: Secret,
}

/// The smart host of a plan, with its secret.
#[derive(Debug, Clone)]
pub struct RelayHop {
    pub host: Domain,
    pub port: u16,
    pub tls: RelayTls,
    pub credentials: Option<RelayLogin>,
}
