//! The rows, in canonical order: that of the sections' types, and of their keys as a person would tell them.

use super::{Default, Row};
use crate::compiler::config::meaning::{CertificateChoice, Door, Meaning};
use crate::compiler::config::section::leaf::OrNone;
use crate::compiler::config::section::listeners::Service;
use crate::compiler::config::section::relay::RelayAuth;
use crate::compiler::config::ways::{DEFAULT, Smarthost};

const fn required(path: &'static str) -> Row {
    Row { path, default: Default::Required, reason: "" }
}

const fn section(path: &'static str) -> Row {
    Row { path, default: Default::Section, reason: "" }
}

const fn nothing(path: &'static str, reason: &'static str) -> Row {
    Row { path, default: Default::Nothing, reason }
}

const fn value(path: &'static str, value: &'static str, reason: &'static str) -> Row {
    Row { path, default: Default::Value(value), reason }
}

const fn derived(path: &'static str, value: fn(&Meaning<'_>, &[&str]) -> Option<String>, reason: &'static str) -> Row {
    Row { path, default: Default::Derived(value), reason }
}

pub const ROWS: &[Row] = &[
    required("version"),
    value("profile", "production", "a server on the Internet; what only a test may do has to be asked for"),
    nothing("include", "every account and alias stands in this file"),
    required("host"),
    required("host.name"),
    required("host.addresses"),
    value("host.role", "full", "one machine that receives, stores and sends is what most people want"),
    value("host.nat", "false", "the addresses are those of the machine"),
    nothing("host.ptr", "each address is to have the host's name, which its provider enters"),
    nothing("host.proxy_protocol", "clients connect directly"),
    required("host.proxy_protocol.trusted"),
    nothing("host.runtime", "the server runs on the machine itself"),
    required("host.runtime.kind"),
    value("host.runtime.network", "bridge", "what container engines do when they are not asked"),
    value("host.runtime.userland_proxy", "true", "what Docker does when it is not asked"),
    nothing("host.runtime.subnets", "not known"),
    nothing("host.runtime.gateways", "not known"),
    nothing("host.runtime.rootless", "the engine runs as root"),
    value("host.runtime.external_traffic_policy", "cluster", "what Kubernetes does when it is not asked"),
    nothing("host.provider", "nothing is known of the network"),
    nothing("host.security_contact", "RFC 5321 §4.5.1: the postmaster, whom every domain has"),
    nothing("host.memory", "not known; nothing is warned of"),
    Row {
        path: "listeners",
        default: Default::Entries(|m| m.listeners.iter().map(|d| d.name.to_owned()).collect()),
        reason: "the doors that most people need; RFC 8314 §3 prefers implicit TLS for users; `https` unless another \
                 web server has the port, `http` for the challenge `http-01`",
    },
    derived("listeners.*.protocol", |m, at| Some(service(m, at)?.word().to_owned()), "the listener's name says it"),
    derived("listeners.*.port", |m, at| Some(door(m, at)?.port.to_string()), "the registered port (IANA)"),
    derived("listeners.*.published", |m, at| Some(door(m, at)?.port.to_string()), "nothing maps the port to another"),
    derived("listeners.*.addresses", addresses, "all addresses of each family that `host.addresses` has"),
    derived(
        "listeners.*.tls",
        |m, at| Some(door(m, at)?.tls.word().to_owned()),
        "what the protocol demands: RFC 3207 §4 for `smtp`, RFC 8314 §3 for the rest",
    ),
    nothing("listeners.*.tls_min_version", "that of `tls.min_version`"),
    value("listeners.*.tls_terminated", "false", "TLS has to end where the mail is, or the way from there is in clear"),
    derived(
        "listeners.*.auth",
        |m, at| Some(service(m, at).map(|s| s.is_mail() && s != Service::Smtp)?.to_string()),
        "it follows from the protocol: other servers never log in, users of mail always do",
    ),
    derived("listeners.*.mechanisms", mechanisms, "every mechanism that the server speaks, behind TLS"),
    value("listeners.*.proxy_protocol", "false", "clients connect directly"),
    section("tls"),
    value("tls.min_version", "\"1.2\"", "RFC 9325 §3.1.1: TLS 1.2 must be spoken, and nothing older"),
    value("tls.profile", "intermediate", "RFC 9325 §4.2: what every current program speaks, with forward secrecy"),
    value("tls.session_tickets", "false", "some servers fail on resumed sessions"),
    nothing("tls.ciphers", "those of the profile"),
    nothing("tls.dh_parameters", "RFC 7919: fixed groups and elliptic curves need none"),
    section("certificates"),
    derived("certificates.self_signed", self_signed, "without files and without `acme` the server signs one itself"),
    nothing("certificates.files", "no certificate comes from a file"),
    required("certificates.files[].chain"),
    required("certificates.files[].key"),
    nothing("certificates.files[].key_reuse", "not known"),
    nothing("certificates.acme", "no authority is asked for certificates"),
    value(
        "certificates.acme.directory",
        "\"https://acme-v02.api.letsencrypt.org/directory\"",
        "Let's Encrypt, which everybody trusts and which costs nothing",
    ),
    nothing("certificates.acme.authority", "the public authorities vouch for its server"),
    nothing("certificates.acme.contact", "the authority knows nobody to write to"),
    value("certificates.acme.challenge", "tls-alpn-01", "RFC 8737: it needs port 443 alone"),
    nothing("certificates.acme.names", "`host.name` and what follows from `domains`"),
    nothing("certificates.acme.external_account", "the authority wants no account of its own"),
    required("certificates.acme.external_account.id"),
    required("certificates.acme.external_account.key"),
    value("certificates.acme.existing_webserver", "false", "nothing else answers on ports 80 and 443"),
    required("domains"),
    nothing("domains.*.mx", "this host alone"),
    nothing("domains.*.alias_of", "the domain has addresses of its own"),
    value(
        "domains.*.dkim",
        "{ mailctl-rsa: { algorithm: rsa-sha256 }, mailctl-ed25519: { algorithm: ed25519-sha256 } }",
        "RFC 8463 §6: RSA because everyone verifies it, Ed25519 because it is the better key; the server makes both",
    ),
    derived(
        "domains.*.dkim.*.algorithm",
        dkim_algorithm,
        "that of the key, if one is given; else RFC 6376 §3.3: known to everyone",
    ),
    nothing("domains.*.dkim.*.key", "the server makes a key and keeps it in its state folder"),
    required("domains.*.dkim.*.key.file"),
    nothing("domains.*.sign_with", "every selector signs"),
    nothing("domains.*.catch_all", "mail to unknown addresses is refused"),
    value("domains.*.subaddress", "\"+\"", "what other mail servers ship with, and what people type into web forms"),
    section("domains.*.dmarc"),
    value(
        "domains.*.dmarc.policy",
        "none",
        "RFC 7489 §6.3: it asks for reports and changes nothing, the safe first step",
    ),
    nothing("domains.*.dmarc.subdomain_policy", "that of `policy`"),
    derived("domains.*.dmarc.reports_to", postmaster, "the address that RFC 5321 §4.5.1 requires of every domain"),
    nothing("domains.*.dmarc.failure_reports_to", "single messages are reported to nobody; they may be private"),
    nothing("domains.*.dmarc.pct", "the policy is for all mail"),
    section("domains.*.spf"),
    nothing("domains.*.spf.include", "this server alone sends for the domain"),
    nothing("domains.*.spf.mechanisms", "this server and what is included are all"),
    value("domains.*.spf.all", "fail", "RFC 7208 §2.6.4: nobody else may send for the domain"),
    value("domains.*.dnssec", "unsigned", "a zone counts as signed when somebody says so"),
    nothing("domains.*.dane", "TLSA records are published where the host's zone is signed"),
    nothing("domains.*.dane.publish", "where the zones are signed"),
    nothing("domains.*.dane.form", "RFC 7672 §3.1: `3 1 1`, the digest of the key"),
    nothing("domains.*.dane.ttl", "that of `dns.ttl`"),
    nothing("domains.*.dane.names", "the MX host alone"),
    nothing("domains.*.mta_sts", "the domain has no policy"),
    required("domains.*.mta_sts.mode"),
    value("domains.*.mta_sts.max_age", "7d", "RFC 8461 §3.2: weeks or more; short enough for a first mistake"),
    nothing("domains.*.mta_sts.mx", "the MX hosts of the domain"),
    nothing("domains.*.mta_sts.id", "it follows from the policy"),
    value("domains.*.mta_sts.served_by", "mailctl", "one program less"),
    nothing("domains.*.tls_rpt", "no reports are asked for"),
    derived("domains.*.tls_rpt.reports_to", postmaster, "the address that RFC 5321 §4.5.1 requires of every domain"),
    value("domains.*.autoconfig", "true", "RFC 6186 §1: people should not have to type host names and ports"),
    nothing("domains.*.records", "the zone has no others to compare with"),
    required("domains.*.records[].name"),
    required("domains.*.records[].type"),
    required("domains.*.records[].value"),
    required("domains.*.mx[].host"),
    nothing("domains.*.mx[].preference", "10, 20, 30 ... by place"),
    nothing("accounts", "nobody has a mailbox"),
    nothing("accounts.*.password", "nobody logs in; the mailbox receives only"),
    nothing("accounts.*.app_passwords", "the password is the only one"),
    nothing("accounts.*.quota", "as much as the disk holds"),
    nothing("accounts.*.send_as", "the owner sends from the own address and its aliases"),
    nothing("accounts.*.aliases", "the account has one address"),
    nothing("accounts.*.forward_to", "mail stays here"),
    value("accounts.*.keep_copy", "true", "mail that is sent on is not lost when the other server refuses it"),
    nothing("accounts.*.sieve", "mail arrives in the inbox"),
    nothing("aliases", "there are no further addresses"),
    section("directory"),
    value("directory.database", "false", "this file is the whole truth about accounts"),
    nothing("directory.ldap", "no LDAP server is asked"),
    required("directory.ldap.url"),
    nothing("directory.ldap.starttls", "`true` with `ldap://`: passwords never cross in clear"),
    required("directory.ldap.base"),
    nothing("directory.ldap.bind_dn", "anybody may search"),
    nothing("directory.ldap.bind_password", "anybody may search"),
    nothing("directory.ldap.domains", "no domain is wholly in the directory"),
    nothing("directory.oauth", "no tokens are accepted"),
    required("directory.oauth.issuer"),
    nothing("directory.oauth.audience", "tokens for anybody would do"),
    nothing("directory.oauth.introspection", "tokens are checked by the issuer's keys"),
    section("relay"),
    value("relay.default", "direct", "RFC 5321 §5.1: mail goes to the recipients' own servers"),
    required("relay.default.host"),
    derived(
        "relay.default.port",
        |m, at| Some(relay(m, at)?.port.to_string()),
        "RFC 8314 §3.3: the port that belongs to the TLS mode",
    ),
    derived(
        "relay.default.tls",
        |m, at| Some(relay(m, at)?.tls.word().to_owned()),
        "RFC 8314 §3: implicit TLS, or STARTTLS required where the port begins in clear",
    ),
    nothing("relay.default.tls_override_reason", "the TLS mode is the usual one for the port"),
    derived(
        "relay.default.auth",
        relay_auth,
        "`password` where there is a user; else the relay knows this server by its address",
    ),
    nothing("relay.default.user", "the relay knows this server by its address"),
    nothing("relay.default.password", "the relay knows this server by its address"),
    nothing("relay.default.mechanisms", "the strongest that the relay offers"),
    nothing("relay.default.authority", "the public authorities vouch for the relay"),
    nothing("relay.default.spf", "no records are included for it"),
    value("relay.default.sign", "true", "RFC 6376 §1: who sends for the domain signs, whoever carries it"),
    nothing("relay.hosts", "no relay has a name"),
    required("relay.hosts.*.host"),
    derived(
        "relay.hosts.*.port",
        |m, at| Some(relay(m, at)?.port.to_string()),
        "RFC 8314 §3.3: the port that belongs to the TLS mode",
    ),
    derived(
        "relay.hosts.*.tls",
        |m, at| Some(relay(m, at)?.tls.word().to_owned()),
        "RFC 8314 §3: implicit TLS, or STARTTLS required where the port begins in clear",
    ),
    nothing("relay.hosts.*.tls_override_reason", "the TLS mode is the usual one for the port"),
    derived(
        "relay.hosts.*.auth",
        relay_auth,
        "`password` where there is a user; else the relay knows this server by its address",
    ),
    nothing("relay.hosts.*.user", "the relay knows this server by its address"),
    nothing("relay.hosts.*.password", "the relay knows this server by its address"),
    nothing("relay.hosts.*.mechanisms", "the strongest that the relay offers"),
    nothing("relay.hosts.*.authority", "the public authorities vouch for the relay"),
    nothing("relay.hosts.*.spf", "no records are included for it"),
    value("relay.hosts.*.sign", "true", "RFC 6376 §1: who sends for the domain signs, whoever carries it"),
    nothing("relay.routes", "all mail goes the way of `default`"),
    nothing("relay.routes[].senders", "everybody"),
    nothing("relay.routes[].recipients", "everybody"),
    required("relay.routes[].via"),
    nothing("relay.routes[].fallback", "mail waits for `via`"),
    value("relay.routes[].fallback_after", "3", "two failures may be one outage; after three it is worth another way"),
    nothing("relay.fallback", "mail waits for `default`"),
    value("relay.fallback_after", "3", "two failures may be one outage; after three it is worth another way"),
    nothing("relay.accept_from", "RFC 2505 §2.1: nobody relays without a login"),
    nothing("relay.backup_for", "this server takes mail for its own domains only"),
    nothing("relay.backup_for.*.next_hop", "the MX hosts with a better preference than ours"),
    value("relay.backup_for.*.port", "25", "RFC 5321 §4.5.4.2: other servers take mail on port 25"),
    nothing("relay.backup_for.*.recipients", "every address of the domain is taken"),
    section("outbound"),
    value(
        "outbound.retry",
        "[5m, 15m, 30m, 1h, 2h, 4h]",
        "RFC 5321 §4.5.4.1: at least 30 minutes in the long run, sooner in the first hour",
    ),
    value("outbound.lifetime", "5d", "RFC 5321 §4.5.4.1: at least four to five days"),
    value(
        "outbound.delay_notice",
        "1d",
        "by then a person wants to know; sooner would be noise during an ordinary outage",
    ),
    value("outbound.mx_port", "25", "RFC 5321 §4.5.4.2: other servers take mail on port 25"),
    value("outbound.tls", "opportunistic", "RFC 7435: a server without TLS gets its mail too"),
    nothing("outbound.policies", "the general rule is for everybody"),
    required("outbound.policies.*.tls"),
    nothing("outbound.policies.*.reason", "the policy is no weaker than the general rule"),
    nothing("outbound.authority", "the public authorities vouch for MX hosts"),
    value("outbound.dane", "true", "RFC 7672 §2.2 (this version does not do it, OPS-014)"),
    value("outbound.mta_sts", "true", "RFC 8461 §5 (this version does not do it, OPS-014)"),
    value("outbound.precedence", "dane", "RFC 8461 §2: DANE is not overridden"),
    nothing("outbound.source_addresses", "what the system chooses"),
    value("outbound.ipv4", "true", "most servers have IPv4 alone"),
    value("outbound.ipv6", "true", "some servers have IPv6 alone"),
    section("outbound.forwarding"),
    value("outbound.forwarding.srs", "false", "nothing is sent on to other servers"),
    nothing("outbound.forwarding.domain", "the first of `domains`"),
    nothing("outbound.forwarding.secret", "the server makes one and keeps it in its state folder"),
    nothing("filter", "incoming mail is not judged"),
    nothing("filter.dnsbl", "no list is asked"),
    required("filter.dnsbl[].zone"),
    nothing("filter.dnsbl[].answers", "RFC 5782 §2.3: any of 127.0.0.0/8 but the refusals in 127.255.255.0/24"),
    value("filter.dnsbl[].action", "score", "one list alone is seldom reason enough"),
    value("filter.dnsbl[].on_error", "accept", "a list that is down must not stop mail"),
    nothing("filter.dnsbl[].key", "the list is asked without a subscription"),
    nothing("filter.greylisting", "first contacts do not wait"),
    value("filter.greylisting.enabled", "true", "the section is there"),
    value("filter.greylisting.delay", "5m", "RFC 6647 §5: a minute at least, and much more gains nothing"),
    nothing("filter.greylisting.exempt", "everybody waits"),
    value("filter.spf", "score", "RFC 7208 §10.3: forwarded mail fails too"),
    value("filter.dkim", "score", "RFC 6376 §6.1: a broken signature is like none"),
    value("filter.dmarc", "follow", "the owner of the domain has said what to do"),
    value("filter.arc", "true", "RFC 8617: forwarders whom we trust have seen the signatures whole"),
    value("filter.reverse_dns", "score", "good servers have it; some bad networks have it too"),
    section("filter.junk"),
    value("filter.junk.tag_at", "3", "one weak sign"),
    value("filter.junk.junk_at", "6", "two weak signs, or a strong one"),
    value("filter.junk.reject_at", "15", "beyond reasonable doubt"),
    value("filter.junk.action", "file", "nothing is lost, and the inbox stays clean"),
    value("filter.junk.training", "account", "what is junk to one is a newsletter to another"),
    nothing("filter.clamd", "mail is not scanned"),
    required("filter.clamd.address"),
    nothing("filter.clamd.size_max", "that of `limits.message_size_max`"),
    value("filter.clamd.on_error", "tempfail", "the sender comes again when the scanner is back"),
    nothing("filter.rspamd", "Rspamd is not asked"),
    required("filter.rspamd.url"),
    value("filter.rspamd.on_error", "accept", "a filter that is down must not stop mail"),
    value("filter.rspamd.authentication", "true", "so that nothing is judged twice"),
    nothing("filter.milters", "no milter is asked"),
    required("filter.milters[].address"),
    value("filter.milters[].on_error", "tempfail", "the sender comes again when the milter is back"),
    nothing("filter.bypass", "all mail is judged"),
    section("dns"),
    value("dns.publish", "{ print: true }", "a person looks at the records before they are published"),
    required("dns.publish.file.format"),
    required("dns.publish.file.path"),
    required("dns.publish.rfc2136.server"),
    required("dns.publish.rfc2136.key_name"),
    required("dns.publish.rfc2136.key"),
    value("dns.publish.rfc2136.algorithm", "hmac-sha256", "RFC 8945 §6: every server must have it"),
    nothing("dns.zones", "names lie in `domains`, or in zones that nothing is known of"),
    nothing("dns.caa", "any authority may issue certificates"),
    required("dns.caa.issuers"),
    nothing("dns.caa.account_uri", "any account at them"),
    nothing("dns.caa.validation_methods", "any challenge"),
    nothing("dns.caa.iodef", "nobody is told of refused requests"),
    nothing("dns.parked", "other names are left as they are"),
    value("dns.ttl", "1h", "long enough for caches, short enough for a mistake to be mended within the hour"),
    value("dns.phase", "steady", "records change seldom"),
    value("dns.resolver", "system", "the name servers of the machine"),
    value("dns.validate", "true", "RFC 7672 §2.1.1 (this version does not do it, OPS-014)"),
    nothing("dns.trust_anchor", "the root of the Internet"),
    section("firewall"),
    value("firewall.backend", "nftables", "what current systems have"),
    nothing("firewall.admin", "SSH and the figures are reached by whoever could"),
    value("firewall.ssh_port", "22", "RFC 4251"),
    nothing("firewall.open", "ports that are not mail's are left alone"),
    nothing("firewall.closed", "every listener is reachable"),
    value("firewall.ipv6", "true", "an open family is an open server"),
    value(
        "firewall.abuse_set",
        "false",
        "the server refuses those who guess passwords by itself, and needs no right over the kernel for that",
    ),
    nothing("firewall.outgoing", "all connections"),
    nothing("firewall.outgoing.ports", "any port"),
    value("firewall.outgoing.server_only", "true", "a broken web application must not send mail"),
    value("firewall.outgoing.user", "mailctl", "who the rendered unit runs the server as"),
    nothing("firewall.connections_per_minute_max", "the server's own limits alone"),
    section("storage"),
    section("storage.embedded"),
    nothing("storage.embedded.path", "the folder `store` in the state folder"),
    value("storage.embedded.filesystem", "local", "a disk that keeps what was synced"),
    nothing("storage.postgres", "mail is kept in files of this machine"),
    required("storage.postgres.url"),
    nothing("storage.s3", "mail is kept in files of this machine"),
    required("storage.s3.endpoint"),
    required("storage.s3.bucket"),
    required("storage.s3.access_key"),
    required("storage.s3.secret_key"),
    section("storage.retention"),
    nothing("storage.retention.trash", "for ever"),
    nothing("storage.retention.junk", "for ever"),
    value("storage.deletion", "retain", "an account that vanishes from a file may be a mistake"),
    value("storage.compression", "false", "attachments are compressed already"),
    nothing("storage.backup", "nobody has said that there are copies"),
    value("storage.backup.enabled", "true", "the section is there"),
    nothing("storage.backup.path", "no folder has copies"),
    nothing("storage.backup.s3", "no object store has copies"),
    required("storage.backup.s3.endpoint"),
    required("storage.backup.s3.bucket"),
    required("storage.backup.s3.access_key"),
    required("storage.backup.s3.secret_key"),
    value("storage.backup.every", "1d", "a day of mail is what most people can bear to lose"),
    nothing("storage.backup.encryption_key", "copies are not encrypted"),
    nothing("storage.backup.same_device", "not known"),
    section("limits"),
    value(
        "limits.message_size_max",
        "50MB",
        "large providers take 25 to 50 MB; base64 adds a third to what people call the size",
    ),
    value("limits.recipients_max", "100", "RFC 5321 §4.5.3.1.8: at least 100"),
    value("limits.connections_max", "4096", "what a small machine holds"),
    value("limits.connections_per_source_max", "50", "an office behind one address, with several programs a person"),
    value("limits.command_timeout", "5m", "RFC 5321 §4.5.3.2.7"),
    value("limits.session_timeout", "30m", "RFC 9051 §5.4: at least 30 minutes"),
    value("limits.password_checks_max", "4", "each takes about 20 MB and 20 ms"),
    value("limits.login_failures_max", "10", "more than a person mistypes, fewer than a machine needs"),
    value("limits.login_window", "15m", "long enough to make guessing hopeless, short enough to wait for"),
    nothing("limits.login_exempt", "failed logins count from everywhere"),
    nothing("limits.messages_per_hour_max", "no bound"),
    value("limits.drain", "30s", "long enough for most transactions, short enough for a restart"),
    section("logging"),
    value("logging.format", "text", "for people; programs ask for `json`"),
    value("logging.level", "info", "each message and each connection that matters, and no more"),
    nothing("metrics", "no figures are served"),
    required("metrics.address"),
    nothing("metrics.probes_from", "nobody tests from outside"),
    nothing("allow", "every warning is shown"),
    required("allow[].code"),
    nothing("allow[].path", "everywhere"),
    required("allow[].reason"),
];

