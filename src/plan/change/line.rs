//! A plan as lines: section, stable key, short text. Equal text means equal behaviour.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::text::{fingerprint, listed};
use super::{Section, filter, outbound, people, record};
use crate::plan::document::{
    AcmeChallenge, Certificate, CertificateSource, DkimAlgorithm, DkimKey, Listener, LogFormat, LogLevel,
    LoginFailures, MtaStsPolicy, Plan, Profile, Protocol, Role, Storage, TlsMode, TlsProfile, TlsVersion,
};

/// Sorted by section and key.
pub(super) type Lines = BTreeMap<(Section, String), String>;

pub(super) fn lines(plan: &Plan) -> Lines {
    let mut lines = Lines::new();
    let mut put = |section: Section, key: &dyn Display, text: String| {
        lines.insert((section, key.to_string()), text);
    };
    for (key, text) in host(plan) {
        put(Section::Host, &key, text);
    }
    for (name, listener) in &plan.listeners {
        put(Section::Listeners, name, self::listener(listener));
    }
    put(Section::Tls, &"min_version", tls_version(plan.tls.min_version).to_owned());
    let profile = match plan.tls.profile {
        TlsProfile::Intermediate => "intermediate",
        TlsProfile::Modern => "modern",
    };
    put(Section::Tls, &"profile", profile.to_owned());
    put(Section::Tls, &"session_tickets", if plan.tls.session_tickets { "given" } else { "none" }.to_owned());
    for (n, certificate) in plan.certificates.iter().enumerate() {
        // The first is served to clients without SNI, so becoming the first is a change.
        let standing = if n == 0 { "default, " } else { "" };
        // Several may be valid for the same names (one key of each type): they are told apart by number.
        let twins = plan.certificates.iter().take(n).filter(|other| other.names == certificate.names).count();
        let number = if twins == 0 { String::new() } else { format!(" #{}", twins + 1) };
        let key = format!("{}{number}", certificate.names.join(" "));
        put(Section::Certificates, &key, format!("{standing}{}", source(certificate)));
    }
    for (name, domain) in &plan.domains {
        put(Section::Domains, name, people::domain(domain));
        for selector in &domain.dkim {
            let key = format!("{}._domainkey.{name}", selector.selector);
            put(Section::Domains, &key, dkim(selector.algorithm, &selector.key));
        }
        domain.mta_sts.iter().for_each(|p| put(Section::Domains, &format!("mta-sts.{name}"), mta_sts(p)));
    }
    for (section, key, text) in people::lines(plan) {
        put(section, &key, text);
    }
    for (section, key, text) in outbound::lines(&plan.outbound, &plan.relaying) {
        put(section, &key, text);
    }
    let Storage::Embedded { path } = &plan.storage;
    let path = path.as_ref().map_or("in the state folder".to_owned(), |path| path.display().to_string());
    put(Section::Storage, &"embedded", path);
    for (special_use, seconds) in retention(plan) {
        put(Section::Retention, &special_use, format!("removed after {seconds} seconds"));
    }
    for (key, text) in limits(plan) {
        put(Section::Limits, &key, text);
    }
    put(Section::Logging, &"format", log_format(plan.logging.format).to_owned());
    put(Section::Logging, &"level", log_level(plan.logging.level).to_owned());
    for (key, text) in record::publication(plan).into_iter().chain(record::sets(plan)) {
        put(Section::Dns, &key, text);
    }
    for (key, text) in filter::lines(plan) {
        put(Section::Firewall, &key, text);
    }
    lines
}

fn host(plan: &Plan) -> Vec<(&'static str, String)> {
    let mut lines = vec![
        ("name", plan.host.name.to_string()),
        ("addresses", listed(&plan.host.addresses)),
        ("profile", profile(plan.profile).to_owned()),
        ("role", role(plan.host.role).to_owned()),
    ];
    if plan.host.bridged {
        lines.push(("network", "a container's own".to_owned()));
    }
    if !plan.host.proxy_trusted.is_empty() {
        lines.push(("proxy_trusted", listed(&plan.host.proxy_trusted)));
    }
    lines.extend(plan.metrics.iter().map(|socket| ("metrics", format!("served on {socket}"))));
    lines.extend(plan.host.security_contact.iter().map(|contact| ("security_contact", contact.to_string())));
    lines
}

fn listener(listener: &Listener) -> String {
    let protocol = match listener.protocol {
        Protocol::Http => "http",
        Protocol::Https => "https",
        Protocol::Imap => "imap",
        Protocol::Pop3 => "pop3",
        Protocol::Smtp => "smtp",
        Protocol::Submission => "submission",
    };
    let tls = match listener.tls {
        TlsMode::Implicit => "implicit TLS",
        TlsMode::None => "no TLS",
        TlsMode::Starttls => "STARTTLS offered",
        TlsMode::StarttlsRequired => "STARTTLS required",
    };
    let mut text = format!("{protocol} on port {}, {tls}, bound to {}", listener.port, listed(&listener.sockets));
    if let Some(port) = listener.published {
        text.push_str(&format!(", published as {port}"));
    }
    if let Some(version) = listener.tls_min_version {
        text.push_str(&format!(", TLS {} at least", tls_version(version)));
    }
    if listener.proxy_protocol {
        text.push_str(", behind a PROXY header");
    }
    text
}

