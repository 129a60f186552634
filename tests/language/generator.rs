//! Configurations made by chance that the compiler should accept: what the invariants are checked on.
//!
//! A seed gives one configuration, always the same. The maker follows the rules where it is easy (right TLS modes,
//! existing targets) and leaves the rest to chance; the compiler is the judge of what is accepted.

use std::fmt::Write as _;

use crate::numbers::Numbers;

/// A configuration and what the maker knows about it.
pub struct Scene {
    pub text: String,
    /// Bytes that stand in secret files; none of them may be in a plan.
    pub secrets: Vec<String>,
}

const DOMAINS: [&str; 5] = ["birch.mailhost", "ash.mailhost", "post.birch.mailhost", "bücher.mailhost", "elm.mailer"];
const USERS: [&str; 6] = ["anna", "Ben", "carla.m", "office", "n-news", "Ørsted"];
const ROLES: [&str; 5] = ["sales", "info", "press", "team", "jobs"];

impl Scene {
    pub fn of(seed: usize) -> Self {
        let mut maker = Maker { numbers: Numbers(seed as u64 * 2 + 1), text: String::new(), secrets: Vec::new() };
        maker.file();
        Self { text: maker.text, secrets: maker.secrets }
    }
}

struct Maker {
    numbers: Numbers,
    text: String,
    secrets: Vec<String>,
}

