//! Handover: what stands in the mailboxes and in the queue after a message was accepted, and what is
//! refused without a trace.

use std::sync::Arc;
use std::time::Duration;

use mailctl::ground::clock::Timestamp;
use mailctl::ground::limits;
use mailctl::ground::secret::Secret;
use mailctl::mailflow::forwarding::Forwarding;
use mailctl::mailflow::handover::{Accepted, Arrival, Handover};
use mailctl::mailflow::relaying::Gate;
use mailctl::mailflow::routing::Router;
use mailctl::mailflow::signing::{SelectorKey, Signers};
use mailctl::mailflow::srs::Rewriter;
use mailctl::plan::Plan;
use mailctl::plan::document::DkimAlgorithm;
use mailctl::protocol::TlsFacts;
use mailctl::protocol::smtp::server::Transaction;
use mailctl::state::queue::{self, QueueId, QueueMessage};
use mailctl::state::store::{Options, Store, account, message};
use mailctl::vocabulary::mail::{BodyType, Enhanced, Envelope, Recipient, Reply, ReversePath};

struct World {
    store: Arc<Store>,
    handover: Handover,
    _folder: tempfile::TempDir,
}

fn plan() -> Plan {
    serde_json::from_value(serde_json::json!({
        "format": 1, "compiler": "test", "source_digest": "sha256:0", "profile": "lab",
        "host": { "name": "mail.example.org", "addresses": ["192.0.2.10"], "role": "full" },
        "listeners": {}, "tls": { "min_version": "1.2", "profile": "intermediate", "session_tickets": false }, "certificates": [],
        "domains": { "example.org": { "dkim": [] } },
        "accounts": {
            "a@example.org": {}, "b@example.org": {},
            "fwd@example.org": { "forward": { "to": { "remote": ["f@example.net"] }, "keep_copy": false } }
        },
        "aliases": {
            "team@example.org": { "local": ["a@example.org", "b@example.org"] },
            "out@example.org": { "local": ["a@example.org", "fwd@example.org"], "remote": ["o@example.net", "p@example.com"] }
        },
        "forwarding": { "domain": "mail.example.org", "key": { "generated": {} } },
        "outbound": { "default": "direct", "tls": "opportunistic", "retry_after_seconds": [60], "lifetime_seconds": 1000, "resolver": "system", "mx_port": 25 },
        "storage": { "embedded": {} },
        "limits": {
            "message_octets_max": 1000000, "recipients_max": 100, "connections_max": 100,
            "connections_per_source_max": 10, "command_timeout_seconds": 300, "session_timeout_seconds": 1800,
            "password_checks_max": 2, "drain_seconds": 10
        },
        "logging": { "format": "text", "level": "info" }, "dns": [], "publication": { "zones": {} }, "firewall": []
    }))
    .unwrap()
}

/// From outside by `account: None`, from our user otherwise.
fn transaction(account: Option<&str>, from: &str, to: &[&str]) -> Transaction {
    let recipients = to.iter().map(|to| Recipient { forward_path: to.parse().unwrap() }).collect();
    let reverse_path = match from {
        "" => ReversePath::Null,
        address => ReversePath::Address(address.parse().unwrap()),
    };
    Transaction {
        envelope: Envelope { reverse_path, recipients, body: BodyType::EightBitMime, smtputf8: false },
        account: account.map(|account| account.parse().unwrap()),
        helo: "client.example.net".to_owned(),
        tls: Some(TlsFacts { version: "TLSv1.3".into(), cipher: "TLS13_AES_256_GCM_SHA384".into(), exporter: None }),
        with: if account.is_some() { "ESMTPSA" } else { "ESMTPS" },
    }
}

fn rewriter(key: u8) -> Rewriter {
    Rewriter::new("mail.example.org".parse().unwrap(), &Secret::new([key; 32]))
}

const AT: Timestamp = Timestamp(1_795_000_000_000);

impl World {
    fn new() -> Self {
        Self::with(&plan())
    }