fn source(certificate: &Certificate) -> String {
    match &certificate.source {
        CertificateSource::Files { chain, key, spki_sha256 } => {
            format!("files {} and {}, key {spki_sha256}", chain.display(), key.display())
        }
        CertificateSource::Acme { directory, challenge, contact, external_account, authority } => {
            let challenge = match challenge {
                AcmeChallenge::Dns01 => "dns-01",
                AcmeChallenge::Http01 => "http-01",
                AcmeChallenge::TlsAlpn01 => "tls-alpn-01",
            };
            let mut parts = vec![format!("by ACME from {directory}, challenge {challenge}")];
            parts.extend(contact.as_ref().map(|contact| format!("contact {contact}")));
            parts.extend(external_account.as_ref().map(|a| format!("as {} with the key from {}", a.id, a.key)));
            parts.extend(authority.as_ref().map(|path| format!("trusting {}", path.display())));
            parts.join(", ")
        }
        CertificateSource::SelfSigned {} => "self-signed".to_owned(),
    }
}

fn dkim(algorithm: DkimAlgorithm, key: &DkimKey) -> String {
    let algorithm = match algorithm {
        DkimAlgorithm::Ed25519Sha256 => "signs with ed25519-sha256",
        DkimAlgorithm::RsaSha256 => "signs with rsa-sha256",
    };
    match key {
        DkimKey::File { path, public_key } => {
            format!("{algorithm}, key {} in {}", fingerprint(public_key), path.display())
        }
        DkimKey::Generated {} => format!("{algorithm}, key made at activation"),
    }
}

fn mta_sts(policy: &MtaStsPolicy) -> String {
    let by = if policy.served_here { "served here" } else { "served elsewhere" };
    let mx: Vec<&str> = policy.mx().collect();
    let (mode, age) = (policy.mode().word(), policy.max_age_seconds());
    let text = fingerprint(&policy.text);
    format!("mode {mode}, mx {}, for {age} s, id {}, text {text}, {by}", listed(mx), policy.id)
}

/// What is removed by itself, and when.
fn retention(plan: &Plan) -> impl Iterator<Item = (&'static str, u64)> {
    let periods = [("junk", plan.retention.junk_seconds), ("trash", plan.retention.trash_seconds)];
    periods.into_iter().filter_map(|(special_use, seconds)| Some((special_use, seconds?)))
}

fn limits(plan: &Plan) -> Vec<(&'static str, String)> {
    let limits = &plan.limits;
    let mut lines = vec![
        ("message_octets_max", limits.message_octets_max.to_string()),
        ("recipients_max", limits.recipients_max.to_string()),
        ("connections_max", limits.connections_max.to_string()),
        ("connections_per_source_max", limits.connections_per_source_max.to_string()),
        ("command_timeout_seconds", limits.command_timeout_seconds.to_string()),
        ("session_timeout_seconds", limits.session_timeout_seconds.to_string()),
        ("password_checks_max", limits.password_checks_max.to_string()),
        ("drain_seconds", limits.drain_seconds.to_string()),
    ];
    if let Some(LoginFailures { max, window_seconds, exempt }) = &limits.login_failures {
        let but = if exempt.is_empty() { String::new() } else { format!(", but not from {}", listed(exempt)) };
        lines.push(("login_failures", format!("{max} within {window_seconds} seconds{but}")));
    }
    if let Some(messages) = limits.messages_per_hour_max {
        lines.push(("messages_per_hour_max", messages.to_string()));
    }
    lines
}

fn profile(profile: Profile) -> &'static str {
    match profile {
        Profile::Lab => "lab",
        Profile::Production => "production",
    }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::BackupMx => "backup MX",
        Role::Full => "full",
        Role::ReceiveOnly => "receive only",
        Role::SendOnly => "send only",
        Role::SubmissionOnly => "submission only",
    }
}

fn tls_version(version: TlsVersion) -> &'static str {
    match version {
        TlsVersion::V1_2 => "1.2",
        TlsVersion::V1_3 => "1.3",
    }
}

fn log_format(format: LogFormat) -> &'static str {
    match format {
        LogFormat::Json => "json",
        LogFormat::Text => "text",
    }
}

fn log_level(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Debug => "debug",
        LogLevel::Error => "error",
        LogLevel::Info => "info",
        LogLevel::Warn => "warn",
    }
}
