//! Policies as text: DMARC (RFC 7489 §6.3), MTA-STS (RFC 8461 §3) and TLS reports (RFC 8460 §3).

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};

use super::Published;
use crate::compiler::config::section::domains::{Dmarc, DmarcPolicy, MtaSts, ServedBy, StsMode};
use crate::compiler::config::section::leaf::MailAddress;
use crate::compiler::config::spanned::Spanned;
use crate::plan::document::{MtaStsMode, MtaStsPolicy};
use crate::vocabulary::mail::Address;

/// Seconds. A week: long enough to cover an attack of days, short enough for a change of hosts (RFC 8461 §3.2).
const MTA_STS_MAX_AGE: u64 = 7 * 86_400;

/// The domain's DMARC record.
pub fn dmarc(domain: &Published<'_>) -> String {
    let settings = domain.effective(|s| s.dmarc.as_ref()).map(|d| &d.value);
    // RFC 7489 §6.3: `none` asks for reports and changes nothing; the safe first step.
    let policy = settings.and_then(|s| s.policy.as_ref()).map_or(DmarcPolicy::None, |p| p.value);
    let mut text = format!("v=DMARC1; p={policy}");
    if let Some(subdomains) = settings.and_then(|s| s.subdomain_policy.as_ref()) {
        let _ = write!(text, "; sp={}", subdomains.value);
    }
    if let Some(percent) = settings.and_then(|s| s.pct.as_ref()) {
        let _ = write!(text, "; pct={}", percent.value);
    }
    let reports = addresses(settings.and_then(|s| s.reports_to.as_ref()).map(|r| &r.value.0));
    let _ = write!(text, "; rua={}", reports.unwrap_or_else(|| postmaster(domain)));
    if let Some(failures) = addresses(settings.and_then(|s| s.failure_reports_to.as_ref()).map(|r| &r.value.0)) {
        let _ = write!(text, "; ruf={failures}");
    }
    text
}

/// Everybody who is named to receive DMARC reports, with their places.
pub fn report_addresses(dmarc: &Dmarc) -> impl Iterator<Item = &Spanned<MailAddress>> {
    [&dmarc.reports_to, &dmarc.failure_reports_to].into_iter().flatten().flat_map(|list| &list.value.0)
}

/// The domain's TLS-RPT record; `None` where no reports are asked for.
pub fn tls_rpt(domain: &Published<'_>) -> Option<String> {
    let settings = domain.effective(|s| s.tls_rpt.as_ref())?;
    let reports = addresses(settings.value.reports_to.as_ref().map(|r| &r.value.0));
    Some(format!("v=TLSRPTv1; rua={}", reports.unwrap_or_else(|| postmaster(domain))))
}

/// The domain's MTA-STS policy; `None` where it has none.
pub fn mta_sts(domain: &Published<'_>) -> Option<MtaStsPolicy> {
    let settings = &domain.effective(|s| s.mta_sts.as_ref())?.value;
    let mode = match settings.mode.value {
        StsMode::Enforce => MtaStsMode::Enforce,
        StsMode::None => MtaStsMode::None,
        StsMode::Testing => MtaStsMode::Testing,
    };
    let max_age = settings.max_age.as_ref().map_or(MTA_STS_MAX_AGE, |m| m.value.0.as_secs());
    let text = MtaStsPolicy::write(mode, max_age, &mta_sts_hosts(domain, settings));
    let id = settings.id.as_ref().map_or_else(|| mta_sts_id(&text), |id| id.value.clone());
    Some(MtaStsPolicy { id, text, served_here: served_here(settings) })
}

pub fn served_here(settings: &MtaSts) -> bool {
    settings.served_by.as_ref().is_none_or(|s| s.value == ServedBy::Mailctl)
}

/// The patterns that are written, or else the MX hosts themselves.
fn mta_sts_hosts(domain: &Published<'_>, settings: &MtaSts) -> Vec<String> {
    match &settings.mx {
        Some(written) => written.iter().map(|p| p.value.to_ascii_lowercase()).collect(),
        None => domain.mx.iter().filter_map(|e| e.host()).map(ToString::to_string).collect(),
    }
}

/// RFC 8461 §3.1: at most 32 letters and digits. The digest of the policy changes exactly when the policy does.
fn mta_sts_id(text: &str) -> String {
    const OCTETS: usize = 16;
    digest(&SHA256, text.as_bytes()).as_ref().iter().take(OCTETS).map(|b| format!("{b:02x}")).collect()
}

fn postmaster(domain: &Published<'_>) -> String {
    format!("mailto:postmaster@{}", domain.name)
}

fn addresses(list: Option<&Vec<Spanned<MailAddress>>>) -> Option<String> {
    let list = list.filter(|l| !l.is_empty())?;
    Some(list.iter().map(|a| mailto(&a.value.0)).collect::<Vec<_>>().join(","))
}

/// RFC 6068 §2, and RFC 7489 §6.3 for `,` and `!`: everything unusual in percent form.
pub fn mailto(address: &Address) -> String {
    let mut text = "mailto:".to_owned();
    for octet in address.to_string().bytes() {
        if octet.is_ascii_alphanumeric() || b"@.-_+".contains(&octet) {
            text.push(char::from(octet));
        } else {
            let _ = write!(text, "%{octet:02X}");
        }
    }
    text
}
