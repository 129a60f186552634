//! `host`: the machine.

use schemars::JsonSchema;
use serde::Deserialize;

use super::leaf::{Ip, Name};
use crate::compiler::config::spanned::Spanned;

/// The machine that the server runs on, as the Internet sees it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// Fully qualified name: what the server greets with, what MX records point to, and what the certificate is for.
    pub name: Spanned<Name>,
    /// Public addresses, IPv4 and IPv6. Behind NAT: those of the router. They go into A, AAAA and SPF records.
    #[schemars(length(min = 1))]
    pub addresses: Vec<Spanned<Ip>>,
}
