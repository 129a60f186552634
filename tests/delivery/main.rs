//! Delivery against scripted SMTP servers on loopback: what each reply, or the lack of one, does to the
//! queue, to the sender's INBOX and to what the next server gets to hear.

mod peer;
mod routes;
mod world;

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use mail_parser::{MessageParser, MimeHeaders};
use mailctl::ground::clock::Timestamp;
use mailctl::ground::secret::Secret;
use mailctl::mailflow::delivery::worker;
use mailctl::mailflow::delivery::{RelayHop, RelayLogin};
use mailctl::plan::document::RelayTls;
use mailctl::state::queue::RecipientState;
use mailctl::vocabulary::mail::ReversePath;
use peer::{Peer, Script, Tls, certificate};
use serde_json::json;
use tokio::sync::watch;
use world::{MESSAGE, SKIP, Setting, World, Zone, rewriter, sender};

const ONE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 1));
const TWO: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// `example.net` with the MX hosts `mx1.example.net`, ... of falling preference, at `addresses`.
fn zone(addresses: &[IpAddr]) -> Zone {
    let host = |at: usize| format!("mx{}.example.net", at + 1);
    let mx = (0..addresses.len()).map(|at| (u16::try_from(at).unwrap() * 10, host(at))).collect();
    Zone {
        mx: HashMap::from([("example.net".to_owned(), mx)]),
        addresses: addresses.iter().enumerate().map(|(at, address)| (host(at), *address)).collect(),
    }
}

async fn one_peer(script: Script) -> (Peer, World) {
    let peer = Peer::start(ONE, 0, script).await;
    let world = World::new(Setting { zone: zone(&[ONE]), port: peer.address.port(), ..Setting::default() });
    (peer, world)
}

fn relay(peer: &Peer, tls: RelayTls) -> RelayHop {
    RelayHop {
        host: "relay.test".parse().unwrap(),
        port: peer.address.port(),
        tls,
        credentials: Some(RelayLogin { user: "us".to_owned(), password: Secret::new("tell-nobody") }),
        sign: true,
    }
}

fn relay_world(peer: &Peer, tls: RelayTls, authority: String) -> World {
    let zone = Zone { addresses: HashMap::from([("relay.test".to_owned(), ONE)]), ..Zone::default() };
    World::new(Setting {
        zone,
        port: 1,
        relays: BTreeMap::from([("smart".to_owned(), relay(peer, tls))]),
        authorities: BTreeMap::from([("smart".to_owned(), authority)]),
        outbound: json!({ "default": { "relay": "smart" } }),
        ..Setting::default()
    })
}

fn sent() -> Vec<u8> {
    [b"DKIM-Signature: made up\r\n", &MESSAGE[usize::try_from(SKIP).unwrap()..]].concat()
}

#[tokio::test]
async fn a_message_arrives_whole_and_leaves_the_queue() {
    let (peer, world) = one_peer(Script::default()).await;
    let id = world.send(&["x@example.net"]).await;
    let heard = peer.heard();
    assert_eq!(heard.messages, [sent()], "signature first, Return-Path not at all, dots as they were");
    assert!(heard.has("EHLO mail.example.org") && heard.has("MAIL FROM:<a@example.org>"), "{:?}", heard.commands);
    assert!(heard.has("QUIT"), "{:?}", heard.commands);
    assert!(world.is_gone(id));
    assert!(world.inbox("a@example.org").is_empty());
}

#[tokio::test]
async fn rfc5321_4_2_1_each_recipient_has_its_own_fate() {
    let recipients =
        HashMap::from([("later@example.net", "450 4.2.1 busy"), ("never@example.net", "550 5.1.1 who is that")]);
    let (peer, world) = one_peer(Script { recipients, ..Script::default() }).await;
    let id = world.send(&["x@example.net", "later@example.net", "never@example.net"]).await;
    assert_eq!(peer.heard().messages.len(), 1);
    let states: HashMap<String, RecipientState> =
        world.recipients(id).into_iter().map(|r| (r.forward_path.to_string(), r.state)).collect();
    assert_eq!(states["x@example.net"], RecipientState::Delivered);
    assert_eq!(states["later@example.net"], RecipientState::Waiting);
    assert_eq!(states["never@example.net"], RecipientState::Failed);
    assert_eq!(world.inbox("a@example.org").len(), 1, "one bounce, about one recipient");
}

