//! The port table: from the plan's actual listeners, each with who may use it, what it refuses and why.

use serde_json::{Value, json};

use super::table::table as columns;
use super::ways::{Destination, Way, ways};
use crate::plan::Plan;
use crate::plan::document::{Listener, Protocol, Role, TlsMode};

/// Version of the JSON form. It changes when a field goes or changes its meaning.
pub const FORMAT: u32 = 1;

/// A way into the server or out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    inbound: bool,
    /// A listener's name, or where mail goes.
    name: String,
    port: u16,
    /// What the Internet connects to, where it is another port.
    published: Option<u16>,
    /// Whether only trusted proxies are let in, which announce the client.
    proxied: bool,
    tls: &'static str,
    who: String,
    refuses: &'static str,
    why: &'static str,
    standards: &'static [&'static str],
}

/// The table for people: what the host is there for, one line a port, then the reasons.
pub fn table(plan: &Plan) -> String {
    let rows = rows(plan);
    let (role, duty) = role(plan.host.role);
    let mut text = format!("{}, role {role}: {duty}\n\n", plan.host.name);
    for (inbound, title) in [(true, "Connections to us"), (false, "Connections from us")] {
        let part: Vec<&Row> = rows.iter().filter(|row| row.inbound == inbound).collect();
        if part.is_empty() {
            continue;
        }
        let head = if inbound { "LISTENER" } else { "TO" };
        let who = if inbound { "WHO" } else { "WHEN" };
        let cells: Vec<[String; 5]> = part.iter().map(|row| row.cells()).collect();
        text.push_str(&format!("{title}\n\n{}\n", columns([head, "PORT", "TLS", who, "REFUSED"], &cells)));
        for row in part {
            text.push_str(&format!("  {} {}: {} ({})\n", row.name, row.ports(), row.why, row.standards.join(", ")));
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// The same facts for programs.
pub fn json(plan: &Plan) -> Value {
    let rows: Vec<Value> = rows(plan).iter().map(Row::json).collect();
    json!({ "version": FORMAT, "host": plan.host.name.as_str(), "role": role(plan.host.role).0, "ports": rows })
}

impl Row {
    fn cells(&self) -> [String; 5] {
        [self.name.clone(), self.ports(), self.tls.to_owned(), self.who.clone(), self.refuses.to_owned()]
    }

    /// The port; behind an arrow the one that the server listens on, where something maps the first to it.
    fn ports(&self) -> String {
        self.published.map_or_else(|| self.port.to_string(), |published| format!("{published} -> {}", self.port))
    }

    fn json(&self) -> Value {
        let mut row = json!({
            "direction": if self.inbound { "inbound" } else { "outbound" },
            "name": self.name,
            "port": self.port,
            "tls": self.tls,
            "who": self.who,
            "refuses": self.refuses,
            "why": self.why,
            "standards": self.standards,
        });
        if let (true, Some(fields)) = (self.inbound, row.as_object_mut()) {
            fields.insert("published".to_owned(), self.published.unwrap_or(self.port).into());
            fields.insert("proxy_protocol".to_owned(), self.proxied.into());
        }
        row
    }
}

fn rows(plan: &Plan) -> Vec<Row> {
    let mut listeners: Vec<_> = plan.listeners.iter().collect();
    listeners.sort_by_key(|(name, listener)| (listener.port, name.as_str()));
    let mut rows: Vec<Row> = listeners.into_iter().map(|(name, listener)| inbound(plan, name, listener)).collect();
    rows.extend(ways(plan).into_iter().map(outbound));
    rows
}

fn inbound(plan: &Plan, name: &str, listener: &Listener) -> Row {
    let (refuses, why, standards) = explain(listener.protocol, listener.tls);
    let from = if plan.firewall.iter().any(|rule| rule.listener == name) {
        ""
    } else if listener.sockets.iter().all(|socket| socket.ip().is_loopback()) {
        ", from this machine only"
    } else {
        ", not from the Internet"
    };
    let by = if listener.proxy_protocol { ", by our proxies (PROXY protocol)" } else { "" };
    let who = match listener.protocol {
        Protocol::Http => "certificate authorities, browsers",
        Protocol::Https => "any mail server, our users' programs",
        Protocol::Smtp => "any mail server",
        Protocol::Imap | Protocol::Pop3 | Protocol::Submission => "our users",
    };
    Row {
        inbound: true,
        name: name.to_owned(),
        port: listener.port,
        published: listener.published,
        proxied: listener.proxy_protocol,
        tls: tls_mode(listener.tls),
        who: format!("{who}{by}{from}"),
        refuses,
        why,
        standards,
    }
}

/// As the file says it, and what follows.
fn role(role: Role) -> (&'static str, &'static str) {
    match role {
        Role::BackupMx => ("backup-mx", "takes mail for the domains that it backs up, and nobody sends"),
        Role::Full => ("full", "receives, stores and sends"),
        Role::ReceiveOnly => ("receive-only", "takes mail for its domains, and nobody sends"),
        Role::SendOnly => ("send-only", "sends for its users and trusted networks, and receives nothing"),
        Role::SubmissionOnly => ("submission-only", "sends for who has logged in, and receives nothing"),
    }
}

/// What is refused, why it is so, and where that is written.
fn explain(protocol: Protocol, tls: TlsMode) -> (&'static str, &'static str, &'static [&'static str]) {
    match (protocol, tls) {
        (Protocol::Http, _) => (
            "everything but a challenge and the way to https",
            "an authority that proves a name by http-01 comes here, in clear; nothing else is answered in clear",
            &["RFC 8555 §8.3", "RFC 8461 §3.3"],
        ),
        (Protocol::Https, _) => (
            "uploads, unknown names, everything without TLS",
            "MTA-STS policies and settings for mail programs are fetched here",
            &["RFC 8461 §3.3", "RFC 9110 §15.5.20"],
        ),
        (Protocol::Smtp, TlsMode::Starttls) => (
            "AUTH; mail for domains not ours",
            "a public MX must accept mail without TLS, so TLS is offered and never required",
            &["RFC 5321 §3.6.2", "RFC 3207 §4"],
        ),
        (Protocol::Smtp, TlsMode::StarttlsRequired) => (
            "mail before TLS; AUTH; mail for domains not ours",
            "senders without TLS cannot deliver here; a public MX must not require TLS",
            &["RFC 3207 §4"],
        ),
        (Protocol::Smtp, TlsMode::None) => (
            "AUTH; mail for domains not ours",
            "no TLS is offered: whoever is on the way can read the mail",
            &["RFC 3207 §4", "RFC 7435"],
        ),
        (Protocol::Smtp, TlsMode::Implicit) => (
            "AUTH; mail for domains not ours",
            "senders on the Internet begin in clear, so only those configured for it can deliver here",
            &["RFC 3207 §4"],
        ),
        (Protocol::Submission, TlsMode::Implicit) => (
            "mail before login; senders not one's own",
            "TLS from the first octet is what RFC 8314 prefers for submission",
            &["RFC 8314 §3.3", "RFC 6409 §4.3"],
        ),
        (Protocol::Submission, TlsMode::StarttlsRequired) => (
            "login and mail before TLS; mail before login; senders not one's own",
            "begins in clear, so nothing is taken before the upgrade; for clients without 465",
            &["RFC 6409 §4.3", "RFC 8314 §3.3"],
        ),
        (Protocol::Imap | Protocol::Pop3, TlsMode::Implicit) => {
            ("anything but TLS", "TLS from the first octet is what RFC 8314 prefers for reading mail", &["RFC 8314 §3"])
        }
        (Protocol::Imap | Protocol::Pop3, TlsMode::StarttlsRequired) => (
            "login before TLS",
            "begins in clear, so no password is taken before the upgrade; for old clients",
            &["RFC 2595 §2.3", "RFC 8314 §3"],
        ),
        (Protocol::Imap | Protocol::Pop3 | Protocol::Submission, TlsMode::Starttls | TlsMode::None) => (
            "login before TLS",
            "passwords are taken under TLS only, and nothing here makes clients use it",
            &["RFC 8314 §4.1"],
        ),
    }
}

pub(super) fn tls_mode(tls: TlsMode) -> &'static str {
    match tls {
        TlsMode::Implicit => "implicit",
        TlsMode::None => "none",
        TlsMode::Starttls => "starttls",
        TlsMode::StarttlsRequired => "starttls-required",
    }
}

fn outbound(way: Way) -> Row {
    let (name, refuses, why, standards): (String, &'static str, &'static str, &'static [&'static str]) =
        match (way.to, way.tls) {
            (Destination::Relay(host), "implicit") => (
                host,
                "a relay without TLS or with another certificate",
                "TLS from the first octet; the certificate is verified",
                &["RFC 8314 §3.3", "RFC 9525"],
            ),
            (Destination::Relay(host), _) => (
                host,
                "a relay without TLS or with another certificate",
                "nothing is sent before TLS; the certificate is verified",
                &["RFC 3207 §4", "RFC 9525"],
            ),
            (Destination::Mx, "starttls-required") => (
                "each domain's MX".to_owned(),
                "a host without TLS or with another certificate",
                "nothing is sent before TLS; the certificate is verified for the MX host's name",
                &["RFC 5321 §5.1", "RFC 3207 §4", "RFC 9525"],
            ),
            (Destination::Mx, _) => (
                "each domain's MX".to_owned(),
                "",
                "TLS is used whenever the other side offers it, and its certificate is not asked for",
                &["RFC 5321 §5.1", "RFC 7435"],
            ),
            (Destination::Primary(host), _) => (
                host,
                "",
                "TLS is used whenever the other side offers it; the primary decides about the mail",
                &["RFC 5321 §5.1", "RFC 7435"],
            ),
        };
    let (port, tls, who) = (way.port, way.tls, way.what);
    Row { inbound: false, name, port, published: None, proxied: false, tls, who, refuses, why, standards }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::document::TlsMode;

    /// Each refusal that RFC 8314 and RFC 3207 demand is in the table.
    #[test]
    fn the_table_says_what_the_standards_refuse() {
        for (protocol, tls, refusal) in [
            (Protocol::Smtp, TlsMode::Starttls, "AUTH"),
            (Protocol::Submission, TlsMode::StarttlsRequired, "login and mail before TLS"),
            (Protocol::Imap, TlsMode::StarttlsRequired, "login before TLS"),
            (Protocol::Pop3, TlsMode::Implicit, "anything but TLS"),
        ] {
            assert!(explain(protocol, tls).0.contains(refusal), "{protocol:?} {tls:?}");
        }
    }
}
