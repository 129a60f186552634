//! What an authenticated user may say about who a message is from, and what a submission server mends
//! (RFC 6409 §6.1, §8).
//!
//! An account may use its own address, the aliases and alias patterns that it is a member of, subaddresses of
//! all these (RFC 5233), and what the plan lists under `send_as`; all of it in the alias domains too. A
//! catch-all is nobody's identity, and whoever mail is forwarded to owns nothing by that.
//!
//! The null reverse-path is allowed: a mail program that answers a request for a disposition notification
//! must use it (RFC 8098 §3). Nothing is lost by that, because the header's From and Sender are held to
//! the same rule, whatever the reverse-path says.
//!
//! What is mended: a missing From, Date or Message-ID is added (RFC 6409 §8.2, §8.3). Nothing else is
//! touched. Removing Bcc is the mail program's business (RFC 5322 §3.6.3): the field may be meant for
//! the recipient who gets this very copy.

use std::sync::Arc;

use crate::ground::clock::Timestamp;
use crate::mailflow::header::HeaderFacts;
use crate::mailflow::routing::Router;
use crate::plan::Plan;
use crate::vocabulary::mail::{Address, Domain, Enhanced, Reply, ReversePath};

/// How many addresses a refusal lists; the rest are counted.
const LISTED_MAX: usize = 8;

/// Who may send as whom, by one plan. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Senders {
    router: Router,
    plan: Arc<Plan>,
}

impl Senders {
    pub fn new(plan: Arc<Plan>, router: Router) -> Self {
        Self { router, plan }
    }

    /// Whether `account` (canonical) may be seen as the sender `address`.
    pub fn may_send_as(&self, account: &Address, address: &Address) -> bool {
        let listed = |name: &Address| self.plan.accounts.get(account).is_some_and(|entry| entry.send_as.contains(name));
        // Who owns an address owns it in the alias domains too.
        let own = self.router.own(address);
        if own == *account || listed(&address.canonical()) || listed(&own) {
            return true;
        }
        match self.router.identity(&own) {
            // A subaddress of a `send_as` address counts like the address itself.
            Some((name, named)) => named.members.contains(account) || listed(&name),
            None => false,
        }
    }

    /// MAIL FROM on a submission listener.
    ///
    /// # Errors
    /// 553 5.7.1 with the addresses that are allowed.
    pub fn check_reverse_path(&self, account: &Address, reverse_path: &ReversePath) -> Result<(), Reply> {
        match reverse_path {
            ReversePath::Null => Ok(()),
            ReversePath::Address(address) if self.may_send_as(account, address) => Ok(()),
            ReversePath::Address(address) => Err(self.refusal(account, "sender", address)),
        }
    }

    /// The header of a submitted message: every mailbox of From and Sender must be the account's.
    ///
    /// # Errors
    /// 550 5.6.0 for two From fields (RFC 5322 §3.6), 553 5.7.1 for an address of somebody else.
    pub fn check_header(&self, account: &Address, header: &HeaderFacts) -> Result<(), Reply> {
        if header.from_fields > 1 {
            return Err(Reply::new(550, Enhanced(5, 6, 0), "a message has one From field (RFC 5322 3.6)"));
        }
        for (what, mailboxes) in [("From", &header.from), ("Sender", &header.sender)] {
            for mailbox in mailboxes {
                match mailbox {
                    Some(address) if self.may_send_as(account, address) => {}
                    Some(address) => return Err(self.refusal(account, what, address)),
                    None => {
                        let text = format!("the {what} field holds something that is no mail address");
                        return Err(Reply::new(553, Enhanced(5, 7, 1), text));
                    }
                }
            }
        }
        Ok(())
    }

    fn refusal(&self, account: &Address, what: &str, address: &Address) -> Reply {
        let mut allowed = self.router.aliases_of(account);
        if let Some(entry) = self.plan.accounts.get(account) {
            allowed.extend(entry.send_as.iter().map(ToString::to_string));
        }
        let account = account.to_string();
        allowed.remove(&account);
        // One address a line keeps every line within RFC 5321 §4.5.3.1.5.
        let mut text = format!("you may not use the {what} address {address}; allowed are");
        for name in std::iter::once(&account).chain(&allowed).take(LISTED_MAX) {
            text.push_str(&format!("\n{name}"));
        }
        if allowed.len() >= LISTED_MAX {
            text.push_str(&format!("\nand {} more", allowed.len() + 1 - LISTED_MAX));
        }
        Reply::new(553, Enhanced(5, 7, 1), text)
    }
}