    fn with(plan: &Plan) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(folder.path(), Options::default()).unwrap());
        let plan = Arc::new(plan.clone());
        let pem = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap().serialize_pem();
        let signers = Signers::new([SelectorKey {
            domain: "example.org".parse().unwrap(),
            selector: "s1".to_owned(),
            algorithm: DkimAlgorithm::Ed25519Sha256,
            pem: pem.as_bytes(),
        }])
        .unwrap();
        let forwarding = Forwarding::new(Router::new(&plan), Some(rewriter(7)));
        let gate = Gate::new(&plan, forwarding);
        Self { handover: Handover::new(store.clone(), plan, gate, signers), store, _folder: folder }
    }

    async fn accept(&self, transaction: Transaction, pieces: &[&[u8]]) -> Result<Accepted, Reply> {
        self.accept_from(transaction, false, pieces).await
    }

    async fn accept_from(
        &self,
        transaction: Transaction,
        trusted_network: bool,
        pieces: &[&[u8]],
    ) -> Result<Accepted, Reply> {
        let (transaction, peer) = (Arc::new(transaction), "192.0.2.77".parse().unwrap());
        let arrival = Arrival { transaction, peer, trusted_network, at: AT };
        let mut incoming = self.handover.begin(arrival);
        pieces.iter().for_each(|piece| incoming.append(piece));
        self.handover.accept(incoming).await
    }

    fn inbox(&self, address: &str) -> Vec<String> {
        let rows = self.store.read(|view| match account::find(view, &address.parse().unwrap())? {
            Some(account) => message::rows_after(view, account.inbox, 0, 100),
            None => Ok(Vec::new()),
        });
        rows.unwrap().into_iter().map(|row| self.content(row.content)).collect()
    }

    fn content(&self, id: mailctl::state::store::ContentId) -> String {
        let content = self.store.content(id).unwrap();
        String::from_utf8(content.read(0, usize::try_from(content.len()).unwrap()).unwrap()).unwrap()
    }

    fn queue(&self) -> Vec<QueueMessage> {
        self.store.read(|view| queue::list(view, QueueId(0), 100)).unwrap()
    }

    fn recipients(&self, queued: &QueueMessage) -> Vec<String> {
        let recipients = self.store.read(|view| queue::recipients(view, queued.id)).unwrap();
        recipients.iter().map(|r| r.forward_path.to_string()).collect()
    }

    fn assert_nothing_kept(&self) {
        assert!(self.inbox("a@example.org").is_empty() && self.inbox("b@example.org").is_empty());
        assert!(self.queue().is_empty());
    }
}

const MESSAGE: &[u8] = b"From: x@example.net\r\nSubject: hi\r\n\r\nbody\r\n";

#[tokio::test]
async fn rfc5321_4_4_a_delivered_message_begins_with_its_trace() {
    let world = World::new();
    let accepted = world.accept(transaction(None, "x@example.net", &["a@example.org"]), &[MESSAGE]).await.unwrap();
    let expected = format!(
        "Return-Path: <x@example.net>\r\n\
         Received: from client.example.net ([192.0.2.77])\r\n\
         \tby mail.example.org (mailctl) with ESMTPS id {}\r\n\
         \t(TLSv1.3 TLS13_AES_256_GCM_SHA384)\r\n\
         \tfor <a@example.org>;\r\n\
         \tWed, 18 Nov 2026 11:06:40 +0000\r\n{}",
        accepted.id,
        std::str::from_utf8(MESSAGE).unwrap()
    );
    assert_eq!(world.inbox("a@example.org"), [expected], "and nothing is added to a stranger's header");
    assert!(world.queue().is_empty());
}

#[tokio::test]
async fn any_cut_of_the_network_gives_the_same_message() {
    let world = World::new();
    let strip = |text: &String| text.split_once("Subject").unwrap().1.to_owned();
    for cut in 0..=MESSAGE.len() {
        let (head, tail) = MESSAGE.split_at(cut);
        world.accept(transaction(None, "x@example.net", &["a@example.org"]), &[head, tail]).await.unwrap();
    }
    let single: Vec<&[u8]> = MESSAGE.chunks(1).collect();
    world.accept(transaction(None, "x@example.net", &["a@example.org"]), &single).await.unwrap();
    let inbox = world.inbox("a@example.org");
    assert_eq!(inbox.len(), MESSAGE.len() + 2);
    assert!(inbox.iter().all(|message| strip(message) == ": hi\r\n\r\nbody\r\n"), "{inbox:?}");
}