#[tokio::test]
async fn rfc3464_the_sender_is_told_in_its_inbox() {
    let recipients = HashMap::from([("x@example.net", "550 5.1.1 who is that")]);
    let (_peer, world) = one_peer(Script { recipients, ..Script::default() }).await;
    let id = world.send(&["x@example.net"]).await;
    assert!(world.is_gone(id));
    let inbox = world.inbox("a@example.org");
    assert_eq!(inbox.len(), 1);
    let text = String::from_utf8(inbox[0].clone()).unwrap();
    assert!(text.starts_with("Return-Path: <>\r\n"));
    assert!(text.contains("Final-Recipient: rfc822; x@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n"), "{text}");
    assert!(text.contains("Remote-MTA: dns; mx1.example.net\r\nDiagnostic-Code: smtp; 550 5.1.1 who is that\r\n"));
    assert!(text.contains("Subject: hello\r\n") && !text.contains(".dot"), "the header comes back, the body does not");
    let parsed = MessageParser::default().parse(&inbox[0]).unwrap();
    assert_eq!(parsed.content_type().unwrap().subtype(), Some("report"));
    assert_eq!(parsed.in_reply_to().as_text(), Some("1@example.org"));
    assert_eq!(parsed.from().unwrap().first().unwrap().address(), Some("MAILER-DAEMON@mail.example.org"));
}

#[tokio::test]
async fn the_sender_behind_a_rewritten_one_is_told() {
    let recipients = HashMap::from([("x@example.net", "550 5.1.1 who is that")]);
    let (_peer, world) = one_peer(Script { recipients, ..Script::default() }).await;
    let forwarded = |sender: &str, made: Timestamp| {
        ReversePath::Address(rewriter().rewrite(&sender.parse().unwrap(), made).unwrap())
    };
    let now = Timestamp::now();
    world.queue(forwarded("stranger@example.com", now), &["x@example.net"], |_| {});
    world.carry().await;
    let bounce = world.queued().remove(0);
    assert_eq!((bounce.reverse_path, bounce.is_bounce), (ReversePath::Null, true));
    let to = world.recipients(bounce.id).remove(0).forward_path;
    assert_eq!(to.to_string(), "stranger@example.com", "not to ourselves");
    // A message of our own user's that came in from outside and was forwarded.
    world.queue(forwarded("a@example.org", now), &["x@example.net"], |_| {});
    // A sender of long ago is nobody any more.
    let long_ago = Timestamp(now.0 - 30 * 24 * 60 * 60 * 1000);
    world.queue(forwarded("late@example.com", long_ago), &["x@example.net"], |_| {});
    world.carry().await;
    let inbox = world.inbox("a@example.org");
    assert_eq!(inbox.len(), 1);
    assert!(String::from_utf8_lossy(&inbox[0]).contains("To: <a@example.org>"));
    assert!(world.queued().iter().all(|message| message.is_bounce && message.id == bounce.id));
}

#[tokio::test]
async fn rfc5321_6_1_nobody_is_told_about_a_lost_bounce() {
    let recipients = HashMap::from([("x@example.net", "550 5.1.1 who is that")]);
    let (_peer, world) = one_peer(Script { recipients, ..Script::default() }).await;
    let id = world.queue(ReversePath::Null, &["x@example.net"], |new| new.is_bounce = true);
    world.carry().await;
    assert!(world.is_gone(id));
    assert!(world.queued().is_empty());
    assert!(world.inbox("postmaster@example.org").is_empty());
}

