//! `metrics`: figures for Prometheus.

use schemars::JsonSchema;
use serde::Deserialize;

use super::leaf::{NetworkBlock, SocketAddress};
use crate::compiler::config::spanned::Spanned;

/// Figures for Prometheus.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Where they are served: `127.0.0.1:9090`.
    pub address: Spanned<SocketAddress>,
    /// Hosts that test from outside whether the mail ports answer.
    #[serde(default)]
    pub probes_from: Option<Vec<Spanned<NetworkBlock>>>,
}
