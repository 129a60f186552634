//! A plan for this folder's unit tests, as JSON would bring it.

use crate::plan::Plan;

/// `example.org` (separator `+`) with accounts a, b and postmaster, alias team -> a, b; `example.com` without
/// subaddresses, whose catch-all is `catch_all` if that is not empty; host `mail.example.org`.
pub fn plan(catch_all: &[&str]) -> Plan {
    let mut value = serde_json::json!({
        "format": 1, "compiler": "test", "source_digest": "sha256:0", "profile": "lab",
        "host": { "name": "mail.example.org", "addresses": ["192.0.2.10", "2001:db8::10"], "role": "full" },
        "listeners": { "smtp": { "protocol": "smtp", "port": 25, "tls": "starttls", "sockets": ["0.0.0.0:25"] } },
        "tls": { "min_version": "1.2", "profile": "intermediate", "session_tickets": false },
        "certificates": [],
        "domains": {
            "example.org": { "subaddress_separator": "+", "dkim": [] },
            "example.com": { "dkim": [] }
        },
        "accounts": {
            "a@example.org": { "send_as": ["press@example.com"] },
            "b@example.org": {},
            "postmaster@example.org": {},
            "c@example.com": {}
        },
        "aliases": {
            "team@example.org": { "local": ["a@example.org", "b@example.org"] },
            "b@example.org": { "local": ["a@example.org"] },
            "press@example.com": { "local": ["b@example.org"] },
            "nobody@example.com": { "local": ["gone@example.com"] }
        },
        "outbound": {
            "default": "direct", "tls": "opportunistic", "retry_after_seconds": [60], "lifetime_seconds": 432000,
            "resolver": "system", "mx_port": 25
        },
        "storage": { "embedded": {} },
        "limits": {
            "message_octets_max": 1000000, "recipients_max": 100, "connections_max": 100,
            "connections_per_source_max": 10, "command_timeout_seconds": 300, "session_timeout_seconds": 1800,
            "password_checks_max": 2, "drain_seconds": 10
        },
        "logging": { "format": "text", "level": "info" },
        "dns": [], "publication": { "zones": {} }, "firewall": []
    });
    value["domains"]["example.com"]["catch_all"] = serde_json::json!({ "local": catch_all });
    serde_json::from_value(value).expect("invariant: the sample is a plan")
}