#[tokio::test]
async fn a_bounce_to_elsewhere_is_queued_with_the_null_reverse_path() {
    let recipients = HashMap::from([("x@example.net", "550 5.1.1 who is that")]);
    let (_peer, world) = one_peer(Script { recipients, ..Script::default() }).await;
    let from = ReversePath::Address("s@example.com".parse().unwrap());
    let id = world.queue(from, &["x@example.net"], |_| {});
    world.carry().await;
    assert!(world.is_gone(id));
    let queued = world.queued();
    assert_eq!(queued.len(), 1);
    assert!(queued[0].is_bounce);
    assert_eq!((&queued[0].reverse_path, queued[0].skip_octets), (&ReversePath::Null, 0));
    assert_eq!(world.recipients(queued[0].id)[0].forward_path.to_string(), "s@example.com");
}

#[tokio::test]
async fn rfc5321_5_1_a_dead_host_is_passed_over() {
    let second = Peer::start(TWO, 0, Script::default()).await;
    let setting = Setting { zone: zone(&[ONE, TWO]), port: second.address.port(), ..Setting::default() };
    let world = World::new(setting);
    let id = world.send(&["x@example.net"]).await;
    assert!(world.is_gone(id));
    assert_eq!(second.heard().messages.len(), 1);
}

#[tokio::test]
async fn a_host_that_says_later_does_not_keep_the_next_from_saying_yes() {
    let second = Peer::start(TWO, 0, Script::default()).await;
    let port = second.address.port();
    let first = Peer::start(ONE, port, Script { greeting: Some("421 4.3.2 not now"), ..Script::default() }).await;
    let world = World::new(Setting { zone: zone(&[ONE, TWO]), port, ..Setting::default() });
    let id = world.send(&["x@example.net"]).await;
    assert!(world.is_gone(id));
    assert_eq!((first.heard().connections, second.heard().messages.len()), (1, 1));
}

#[tokio::test]
async fn nobody_at_home_means_later() {
    let world = World::new(Setting { zone: zone(&[ONE]), port: 1, ..Setting::default() });
    let id = world.send(&["x@example.net"]).await;
    let (recipient, reply) = world.waiting(id);
    assert_eq!(recipient.attempts, 1);
    let wait = recipient.next_attempt.since(Timestamp::now());
    assert!(wait > Duration::from_secs(50) && wait <= Duration::from_secs(60), "{wait:?}");
    assert!(reply.starts_with("451 4.4.2 mx1.example.net"), "{reply}");
}

#[tokio::test]
async fn rfc5321_4_5_4_1_the_last_deferral_is_a_bounce_when_time_is_up() {
    let world = World::new(Setting { zone: zone(&[ONE]), port: 1, ..Setting::default() });
    let id = world.queue(sender(), &["x@example.net"], |new| new.expires = new.received);
    world.carry().await;
    assert!(world.is_gone(id));
    let text = String::from_utf8(world.inbox("a@example.org").remove(0)).unwrap();
    assert!(text.contains("Action: failed\r\nStatus: 4.4.2\r\n") && text.contains("the time is up"), "{text}");
}

#[tokio::test]
async fn a_connection_that_breaks_at_the_final_dot_loses_nothing() {
    let (peer, world) = one_peer(Script { hang_up_after_data: true, ..Script::default() }).await;
    let id = world.send(&["x@example.net"]).await;
    assert_eq!(peer.heard().messages.len(), 1);
    let (_, reply) = world.waiting(id);
    assert!(reply.starts_with("4"), "{reply}");
}

#[tokio::test]
async fn rfc7505_a_null_mx_fails_at_once() {
    let zone = Zone { mx: HashMap::from([("example.net".to_owned(), vec![(0, String::new())])]), ..Zone::default() };
    let world = World::new(Setting { zone, port: 1, ..Setting::default() });
    let id = world.send(&["x@example.net"]).await;
    assert!(world.is_gone(id));
    let text = String::from_utf8(world.inbox("a@example.org").remove(0)).unwrap();
    assert!(text.contains("Status: 5.1.10\r\n"), "{text}");
}