impl Maker {
    fn chance(&mut self, one_in: usize) -> bool {
        self.numbers.below(one_in) == 0
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.numbers.below(of.len())]
    }

    fn line(&mut self, line: &str) {
        let _ = writeln!(self.text, "{line}");
    }

    fn secret(&mut self) -> String {
        let name = format!("/run/secrets/s{}", self.secrets.len());
        self.secrets.push(format!("correct horse {} battery", self.secrets.len()));
        format!("{{ file: {name} }}")
    }

    fn file(&mut self) {
        self.line("version: 1");
        let v6 = ["\"2001:db8:0:20::25\"", "\"2001:db8:0:20::26\""];
        let v4 = ["203.0.113.20", "203.0.113.21"];
        let mut addresses: Vec<&str> = Vec::new();
        match self.numbers.below(4) {
            0 => addresses.push(v4[0]),
            1 => addresses.push(v6[0]),
            2 => addresses.extend([v4[0], v6[0]]),
            _ => addresses.extend([v4[1], v4[0], v6[1], v6[0]]),
        }
        let role = if self.chance(6) { self.pick(&["send-only", "receive-only", "submission-only"]) } else { "full" };
        let runtime = self.runtime(&addresses);
        let addresses = addresses.join(", ");
        self.line(&format!("host: {{ name: mx.birch.mailhost, role: {role}, addresses: [{addresses}]{runtime} }}"));
        let listeners = self.listeners(role, runtime.contains("network: bridge"));
        self.firewall(&listeners);
        if self.chance(4) {
            self.line("certificates: { acme: { challenge: dns-01 } }");
        } else {
            self.line("certificates: { files: [{ chain: tls/good.pem, key: tls/good.key, key_reuse: true }] }");
        }
        let count = 1 + self.numbers.below(DOMAINS.len());
        let domains: Vec<&str> = DOMAINS[..count].to_vec();
        let accounts = self.accounts(&domains);
        self.domains(&domains, &accounts);
        self.aliases(&domains, &accounts);
        self.relay(&domains);
        if self.chance(3) || self.text.contains("@far.mailer") {
            self.line("outbound: { retry: [10m, 1h], lifetime: 4d, forwarding: { srs: true } }");
        }
        if self.chance(4) {
            self.line("dns: { ttl: 2h, caa: { issuers: [letsencrypt.org] }, zones: { mailhost: signed } }");
        }
        if self.chance(3) {
            self.line("limits: { message_size_max: 30MB, drain: 10s }");
        }
    }

    /// A container engine around the server, on a bridge of its own or in the host's network; mostly none.
    fn runtime(&mut self, addresses: &[&str]) -> String {
        if !self.chance(3) {
            return String::new();
        }
        let kind = self.pick(&["docker", "podman"]);
        let network = self.pick(&["bridge", "bridge", "host"]);
        let proxy = if kind == "docker" { ", userland_proxy: false" } else { "" };
        let v6 = if addresses.iter().any(|a| a.contains(':')) { ", \"fd00:20::/64\"" } else { "" };
        format!(", runtime: {{ kind: {kind}, network: {network}{proxy}, subnets: [172.20.0.0/16{v6}] }}")
    }

    /// Names of those that the Internet reaches.
    fn listeners(&mut self, role: &str, bridged: bool) -> Vec<String> {
        if role == "full" && self.chance(3) {
            return ["smtp", "submissions", "imaps"].map(str::to_owned).to_vec();
        }
        self.line("listeners:");
        let mut names: Vec<(&str, u16)> = Vec::new();
        if matches!(role, "full" | "receive-only") {
            names.push(("smtp", 25));
            for (one, twin) in [(("imaps", 993), ("imap", 143)), (("pop3s", 995), ("pop3", 110))] {
                if one.0 == "imaps" || self.chance(2) {
                    names.push(one);
                    if self.chance(3) {
                        names.push(twin);
                    }
                }
            }
        }
        if self.chance(2) {
            self.line("  https: {}");
            if self.chance(2) {
                self.line("  http: {}");
            }
        }
        if matches!(role, "full" | "send-only" | "submission-only") {
            names.push(("submissions", 465));
            if self.chance(2) {
                names.push(("submission", 587));
            }
        }
        // An engine maps the ports to those that a process without rights may have.
        let mapped = bridged && self.chance(2);
        for (name, port) in &names {
            let settings = if mapped && !self.chance(4) {
                format!("{{ port: {}, published: {port} }}", 2000 + port)
            } else {
                "{}".to_owned()
            };
            self.line(&format!("  {name}: {settings}"));
        }
        if names.iter().any(|(name, _)| *name == "submissions") && self.chance(4) {
            self.line("  inside: { protocol: submissions, port: 8465, addresses: [127.0.0.1] }");
        }
        names.into_iter().map(|(name, _)| name.to_owned()).collect()
    }

    fn firewall(&mut self, listeners: &[String]) {
        if self.chance(2) {
            return;
        }
        let mut keys: Vec<String> = Vec::new();
        if self.chance(3) {
            keys.push(format!(
                "backend: {}",
                self.pick(&["docker", "firewalld", "iptables", "nftables", "none", "ufw"])
            ));
        }
        if self.chance(2) {
            let networks =
                self.pick(&["10.0.0.0/8", "10.1.2.3", "\"fd00::/8\"", "10.0.0.0/8, \"fd00::/8\", 10.9.0.0/16"]);
            keys.push(format!("admin: [{networks}]"));
            if self.chance(2) {
                keys.push("ssh_port: 2222".to_owned());
            }
        }
        if self.chance(2) {
            keys.push(format!("open: [{}]", self.pick(&["", "80, 443", "8080, 22", "51820"])));
        }
        let users = listeners.iter().filter(|name| *name != "smtp").cloned().collect::<Vec<_>>();
        if !users.is_empty() && self.chance(4) {
            keys.push(format!("closed: [{}]", users[self.numbers.below(users.len())]));
        }
        if self.chance(6) {
            keys.push("ipv6: false".to_owned());
        }
        if self.chance(4) {
            keys.push("abuse_set: true, connections_per_minute_max: 120".to_owned());
        }
        if self.chance(4) {
            keys.push("outgoing: { ports: [25, 53, 80, 443, 465, 587] }".to_owned());
        }
        self.line(&format!("firewall: {{ {} }}", keys.join(", ")));
        if self.chance(3) {
            let address = self.pick(&["127.0.0.1:9090", "0.0.0.0:9090"]);
            self.line(&format!("metrics: {{ address: \"{address}\" }}"));
        }
    }

    /// Addresses as they stand in the file.
    fn accounts(&mut self, domains: &[&str]) -> Vec<String> {
        let mut accounts = Vec::new();
        self.line("accounts:");
        for (place, domain) in domains.iter().enumerate() {
            for user in &USERS[..=self.numbers.below(USERS.len())] {
                // Every domain has somebody; not every user is everywhere.
                if !accounts.is_empty() && place > 0 && self.chance(2) {
                    continue;
                }
                let address = format!("{user}@{domain}");
                let password = if self.chance(8) { String::new() } else { format!("password: {}", self.secret()) };
                let quota = if self.chance(3) { ", quota: 5GB" } else { "" };
                let forward = if self.chance(6) { self.forward(&accounts) } else { String::new() };
                self.line(&format!("  {address}: {{ {password}{quota}{forward} }}").replace("{ ,", "{ "));
                accounts.push(address);
            }
        }
        accounts
    }

    /// To another server, to an earlier account, or to both.
    fn forward(&mut self, earlier: &[String]) -> String {
        let mut targets = vec!["somebody@far.mailer".to_owned()];
        if !earlier.is_empty() && self.chance(2) {
            targets.push(earlier[self.numbers.below(earlier.len())].clone());
            if self.chance(2) {
                targets.remove(0);
            }
        }
        let keep = if self.chance(2) { ", keep_copy: true" } else { "" };
        format!(", forward_to: [{}]{keep}", targets.join(", "))
    }

    fn domains(&mut self, domains: &[&str], accounts: &[String]) {
        self.line("domains:");
        for domain in domains {
            let mut keys: Vec<String> = Vec::new();
            if self.chance(3) {
                let policy = self.pick(&["none", "quarantine", "reject"]);
                keys.push(format!("dmarc: {{ policy: {policy} }}"));
            }
            if self.chance(4) {
                keys.push(format!(
                    "spf: {{ all: {}, include: [_spf.birch.mailer] }}",
                    self.pick(&["fail", "softfail"])
                ));
            }
            if self.chance(4) {
                keys.push(
                    "dkim: { s2026: { algorithm: rsa-sha256 }, e2026: { algorithm: ed25519-sha256 } }".to_owned(),
                );
            }
            if self.chance(4) {
                keys.push(format!("subaddress: {}", self.pick(&["\"+\"", "\"-\"", "none"])));
            }
            if self.chance(3) && !accounts.is_empty() {
                let account = accounts[self.numbers.below(accounts.len())].clone();
                keys.push(format!("catch_all: [{account}]"));
            }
            if self.chance(3) {
                keys.push("dnssec: signed".to_owned());
            }
            if self.chance(4) {
                let mode = self.pick(&["testing", "enforce"]);
                keys.push(format!("mta_sts: {{ mode: {mode}, served_by: external }}, tls_rpt: {{}}"));
            }
            self.line(&format!("  {domain}: {{ {} }}", keys.join(", ")));
        }
    }

    fn aliases(&mut self, domains: &[&str], accounts: &[String]) {
        if accounts.is_empty() || self.chance(4) {
            return;
        }
        self.line("aliases:");
        let mut earlier: Vec<String> = Vec::new();
        for domain in domains {
            for role in &ROLES[..self.numbers.below(ROLES.len() + 1)] {
                let mut targets: Vec<String> = Vec::new();
                for _ in 0..=self.numbers.below(2) {
                    let of = if !earlier.is_empty() && self.chance(3) { &earlier } else { accounts };
                    let target = of[self.numbers.below(of.len())].clone();
                    if !targets.contains(&target) {
                        targets.push(target);
                    }
                }
                if self.chance(8) {
                    targets.push("list@far.mailer".to_owned());
                }
                let address = format!("{role}@{domain}");
                self.line(&format!("  {address}: [{}]", targets.join(", ")));
                earlier.push(address);
            }
            if self.chance(3) {
                let pattern = self.pick(&["list-*", "*-bounces", "order.*.de", "*.shop"]);
                let target = accounts[self.numbers.below(accounts.len())].clone();
                self.line(&format!("  \"{pattern}@{domain}\": [{target}]"));
            }
        }
    }

    fn relay(&mut self, domains: &[&str]) {
        if self.chance(2) {
            return;
        }
        self.line("relay:");
        self.line("  hosts:");
        for (name, port, tls) in [("one", 465, "implicit"), ("two", 587, "starttls-required")] {
            let password = self.secret();
            let line = format!(
                "    {name}: {{ host: {name}.birch.mailer, port: {port}, tls: {tls}, user: me, password: {password}, \
                 spf: [_spf.{name}.birch.mailer] }}"
            );
            self.line(&line);
        }
        self.line("  routes:");
        let sender = domains[self.numbers.below(domains.len())];
        self.line(&format!("    - {{ senders: [{sender}], via: one }}"));
        if self.chance(2) {
            self.line("    - { recipients: [.oak.mailer, pine@elm.mailer.org], via: two, fallback: direct }");
        }
        let default = self.pick(&["direct", "two"]);
        self.line(&format!("  default: {default}"));
        if default == "two" && self.chance(2) {
            self.line("  fallback: one");
        }
        if self.chance(4) {
            self.line("  accept_from: [203.0.113.99]");
        }
        self.line("");
    }
}