#[tokio::test]
async fn an_account_gets_one_copy_however_many_recipients_lead_to_it() {
    let world = World::new();
    let to = ["a@example.org", "A@example.org", "team@example.org"];
    world.accept(transaction(None, "x@example.net", &to), &[MESSAGE]).await.unwrap();
    assert_eq!((world.inbox("a@example.org").len(), world.inbox("b@example.org").len()), (1, 1));
    assert!(!world.inbox("a@example.org")[0].contains("for <"), "RFC 5321 §7.2: nobody sees who else got it");
}

#[tokio::test]
async fn a_submission_is_mended_signed_and_queued_with_its_local_copy() {
    let world = World::new();
    let to = ["b@example.org", "y@example.net", "z@example.com"];
    let accepted = world
        .accept(transaction(Some("a@example.org"), "a@example.org", &to), &[b"Subject: hi\r\n\r\n.body\r\n"])
        .await
        .unwrap();
    let local = world.inbox("b@example.org").remove(0);
    assert!(
        local.starts_with("Return-Path: <a@example.org>\r\nReceived: by mail.example.org (mailctl) with ESMTPSA id ")
    );
    assert!(!local.contains("client.example.net") && !local.contains("192.0.2.77"), "{local}");
    assert!(!local.contains("DKIM-Signature"), "local copies are not signed");
    let mended = format!(
        "From: <a@example.org>\r\nDate: Wed, 18 Nov 2026 11:06:40 +0000\r\nMessage-ID: <{}@mail.example.org>\r\nSubject: hi\r\n",
        accepted.id
    );
    assert!(local.contains(&mended), "RFC 6409 §8: {local}");

    let queued = world.queue().remove(0);
    assert_eq!(queued.expires, AT.after(Duration::from_secs(1000)));
    let stored = world.content(queued.content);
    let skipped = usize::try_from(queued.skip_octets).unwrap();
    assert_eq!(&stored[..skipped], "Return-Path: <a@example.org>\r\n", "RFC 5321 §4.4: not for the next hop");
    let prefix = String::from_utf8(queued.prefix.clone()).unwrap();
    assert!(prefix.starts_with("DKIM-Signature: v=1; a=ed25519-sha256; s=s1; d=example.org;"), "{prefix}");
    assert!(prefix.contains("Message-ID"), "what was mended is signed too: {prefix}");
    assert_eq!(world.recipients(&queued), ["y@example.net", "z@example.com"]);
}

#[tokio::test]
async fn a_long_message_is_signed_from_the_disk() {
    let world = World::new();
    let line = [b'x'; 70];
    let mut body = b"From: a@example.org\r\n\r\n".to_vec();
    while body.len() < 2 * limits::STAGING_MEMORY_OCTETS {
        body.extend_from_slice(&line);
        body.extend_from_slice(b"\r\n");
    }
    let pieces: Vec<&[u8]> = body.chunks(10_000).collect();
    world.accept(transaction(Some("a@example.org"), "a@example.org", &["y@example.net"]), &pieces).await.unwrap();
    let queued = world.queue().remove(0);
    assert!(queued.prefix.starts_with(b"DKIM-Signature: "));
    assert!(world.content(queued.content).ends_with(std::str::from_utf8(&body[body.len() - 100_000..]).unwrap()));
}

#[tokio::test]
async fn rfc5321_6_3_a_message_that_goes_in_circles_is_stopped() {
    let world = World::new();
    let trace = b"Received: by somebody\r\n".repeat(limits::RECEIVED_FIELDS_MAX - 1);
    let message = |more: &str| [&trace, more.as_bytes(), MESSAGE].concat();
    let to = transaction(None, "x@example.net", &["a@example.org"]);
    let reply = world.accept(to.clone(), &[&message("Received: by us\r\n")]).await.unwrap_err();
    assert_eq!((reply.code, reply.enhanced), (554, Some(Enhanced(5, 4, 6))));
    world.assert_nothing_kept();
    world.accept(to, &[&message("")]).await.unwrap();
}

