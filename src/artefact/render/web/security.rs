//! `security.txt` (RFC 9116): whom to tell about a weakness.

use std::time::Duration;

use serde::Serialize;

use crate::artefact::render::template::{Format, render};
use crate::ground::clock::Timestamp;
use crate::plan::Plan;
use crate::plan::web::Site;
use crate::vocabulary::mail::{Address, Domain, LocalPart};

const TEMPLATE: &str = include_str!("security.txt.j2");

/// RFC 9116 §2.5.5 recommends less than a year ahead. Counted from the request, since the contact is then still the
/// plan's.
const VALID: Duration = Duration::from_secs(180 * 86_400);
const DAY_SECONDS: i64 = 86_400;

#[derive(Serialize)]
struct Values {
    contact: String,
    expires: String,
    canonical: String,
}

/// The file for the name `host` of `site`, as of `now`. `None` if there is nobody to tell, which a plan without
/// domains alone has.
pub fn text(plan: &Plan, site: Site<'_>, host: &str, now: Timestamp) -> Option<String> {
    // Whole days, so that the file is the same all day and can be cached.
    let day = Timestamp(now.seconds().div_euclid(DAY_SECONDS) * DAY_SECONDS * 1000);
    let values = Values {
        contact: mailto(&contact(plan, site)?),
        expires: day.after(VALID).rfc3339(),
        canonical: format!("https://{host}/.well-known/security.txt"),
    };
    Some(render(TEMPLATE, Format::OneLine, &values))
}

/// Who is named in the plan; else the postmaster, whom RFC 5321 §4.5.1 requires of every domain.
fn contact(plan: &Plan, site: Site<'_>) -> Option<Address> {
    if let Some(named) = &plan.host.security_contact {
        return Some(named.clone());
    }
    let around = |domain: &&Domain| plan.host.name.is_within(domain);
    let domain = site.domain().or_else(|| plan.domains.keys().find(around)).or_else(|| plan.domains.keys().next())?;
    Some(Address { local: LocalPart::from_unquoted("postmaster").ok()?, domain: domain.clone() })
}

/// RFC 6068 §2: everything unusual in percent form.
fn mailto(address: &Address) -> String {
    let mut text = "mailto:".to_owned();
    for octet in address.to_string().bytes() {
        if octet.is_ascii_alphanumeric() || b"@.-_+".contains(&octet) {
            text.push(char::from(octet));
        } else {
            text.push_str(&format!("%{octet:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::example;

    #[test]
    fn rfc9116_2_5_5_it_expires_in_less_than_a_year() {
        let plan = example::full();
        let text = text(&plan, Site::Host, "mail.example.org", Timestamp(1_795_000_000_123)).unwrap();
        assert!(text.contains("Contact: mailto:postmaster@example.org\n"), "{text}");
        assert!(text.contains("Expires: 2027-05-17T00:00:00Z\n"), "{text}");
        assert!(text.contains("Canonical: https://mail.example.org/.well-known/security.txt\n"), "{text}");
    }

    #[test]
    fn the_contact_of_the_file_comes_first() {
        let mut plan = example::full();
        plan.host.security_contact = Some("security@example.com".parse().unwrap());
        let text = text(&plan, Site::Host, "mail.example.org", Timestamp(0)).unwrap();
        assert!(text.starts_with("Contact: mailto:security@example.com\n"), "{text}");
    }
}