#[tokio::test]
async fn rfc6531_3_2_no_smtputf8_no_delivery() {
    let (peer, world) = one_peer(Script::default()).await;
    let id = world.queue(sender(), &["ж@example.net"], |new| new.smtputf8 = true);
    world.carry().await;
    assert!(world.is_gone(id));
    assert!(peer.heard().messages.is_empty());
    let text = String::from_utf8(world.inbox("a@example.org").remove(0)).unwrap();
    assert!(text.contains("Final-Recipient: utf-8; ж@example.net\r\nAction: failed\r\nStatus: 5.6.7\r\n"), "{text}");
}

#[tokio::test]
async fn rfc7435_an_mx_with_any_certificate_gets_tls() {
    let (config, _) = certificate("somebody.else");
    let (peer, world) = one_peer(Script { tls: Tls::Starttls(config), ..Script::default() }).await;
    let id = world.send(&["x@example.net"]).await;
    assert!(world.is_gone(id));
    assert!(peer.heard().has("MAIL") && peer.heard().commands.iter().all(|c| !c.starts_with("MAIL")), "under TLS only");
    assert_eq!(peer.heard().connections, 1);
}

#[tokio::test]
async fn rfc7435_a_failed_handshake_is_followed_by_clear_text() {
    let (peer, world) = one_peer(Script { tls: Tls::Broken, ..Script::default() }).await;
    let id = world.send(&["x@example.net"]).await;
    assert!(world.is_gone(id));
    let heard = peer.heard();
    assert_eq!((heard.connections, heard.messages.len()), (2, 1));
}

#[tokio::test]
async fn rfc8314_3_3_a_relay_gets_credentials_under_tls_only() {
    for implicit in [true, false] {
        let (config, authority) = certificate("relay.test");
        let (tls, mode) = match implicit {
            true => (Tls::Implicit(config), RelayTls::Implicit),
            false => (Tls::Starttls(config), RelayTls::StarttlsRequired),
        };
        let script = Script { tls, extensions: vec!["AUTH PLAIN", "PIPELINING"], ..Script::default() };
        let peer = Peer::start(ONE, 0, script).await;
        let world = relay_world(&peer, mode, authority);
        let id = world.send(&["x@example.net", "y@example.com"]).await;
        assert!(world.is_gone(id));
        let heard = peer.heard();
        assert_eq!(heard.messages.len(), 1, "both domains in one transaction: {:?}", heard.commands);
        let auth: Vec<&String> = heard.commands.iter().filter(|c| c.contains("AUTH")).collect();
        assert_eq!(auth.len(), 1, "{:?}", heard.commands);
        assert!(auth[0].starts_with("*AUTH PLAIN"), "{auth:?}");
    }
}

#[tokio::test]
async fn i_20_a_stripped_starttls_gets_neither_credentials_nor_mail() {
    let script = Script { extensions: vec!["AUTH PLAIN"], ..Script::default() };
    let peer = Peer::start(ONE, 0, script).await;
    let (_, authority) = certificate("relay.test");
    let world = relay_world(&peer, RelayTls::StarttlsRequired, authority);
    let id = world.send(&["x@example.net"]).await;
    world.waiting(id);
    let heard = peer.heard();
    assert!(heard.has("EHLO") && !heard.has("AUTH") && !heard.has("MAIL"), "{:?}", heard.commands);
}