#[tokio::test]
async fn what_is_refused_leaves_nothing() {
    let world = World::new();
    let long = [b"X: ".as_slice(), &vec![b'y'; limits::HEADER_OCTETS_MAX], b"\r\n\r\n"].concat();
    let cases: [(Transaction, &[u8], u16); 5] = [
        (transaction(Some("a@example.org"), "a@example.org", &["b@example.org"]), b"From: b@example.org\r\n\r\n", 553),
        (transaction(Some("a@example.org"), "", &["b@example.org"]), b"From: b@example.org\r\n\r\n", 553),
        (transaction(None, "x@example.net", &["a@example.org", "y@example.net"]), MESSAGE, 550),
        (transaction(None, "x@example.net", &["a@example.org", "nobody@example.org"]), MESSAGE, 550),
        (transaction(None, "x@example.net", &["a@example.org"]), &long, 552),
    ];
    for (transaction, message, code) in cases {
        let reply = world.accept(transaction, &[message]).await.unwrap_err();
        assert_eq!(reply.code, code, "{reply}");
        world.assert_nothing_kept();
    }
}

#[tokio::test]
async fn a_message_may_be_all_header_or_all_body() {
    let world = World::new();
    for message in [b"Subject: no body\r\n".as_slice(), b"\r\nno header\r\n", b""] {
        world.accept(transaction(None, "", &["a@example.org"]), &[message]).await.unwrap();
    }
    let inbox = world.inbox("a@example.org");
    assert!(inbox[0].ends_with("+0000\r\nSubject: no body\r\n"), "{}", inbox[0]);
    assert!(inbox[1].ends_with("+0000\r\n\r\nno header\r\n"), "{}", inbox[1]);
    assert!(inbox[2].starts_with("Return-Path: <>\r\n"), "{}", inbox[2]);
}

fn relaying_plan() -> Plan {
    let mut value = serde_json::to_value(plan()).unwrap();
    value["relaying"] = serde_json::json!({
        "accept_from": ["192.0.2.0/24"],
        "backup": { "friend.test": { "next_hop": "mx", "recipients": { "listed": ["x@friend.test"] } } }
    });
    serde_json::from_value(value).unwrap()
}

/// What the next hop would get.
fn leaving(world: &World, queued: &QueueMessage) -> String {
    let stored = world.content(queued.content);
    let skipped = usize::try_from(queued.skip_octets).unwrap();
    String::from_utf8(queued.prefix.clone()).unwrap() + &stored[skipped..]
}

#[tokio::test]
async fn a_trusted_network_relays_and_is_signed_for_our_domains() {
    let world = World::with(&relaying_plan());
    let ours = b"From: printer@example.org\r\nSubject: scan\r\n\r\nbody\r\n";
    let to = ["y@example.net", "a@example.org"];
    world.accept_from(transaction(None, "printer@example.org", &to), true, &[ours]).await.unwrap();
    world.accept_from(transaction(None, "x@example.com", &["y@example.net"]), true, &[MESSAGE]).await.unwrap();
    let queued = world.queue();
    let first = leaving(&world, &queued[0]);
    assert!(first.starts_with("DKIM-Signature: v=1; a=ed25519-sha256; s=s1; d=example.org;"), "{first}");
    assert!(first.contains("Received: from client.example.net ([192.0.2.77])"), "RFC 5321 §4.4: {first}");
    assert!(first.contains("Date: ") && first.contains("Message-ID: <"), "RFC 5321 §6.4: {first}");
    assert_eq!(world.inbox("a@example.org").len(), 1);
    let second = leaving(&world, &queued[1]);
    assert!(!second.contains("DKIM-Signature") && second.contains("From: x@example.net"), "not our author: {second}");

    // Without the trust the very same message goes nowhere.
    let reply = world.accept(transaction(None, "printer@example.org", &to), &[ours]).await.unwrap_err();
    assert_eq!((reply.code, reply.enhanced), (550, Some(Enhanced(5, 7, 1))));
    assert_eq!(world.queue().len(), 2);
}

