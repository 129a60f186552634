//! What the HTTPS endpoint says, as text.
//!
//! | room | what | standard |
//! | --- | --- | --- |
//! | [`access`] | where users of a domain read and send mail, from the listeners that are open | RFC 8314 |
//! | [`autoconfig`] | settings for Thunderbird and the programs that follow it | Autoconfiguration 1.1 (Mozilla) |
//! | [`autodiscover`] | settings for Outlook: POX and JSON | MS-OXDSCLI, MS-OXDISCO |
//! | [`mobileconfig`] | a configuration profile for Apple's programs | Configuration Profile Reference (Apple) |
//! | [`security`] | `security.txt` | RFC 9116 |
//!
//! Invariants: an answer depends on the plan and on the domain of the address that is asked for, never on whether the
//! address exists; what a stranger sends stands in an answer only through the format's escaper. The clock is a value.
//!
//! Not here: HTTP ([`crate::runtime`]), the MTA-STS policy (the plan has its octets), signatures under profiles (whoever
//! opens one is asked to trust it; the connection that it came through is what vouches for it).

pub mod access;
pub mod autoconfig;
pub mod autodiscover;
pub mod mobileconfig;
pub mod security;
