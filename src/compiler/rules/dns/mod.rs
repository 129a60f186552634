//! DNS: records that other servers read, and what contradicts them.
//!
//! Standards: RFC 1034 and 1035, RFC 7208 (SPF), RFC 7489 and 9989 (DMARC), RFC 7505 (null MX), RFC 8659 (CAA).

pub mod address_on_block_list;
pub mod alias_beside_other_records;
pub mod caa_forbids_our_authority;
pub mod dmarc_record_unreadable;
pub mod dmarc_tag_dropped;
pub mod dmarc_would_refuse_our_own;
pub mod foreign_record_beside_ours;
pub mod host_name_is_an_alias;
pub mod lame_name_server;
pub mod mx_address_not_ours;
pub mod mx_at_host_that_receives_nothing;
pub mod mx_elsewhere;
pub mod mx_is_an_address;
pub mod mx_is_an_alias;
pub mod mx_not_a_host_name;
pub mod name_server_lags_behind;
pub mod null_mx_beside_mail;
pub mod parked_name_in_use;
pub mod published_record_differs;
pub mod record_in_another_zone;
pub mod record_unreadable;
pub mod report_address_unknown;
pub mod reports_not_authorised;
pub mod reverse_name_differs;
pub mod reverse_name_missing;
pub mod second_record_where_one_may_be;
pub mod service_advertised_and_closed;
pub mod spf_allows_everybody;
pub mod spf_fails_before_dmarc;
pub mod spf_names_nothing;
pub mod spf_refuses_our_address;
pub mod spf_term_unreadable;
pub mod spf_too_many_look_ups;
pub mod ttl_unusual;
pub mod two_spf_records;
pub mod wildcard_answers_for_our_names;
pub mod zone_is_bogus;
pub mod zone_without_chain;

use crate::compiler::rules::Rule;

/// The rules of this topic. A new rule is one file and one line here.
pub const RULES: &[&Rule] = &[
    &mx_is_an_address::RULE,
    &mx_is_an_alias::RULE,
    &mx_elsewhere::RULE,
    &null_mx_beside_mail::RULE,
    &mx_address_not_ours::RULE,
    &reverse_name_missing::RULE,
    &reverse_name_differs::RULE,
    &two_spf_records::RULE,
    &spf_too_many_look_ups::RULE,
    &spf_names_nothing::RULE,
    &spf_allows_everybody::RULE,
    &spf_fails_before_dmarc::RULE,
    &dmarc_would_refuse_our_own::RULE,
    &dmarc_tag_dropped::RULE,
    &reports_not_authorised::RULE,
    &report_address_unknown::RULE,
    &alias_beside_other_records::RULE,
    &service_advertised_and_closed::RULE,
    &caa_forbids_our_authority::RULE,
    &record_in_another_zone::RULE,
    &ttl_unusual::RULE,
    &published_record_differs::RULE,
    &record_unreadable::RULE,
    &second_record_where_one_may_be::RULE,
    &mx_not_a_host_name::RULE,
    &mx_at_host_that_receives_nothing::RULE,
    &host_name_is_an_alias::RULE,
    &spf_term_unreadable::RULE,
    &parked_name_in_use::RULE,
    &address_on_block_list::RULE,
    &spf_refuses_our_address::RULE,
    &dmarc_record_unreadable::RULE,
    &zone_is_bogus::RULE,
    &zone_without_chain::RULE,
    &name_server_lags_behind::RULE,
    &lame_name_server::RULE,
    &wildcard_answers_for_our_names::RULE,
    &foreign_record_beside_ours::RULE,
];