#[tokio::test]
async fn a_backup_queues_what_strangers_bring_and_signs_none_of_it() {
    let world = World::with(&relaying_plan());
    // Whoever could have us sign for our own domain could pose as us.
    let forged = b"From: a@example.org\r\nSubject: hi\r\n\r\nbody\r\n";
    world.accept(transaction(None, "a@example.org", &["X@friend.test"]), &[forged]).await.unwrap();
    let queued = world.queue();
    let leaving = leaving(&world, &queued[0]);
    assert!(leaving.starts_with("Received: from client.example.net"), "{leaving}");
    assert!(leaving.ends_with(std::str::from_utf8(forged).unwrap()), "nothing is mended: {leaving}");
    let recipients = world.store.read(|view| queue::recipients(view, queued[0].id)).unwrap();
    assert_eq!(recipients[0].forward_path.to_string(), "X@friend.test", "RFC 5321 §2.4: the case is the primary's");

    let circling = [&b"Received: by somebody\r\n".repeat(limits::RECEIVED_FIELDS_MAX), MESSAGE].concat();
    for (to, message, code) in [
        ("y@friend.test", MESSAGE, Enhanced(5, 1, 1)),
        ("x@other.test", MESSAGE, Enhanced(5, 7, 1)),
        ("x@friend.test", circling.as_slice(), Enhanced(5, 4, 6)),
    ] {
        let reply = world.accept(transaction(None, "x@example.net", &[to]), &[message]).await.unwrap_err();
        assert_eq!(reply.enhanced, Some(code), "{to}");
    }
    assert_eq!(world.queue().len(), 1);
}

#[tokio::test]
async fn a_server_that_only_sends_keeps_nothing_for_its_domains() {
    let mut value = serde_json::to_value(plan()).unwrap();
    value["host"]["role"] = serde_json::json!("send-only");
    let world = World::with(&serde_json::from_value(value).unwrap());
    let submitted = transaction(Some("a@example.org"), "a@example.org", &["b@example.org", "gone@example.org"]);
    world.accept(submitted, &[b"Subject: hi\r\n\r\nbody\r\n"]).await.unwrap();
    assert!(world.inbox("b@example.org").is_empty());
    let recipients = world.store.read(|view| queue::recipients(view, world.queue()[0].id)).unwrap();
    assert_eq!(recipients.len(), 2, "to the MX, who knows best");
    let reply = world.accept(transaction(None, "x@example.net", &["b@example.org"]), &[MESSAGE]).await.unwrap_err();
    assert_eq!(reply.enhanced, Some(Enhanced(5, 7, 1)));
}

#[tokio::test]
async fn a_forwarded_message_is_queued_under_a_rewritten_sender_with_its_local_copy() {
    let world = World::new();
    let to = ["out@example.org", "fwd@example.org"];
    // From a stranger, whatever its From says: a signature of ours would vouch for it.
    let message = b"From: a@example.org\r\nSubject: hi\r\n\r\nbody\r\n";
    world.accept(transaction(None, "Joe@example.net", &to), &[message]).await.unwrap();
    assert_eq!(world.inbox("a@example.org").len(), 1);
    assert!(world.inbox("a@example.org")[0].starts_with("Return-Path: <Joe@example.net>\r\n"));
    assert!(world.inbox("fwd@example.org").is_empty(), "it keeps no copy");
    let queued = world.queue();
    assert_eq!(queued.len(), 1, "everybody gets it once: {queued:?}");
    assert_eq!(world.recipients(&queued[0]), ["f@example.net", "o@example.net", "p@example.com"]);
    let sender = queued[0].reverse_path.address().unwrap();
    assert!(sender.to_string().starts_with("SRS0="), "{sender}");
    assert_eq!(rewriter(7).reverse(sender, AT).unwrap().to_string(), "Joe@example.net");
    assert_eq!(String::from_utf8_lossy(&queued[0].prefix), "Delivered-To: out@example.org\r\n");
    assert!(!queued[0].is_bounce);
    assert_eq!(queued[0].expires, AT.after(Duration::from_secs(1000)));
}