#[tokio::test]
async fn i_20_a_wrong_certificate_gets_neither_credentials_nor_mail() {
    let (right, authority) = certificate("relay.test");
    let (other_name, other_authority) = certificate("impostor.test");
    let cases = [
        (Tls::Implicit(right.clone()), RelayTls::Implicit, other_authority.clone()),
        (Tls::Starttls(right), RelayTls::StarttlsRequired, other_authority.clone()),
        (Tls::Starttls(other_name), RelayTls::StarttlsRequired, other_authority),
        (Tls::Broken, RelayTls::StarttlsRequired, authority),
    ];
    for (tls, mode, trusted) in cases {
        let script = Script { tls, extensions: vec!["AUTH PLAIN"], ..Script::default() };
        let peer = Peer::start(ONE, 0, script).await;
        let world = relay_world(&peer, mode, trusted);
        let id = world.send(&["x@example.net"]).await;
        let (_, reply) = world.waiting(id);
        assert!(reply.starts_with("451 4.7.5 relay.test: TLS failed"), "{reply}");
        let heard = peer.heard();
        assert!(!heard.has("AUTH") && !heard.has("MAIL"), "{:?}", heard.commands);
    }
}

#[tokio::test]
async fn the_worker_hears_of_new_mail_and_stops_when_told() {
    let (peer, world) = one_peer(Script::default()).await;
    let (_plan, couriers) = watch::channel(world.courier.clone());
    let (stop, stopped) = watch::channel(false);
    let worker = tokio::spawn(worker::run(couriers, stopped));
    tokio::time::sleep(Duration::from_millis(50)).await;
    let ids: Vec<_> = (0..20).map(|_| world.queue(sender(), &["x@example.net"], |_| {})).collect();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while !ids.iter().all(|id| world.is_gone(*id)) {
        assert!(tokio::time::Instant::now() < deadline, "20 messages in 10 seconds");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(peer.heard().messages.len(), 20);
    stop.send(true).unwrap();
    tokio::time::timeout(Duration::from_secs(5), worker).await.expect("it stops").unwrap();
    let after = world.queue(sender(), &["x@example.net"], |_| {});
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!world.is_gone(after), "nothing leaves after the stop");
}

#[tokio::test]
async fn rfc5321_5_1_an_mx_without_an_address_is_final_only_alone() {
    let mut zone = zone(&[ONE, TWO]);
    zone.addresses.remove("mx1.example.net");
    let both = World::new(Setting { zone: zone.clone(), port: 1, ..Setting::default() });
    let id = both.send(&["x@example.net"]).await;
    let (_, reply) = both.waiting(id);
    assert!(reply.starts_with("451 4.4.2 mx2"), "the second may come back: {reply}");
    zone.addresses.clear();
    let neither = World::new(Setting { zone, port: 1, ..Setting::default() });
    let id = neither.send(&["x@example.net"]).await;
    assert!(neither.is_gone(id));
    let text = String::from_utf8(neither.inbox("a@example.org").remove(0)).unwrap();
    assert!(text.contains("Status: 5.4.4\r\n"), "{text}");
}

#[tokio::test]
async fn a_relay_that_cannot_be_found_fails_nobody() {
    let peer = Peer::start(ONE, 0, Script::default()).await;
    let (_, authority) = certificate("relay.test");
    let relays = BTreeMap::from([("smart".to_owned(), relay(&peer, RelayTls::Implicit))]);
    let authorities = BTreeMap::from([("smart".to_owned(), authority)]);
    let outbound = json!({ "default": { "relay": "smart" } });
    let world = World::new(Setting { port: 1, relays, authorities, outbound, ..Setting::default() });
    let id = world.send(&["x@example.net"]).await;
    let (_, reply) = world.waiting(id);
    assert_eq!(reply, "451 4.4.4 the host relay.test has no address");
}

#[tokio::test]
async fn a_domain_that_became_ours_is_delivered_here() {
    let world = World::new(Setting { port: 1, ..Setting::default() });
    let id = world.send(&["a@example.org"]).await;
    assert!(world.is_gone(id));
    assert_eq!(world.inbox("a@example.org"), [MESSAGE]);
    let id = world.send(&["nobody@example.org"]).await;
    assert!(world.is_gone(id));
    let bounce = String::from_utf8(world.inbox("a@example.org").remove(1)).unwrap();
    assert!(bounce.contains("Status: 5.1.1\r\nDiagnostic-Code: x-mailctl; no such user here\r\n"), "{bounce}");
}
