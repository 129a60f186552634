//! `limits`: bounds that the operator may set.

use schemars::JsonSchema;
use serde::Deserialize;

use super::leaf::{NetworkBlock, Period, Size};
use crate::compiler::config::spanned::Spanned;

/// Bounds on what others may use of the server.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Largest message, as announced by SIZE (RFC 1870). Default: `50MB`.
    pub message_size_max: Option<Spanned<Size>>,
    /// Recipients of one message. Default: 100, the least that RFC 5321 §4.5.3.1.8 allows.
    #[schemars(range(min = 100, max = 100_000))]
    pub recipients_max: Option<Spanned<u32>>,
    /// Connections of all listeners together. Default: 4096.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub connections_max: Option<Spanned<u32>>,
    /// Connections from one address (IPv6: one /64). Default: 50.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub connections_per_source_max: Option<Spanned<u32>>,
    /// Silence after which an SMTP session, or one that has not logged in, ends. Default: `5m` (RFC 5321 §4.5.3.2).
    pub command_timeout: Option<Spanned<Period>>,
    /// Silence after which a logged-in session ends. Default: `30m` (RFC 9051 §5.4).
    pub session_timeout: Option<Spanned<Period>>,
    /// Password checks that run at once; each takes about 20 MB and 20 ms. Default: 4.
    #[schemars(range(min = 1, max = 1024))]
    pub password_checks_max: Option<Spanned<u32>>,
    /// How long open sessions may go on after a stop was asked for. Default: `30s`.
    pub drain: Option<Spanned<Period>>,
    /// Logins that may fail from one address (IPv6: one /64) within `login_window` before more are refused; `0` for no
    /// bound. Default: 10.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub login_failures_max: Option<Spanned<u32>>,
    /// How long a failed login counts. Default: `15m`.
    pub login_window: Option<Spanned<Period>>,
    /// Networks whose failed logins do not count.
    #[serde(default)]
    pub login_exempt: Option<Vec<Spanned<NetworkBlock>>>,
    /// Messages that one account may submit in an hour. Default: no bound.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub messages_per_hour_max: Option<Spanned<u32>>,
}
