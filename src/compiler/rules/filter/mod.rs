//! FILT: what happens to a message on its way.
//!
//! Standards: RFC 5782 (block lists), RFC 6647 (greylisting), RFC 7208 for what forwarding does to SPF. The rules judge what
//! `filter` says, whether or not this version acts on it (OPS-014 says which part it does).

pub mod authentication_judged_twice;
pub mod dnsbl_answers_unbounded;
pub mod dnsbl_behind_public_resolver;
pub mod filter_bypass_too_wide;
pub mod filter_outage_refuses_mail;
pub mod forwarding_to_another_server;
pub mod greylisting_without_exemptions;
pub mod junk_bounced;
pub mod junk_discarded;
pub mod junk_thresholds_out_of_order;
pub mod junk_training_shared;
pub mod reverse_dns_required;
pub mod rewritten_senders_elsewhere;
pub mod scanner_across_the_internet;
pub mod scanner_smaller_than_message;

use crate::compiler::rules::Rule;

/// The rules of this topic. A new rule is one file and one line here.
pub const RULES: &[&Rule] = &[
    &dnsbl_behind_public_resolver::RULE,
    &dnsbl_answers_unbounded::RULE,
    &filter_outage_refuses_mail::RULE,
    &junk_thresholds_out_of_order::RULE,
    &junk_discarded::RULE,
    &junk_bounced::RULE,
    &scanner_smaller_than_message::RULE,
    &greylisting_without_exemptions::RULE,
    &authentication_judged_twice::RULE,
    &reverse_dns_required::RULE,
    &filter_bypass_too_wide::RULE,
    &junk_training_shared::RULE,
    &forwarding_to_another_server::RULE,
    &rewritten_senders_elsewhere::RULE,
    &scanner_across_the_internet::RULE,
];
