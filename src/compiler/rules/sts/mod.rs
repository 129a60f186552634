//! STS: our own MTA-STS policy and TLS reports.
//!
//! Standards: RFC 8461 (MTA-STS), RFC 8460 (TLS-RPT).
//!
//! The policy's text and id follow from the plan; what can be wrong is what it promises.

pub mod enforced_with_untrusted_certificate;
pub mod enforced_without_testing;
pub mod mx_before_its_policy;
pub mod policy_age_unusual;
pub mod policy_host_malformed;
pub mod policy_host_without_certificate;
pub mod policy_id_malformed;
pub mod policy_id_pinned;
pub mod policy_names_no_mx;
pub mod policy_not_fetched;
pub mod policy_withdrawn_too_early;
pub mod policy_without_an_mx;
pub mod policy_without_reports;
pub mod served_policy_differs;

use crate::compiler::rules::Rule;

/// The rules of this topic. A new rule is one file and one line here.
pub const RULES: &[&Rule] = &[
    &enforced_with_untrusted_certificate::RULE,
    &policy_without_an_mx::RULE,
    &policy_names_no_mx::RULE,
    &policy_host_malformed::RULE,
    &policy_host_without_certificate::RULE,
    &policy_id_pinned::RULE,
    &policy_age_unusual::RULE,
    &enforced_without_testing::RULE,
    &policy_withdrawn_too_early::RULE,
    &mx_before_its_policy::RULE,
    &policy_without_reports::RULE,
    &policy_id_malformed::RULE,
    &policy_not_fetched::RULE,
    &served_policy_differs::RULE,
];
