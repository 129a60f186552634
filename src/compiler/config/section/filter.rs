//! `filter`: what is done with mail that may be unwanted.

use schemars::JsonSchema;
use serde::Deserialize;

use super::leaf::{DnsName, Endpoint, NetworkBlock, Period, SecretSource, Size, Url};
use crate::compiler::config::spanned::Spanned;

/// What is done with mail that may be unwanted.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Lists of addresses to be careful with, asked by DNS (RFC 5782).
    #[serde(default)]
    pub dnsbl: Option<Spanned<Vec<Spanned<Dnsbl>>>>,
    /// First contacts wait and come again.
    pub greylisting: Option<Spanned<Greylisting>>,
    /// Mail that SPF fails. Default: `score`.
    pub spf: Option<Spanned<CheckAction>>,
    /// Mail whose DKIM signatures fail. Default: `score`.
    pub dkim: Option<Spanned<CheckAction>>,
    /// Mail that fails its domain's DMARC policy. Default: `follow`.
    pub dmarc: Option<Spanned<DmarcAction>>,
    /// Whether what trusted forwarders vouch for counts (RFC 8617). Default: `true`.
    pub arc: Option<Spanned<bool>>,
    /// Clients without a reverse name that leads back to them. Default: `score`.
    pub reverse_dns: Option<Spanned<CheckAction>>,
    /// What the sum of all scores leads to.
    pub junk: Option<Spanned<Junk>>,
    /// ClamAV's daemon.
    pub clamd: Option<Spanned<Clamd>>,
    /// Rspamd.
    pub rspamd: Option<Spanned<Rspamd>>,
    /// Milters, in the order in which they are asked.
    #[serde(default)]
    pub milters: Option<Spanned<Vec<Spanned<Milter>>>>,
    /// Peers whose mail is not judged: single hosts of your own.
    #[serde(default)]
    pub bypass: Option<Spanned<Vec<Spanned<NetworkBlock>>>>,
}

/// A DNS block list.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dnsbl {
    /// Its zone.
    pub zone: Spanned<DnsName>,
    /// Answers that mean "listed": `127.0.0.2` or `127.0.0.2-11`. 127.255.255.x are refusals to answer.
    #[serde(default)]
    pub answers: Option<Spanned<Vec<Spanned<String>>>>,
    /// What a listing does. Default: `score`.
    pub action: Option<Spanned<CheckAction>>,
    /// What happens to mail when the list does not answer. Default: `accept`.
    pub on_error: Option<Spanned<OnError>>,
    /// The key of a list that is asked by subscription.
    pub key: Option<Spanned<SecretSource>>,
}

/// What a failed check does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CheckAction {
    /// Nothing; the check is not made.
    Off,
    /// The message is refused in the session.
    Reject,
    /// It counts towards `junk`.
    Score,
}

/// What a message that fails DMARC meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DmarcAction {
    /// What the domain's policy asks for.
    Follow,
    /// Nothing; the check is not made.
    Off,
    /// It counts towards `junk`, whatever the policy.
    Score,
}

/// What happens to mail when a check cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnError {
    /// It is taken without the check.
    Accept,
    /// It is refused for good.
    Reject,
    /// The sender is asked to come again.
    Tempfail,
}

/// First contacts wait.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Greylisting {
    /// Default: `true` if the section is there.
    pub enabled: Option<Spanned<bool>>,
    /// How long a first contact waits. Default: `5m`.
    pub delay: Option<Spanned<Period>>,
    /// Peers that never wait.
    #[serde(default)]
    pub exempt: Option<Spanned<Vec<Spanned<NetworkBlock>>>>,
}

/// Thresholds on the sum of scores, and what is done beyond them.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Junk {
    /// From here on a header says so. Default: 3.
    #[schemars(range(min = 0, max = 1000))]
    pub tag_at: Option<Spanned<u32>>,
    /// From here on it is junk. Default: 6.
    #[schemars(range(min = 0, max = 1000))]
    pub junk_at: Option<Spanned<u32>>,
    /// From here on it is refused in the session. Default: 15.
    #[schemars(range(min = 0, max = 1000))]
    pub reject_at: Option<Spanned<u32>>,
    /// What is done with junk. Default: `file`.
    pub action: Option<Spanned<JunkAction>>,
    /// Whether each user trains a classifier of their own, or all train one. Default: `account`.
    pub training: Option<Spanned<Training>>,
}

/// What is done with junk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum JunkAction {
    /// It is returned to its (forged) sender after it was taken. Refused (FILT-006).
    Bounce,
    /// It vanishes, and its sender never learns.
    Discard,
    /// It goes to the Junk mailbox.
    File,
    /// It gets a header and goes to the inbox.
    Mark,
}

/// Who trains the classifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Training {
    Account,
    Shared,
}

/// ClamAV's daemon.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Clamd {
    /// `127.0.0.1:3310` or `unix:/run/clamav/clamd.ctl`.
    pub address: Spanned<Endpoint>,
    /// Larger messages are not scanned. Default: `limits.message_size_max`.
    pub size_max: Option<Spanned<Size>>,
    /// Default: `tempfail`.
    pub on_error: Option<Spanned<OnError>>,
}

/// Rspamd.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rspamd {
    /// Its normal worker: `http://127.0.0.1:11333`.
    pub url: Spanned<Url>,
    /// Default: `accept`.
    pub on_error: Option<Spanned<OnError>>,
    /// Whether Rspamd also judges SPF, DKIM and DMARC, so that they are not judged twice. Default: `true`.
    pub authentication: Option<Spanned<bool>>,
}

/// A milter.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Milter {
    /// `127.0.0.1:8891` or `unix:/run/opendkim/opendkim.sock`.
    pub address: Spanned<Endpoint>,
    /// Default: `tempfail`.
    pub on_error: Option<Spanned<OnError>>,
}