/// The fields that a submitted message lacks, each with CRLF, to stand at the head of its header. `id` is
/// the queue's name for the message, unique at `host`. Who is in a trusted network has no `account` to be
/// From; the rest may be mended for whoever the message begins with (RFC 5321 §6.4).
pub fn missing_fields(
    header: &HeaderFacts,
    account: Option<&Address>,
    host: &Domain,
    id: &str,
    at: Timestamp,
) -> String {
    let mut fields = String::new();
    if let Some(account) = account.filter(|_| header.from_fields == 0) {
        fields.push_str(&format!("From: <{account}>\r\n"));
    }
    // RFC 6409 §8.2.
    if !header.has_date {
        fields.push_str(&format!("Date: {}\r\n", at.rfc5322()));
    }
    // RFC 6409 §8.3.
    if header.message_id.is_none() {
        fields.push_str(&format!("Message-ID: <{id}@{host}>\r\n"));
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailflow::sample::plan;

    fn senders() -> Senders {
        let plan = Arc::new(plan(&["c@example.com"]));
        let router = Router::new(&plan);
        Senders::new(plan, router)
    }

    fn address(text: &str) -> Address {
        text.parse().unwrap()
    }

    #[test]
    fn rfc6409_6_1_an_account_sends_as_what_it_owns() {
        let senders = senders();
        let account = address("a@example.org");
        for own in [
            "a@example.org",
            "A@EXAMPLE.org",
            "a+x@example.org",
            "team@example.org",
            "team+x@example.org",
            "press@example.com",
        ] {
            assert!(senders.may_send_as(&account, &address(own)), "{own}");
        }
        // The alias b is shadowed by the account b; the catch-all makes nobody an owner.
        for foreign in [
            "b@example.org",
            "x@example.org",
            "c@example.com",
            "x@example.com",
            "a@example.net",
            "postmaster@mail.example.org",
        ] {
            assert!(!senders.may_send_as(&account, &address(foreign)), "{foreign}");
        }
        assert!(!senders.may_send_as(&address("c@example.com"), &address("any@example.com")), "catch-all");
        assert!(!senders.may_send_as(&address("stranger@example.org"), &address("a@example.org")));
    }

    #[test]
    fn ownership_spans_alias_domains_and_patterns() {
        let mut value = serde_json::to_value(plan(&[])).unwrap();
        value["domains"]["example.net"] = serde_json::json!({ "alias_of": "example.org", "dkim": [] });
        value["domains"]["example.info"] = serde_json::json!({ "alias_of": "example.com", "dkim": [] });
        value["alias_patterns"] = serde_json::json!([{
            "domain": "example.org", "prefix": "shop-", "suffix": "", "targets": { "local": ["a@example.org"] }
        }]);
        value["accounts"]["a@example.org"]["forward"] =
            serde_json::json!({ "to": { "local": ["b@example.org"] }, "keep_copy": true });
        let plan: Arc<Plan> = Arc::new(serde_json::from_value(value).unwrap());
        let senders = Senders::new(plan.clone(), Router::new(&plan));
        let account = address("a@example.org");
        for own in [
            "a@example.net",
            "A+x@Example.NET",
            "team@example.net",
            "shop-1@example.org",
            "shop-2@example.net",
            "press@example.info",
            "press@example.com",
        ] {
            assert!(senders.may_send_as(&account, &address(own)), "{own}");
        }
        for foreign in ["b@example.net", "x@example.net", "shop@example.org", "shop-1@example.com"] {
            assert!(!senders.may_send_as(&account, &address(foreign)), "{foreign}");
        }
        assert!(!senders.may_send_as(&address("b@example.org"), &account), "who mail is forwarded to owns nothing");
    }

    #[test]
    fn a_refusal_says_what_is_allowed() {
        let senders = senders();
        let account = address("a@example.org");
        let foreign = ReversePath::Address(address("x@example.net"));
        let reply = senders.check_reverse_path(&account, &foreign).unwrap_err();
        assert_eq!((reply.code, reply.enhanced), (553, Some(Enhanced(5, 7, 1))));
        assert_eq!(
            reply.text,
            "you may not use the sender address x@example.net; allowed are\na@example.org\npress@example.com\nteam@example.org"
        );
        assert_eq!(senders.check_reverse_path(&account, &ReversePath::Null), Ok(()), "RFC 8098 §3");
    }

    #[test]
    fn the_header_is_held_to_the_same_rule() {
        let senders = senders();
        let check = |header: &str| {
            senders.check_header(&address("a@example.org"), &HeaderFacts::read(header.as_bytes())).map_err(|r| r.code)
        };
        assert_eq!(check("From: Me <a+x@example.org>\r\n\r\n"), Ok(()));
        assert_eq!(check("Subject: no author yet\r\n\r\n"), Ok(()));
        assert_eq!(check("From: a@example.org, x@example.net\r\n\r\n"), Err(553));
        assert_eq!(check("From: \"a@example.org\" <x@example.net>\r\n\r\n"), Err(553));
        assert_eq!(check("From: a@example.org\r\nSender: x@example.net\r\n\r\n"), Err(553));
        assert_eq!(check("From: a@example.org\r\nFrom: a@example.org\r\n\r\n"), Err(550));
        assert_eq!(check("From: a\r\n\r\n"), Err(553));
    }

    #[test]
    fn rfc6409_8_what_is_missing_is_added() {
        let (account, host, at) = (address("a@example.org"), "mail.example.org".parse().unwrap(), Timestamp(0));
        let add = |header: &str| missing_fields(&HeaderFacts::read(header.as_bytes()), Some(&account), &host, "q1", at);
        assert_eq!(
            add("Subject: x\r\n\r\n"),
            "From: <a@example.org>\r\nDate: Thu, 01 Jan 1970 00:00:00 +0000\r\nMessage-ID: <q1@mail.example.org>\r\n"
        );
        assert_eq!(add("From: a@example.org\r\nDate: x\r\nMessage-ID: <y>\r\n\r\n"), "");
    }
}