#[tokio::test]
async fn the_null_reverse_path_and_our_own_users_keep_theirs() {
    let world = World::new();
    world.accept(transaction(None, "", &["out@example.org"]), &[MESSAGE]).await.unwrap();
    let own =
        transaction(Some("a@example.org"), "a@example.org", &["fwd@example.org", "f@example.net", "z@example.com"]);
    world.accept(own, &[b"From: a@example.org\r\n\r\n"]).await.unwrap();
    let own = transaction(Some("a@example.org"), "a@example.org", &["fwd@example.org"]);
    world.accept(own, &[b"From: a@example.org\r\n\r\n"]).await.unwrap();
    let queued = world.queue();
    assert_eq!(queued[0].reverse_path, ReversePath::Null, "RFC 5321 §4.5.5");
    assert_eq!(world.recipients(&queued[1]), ["f@example.net", "z@example.com"], "named and forwarded to: once");
    assert_eq!(queued.len(), 3);
    assert_eq!(queued[2].reverse_path, ReversePath::Address("a@example.org".parse().unwrap()), "SPF is ours");
    let prefix = String::from_utf8_lossy(&queued[2].prefix);
    assert!(prefix.starts_with("Delivered-To: fwd@example.org\r\nDKIM-Signature: "), "our user's is signed: {prefix}");
}

#[tokio::test]
async fn a_bounce_to_a_rewritten_sender_goes_to_the_sender() {
    let world = World::new();
    for (sender, days) in [("joe@example.net", 0), ("a@example.org", 20)] {
        let made = Timestamp(AT.0 - days * 24 * 60 * 60 * 1000);
        let rewritten = rewriter(7).rewrite(&sender.parse().unwrap(), made).unwrap().to_string();
        world.accept(transaction(None, "", &[&rewritten]), &[MESSAGE]).await.unwrap();
    }
    let queued = world.queue();
    assert_eq!((queued.len(), world.inbox("a@example.org").len()), (1, 1));
    assert_eq!(world.recipients(&queued[0]), ["joe@example.net"]);
    assert_eq!(queued[0].reverse_path, ReversePath::Null);
    assert!(queued[0].prefix.is_empty(), "somebody else's bounce is not signed");
}

#[tokio::test]
async fn a_rewritten_sender_is_no_open_relay() {
    let world = World::new();
    let genuine = rewriter(7).rewrite(&"joe@example.net".parse().unwrap(), AT).unwrap().to_string();
    let forged = rewriter(8).rewrite(&"joe@example.net".parse().unwrap(), AT).unwrap().to_string();
    let gone = rewriter(7).rewrite(&"gone@example.org".parse().unwrap(), AT).unwrap().to_string();
    let long_ago = Timestamp(AT.0 - 22 * 24 * 60 * 60 * 1000);
    let expired = rewriter(7).rewrite(&"joe@example.net".parse().unwrap(), long_ago).unwrap().to_string();
    for (from, to, enhanced) in [
        ("x@example.com", genuine.as_str(), Enhanced(5, 7, 1)),
        ("", &forged, Enhanced(5, 7, 1)),
        ("", "SRS0=AAAAAAAA=AA=example.net=joe@mail.example.org", Enhanced(5, 7, 1)),
        ("", "SRS1=AAAAAAAAAA=example.net==x@mail.example.org", Enhanced(5, 7, 1)),
        ("", &expired, Enhanced(5, 1, 1)),
        ("", &gone, Enhanced(5, 1, 1)),
    ] {
        let reply = world.accept(transaction(None, from, &[to]), &[MESSAGE]).await.unwrap_err();
        assert_eq!((reply.code, reply.enhanced), (550, Some(enhanced)), "{to}: {reply}");
    }
    world.assert_nothing_kept();
}

#[tokio::test]
async fn rfc5321_6_3_a_forward_that_comes_back_is_stopped() {
    let world = World::new();
    let message = [b"Delivered-To: OUT@example.org\r\n", MESSAGE].concat();
    let reply = world.accept(transaction(None, "x@example.net", &["out@example.org"]), &[&message]).await.unwrap_err();
    assert_eq!((reply.code, reply.enhanced), (554, Some(Enhanced(5, 4, 6))));
    world.assert_nothing_kept();
    // Whoever keeps the mail here ends the circle.
    let message = [b"Delivered-To: a@example.org\r\n", MESSAGE].concat();
    world.accept(transaction(None, "x@example.net", &["a@example.org"]), &[&message]).await.unwrap();
}