fn door<'m, 'c>(meaning: &'m Meaning<'c>, at: &[&str]) -> Option<&'m Door<'c>> {
    let name = at.first()?;
    meaning.listeners.iter().find(|d| d.name == *name)
}

fn service(meaning: &Meaning<'_>, at: &[&str]) -> Option<Service> {
    door(meaning, at)?.service
}

/// The relay of that name, or the one in place.
fn relay<'m, 'c>(meaning: &'m Meaning<'c>, at: &[&str]) -> Option<&'m Smarthost<'c>> {
    meaning.ways.relay(at.first().unwrap_or(&DEFAULT))
}

fn relay_auth(meaning: &Meaning<'_>, at: &[&str]) -> Option<String> {
    Some(if relay(meaning, at)?.auth == RelayAuth::Password { "password" } else { "address" }.to_owned())
}

fn addresses(meaning: &Meaning<'_>, at: &[&str]) -> Option<String> {
    let words: Vec<String> = door(meaning, at)?
        .addresses
        .iter()
        .map(|a| if a.is_ipv6() { format!("\"{a}\"") } else { a.to_string() })
        .collect();
    Some(format!("[{}]", words.join(", ")))
}

fn mechanisms(meaning: &Meaning<'_>, at: &[&str]) -> Option<String> {
    let logs_in = service(meaning, at).map(|s| s.is_mail() && s != Service::Smtp)?;
    logs_in.then(|| "[plain, login, scram-sha-256]".to_owned())
}

fn postmaster(_: &Meaning<'_>, at: &[&str]) -> Option<String> {
    Some(format!("postmaster@{}", at.first()?))
}

fn self_signed(meaning: &Meaning<'_>, _: &[&str]) -> Option<String> {
    Some(matches!(meaning.certificates, CertificateChoice::SelfSigned(_) | CertificateChoice::Unsaid).to_string())
}

/// With a key file the algorithm is that of the key.
fn dkim_algorithm(meaning: &Meaning<'_>, at: &[&str]) -> Option<String> {
    let [domain, selector, ..] = at else { return None };
    let settings = meaning.domains.iter().find(|d| d.name.as_str() == *domain)?.settings?;
    let OrNone::Some(selectors) = &settings.dkim.as_ref()?.value else { return None };
    let own = selectors.iter().find(|(name, _)| name.value == *selector)?.1.value.as_ref();
    if own.is_some_and(|s| s.key.is_some()) { None } else { Some("rsa-sha256".to_owned()) }
}
