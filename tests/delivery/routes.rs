//! Which way mail takes: routes by sender and recipient, fallbacks, splits, backup domains; whose credentials
//! and signatures go where; TLS policies and source addresses.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr};

use mailctl::ground::secret::Secret;
use mailctl::mailflow::delivery::{RelayHop, RelayLogin};
use mailctl::plan::document::RelayTls;
use mailctl::state::queue::{self, QueueId, RecipientState};
use mailctl::state::store::Tx;
use mailctl::vocabulary::mail::ReversePath;
use serde_json::{Value, json};

use crate::peer::{Peer, Script, Tls, certificate};
use crate::world::{MESSAGE, SKIP, Setting, World, Zone, sender};
use crate::{ONE, sent, zone};

const SMART: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 3));
const BULK: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 4));

/// An MX for `example.net` and `example.com`, and two relays with certificates of two authorities.
struct Network {
    mx: Peer,
    smart: Peer,
    bulk: Peer,
    setting: Setting,
}

async fn relay(at: IpAddr, host: &str, user: &str, sign: bool) -> (Peer, RelayHop, String) {
    let (config, authority) = certificate(host);
    let script = Script { tls: Tls::Implicit(config), extensions: vec!["AUTH PLAIN"], ..Script::default() };
    let peer = Peer::start(at, 0, script).await;
    let hop = RelayHop {
        host: host.parse().unwrap(),
        port: peer.address.port(),
        tls: RelayTls::Implicit,
        credentials: Some(RelayLogin { user: user.to_owned(), password: Secret::new(format!("{user}-secret")) }),
        sign,
    };
    (peer, hop, authority)
}

async fn network(outbound: Value) -> Network {
    let mx = Peer::start(ONE, 0, Script::default()).await;
    let (smart, smart_hop, smart_authority) = relay(SMART, "smart.test", "us", true).await;
    let (bulk, bulk_hop, bulk_authority) = relay(BULK, "bulk.test", "bulk", false).await;
    let mut zone = zone(&[ONE]);
    zone.mx.insert("example.com".to_owned(), vec![(0, "mx1.example.net".to_owned())]);
    zone.addresses.extend([("smart.test".to_owned(), SMART), ("bulk.test".to_owned(), BULK)]);
    let setting = Setting {
        zone,
        port: mx.address.port(),
        relays: BTreeMap::from([("smart".to_owned(), smart_hop), ("bulk".to_owned(), bulk_hop)]),
        authorities: BTreeMap::from([("smart".to_owned(), smart_authority), ("bulk".to_owned(), bulk_authority)]),
        outbound,
        ..Setting::default()
    };
    Network { mx, smart, bulk, setting }
}

/// How many messages came to the MX, the smart host, the bulk relay.
fn counts(mx: &Peer, smart: &Peer, bulk: &Peer) -> [usize; 3] {
    [mx, smart, bulk].map(|peer| peer.heard().messages.len())
}

fn make_due(world: &World, id: QueueId) {
    let now = mailctl::ground::clock::Timestamp::now();
    let job = move |tx: &mut Tx<'_>, _: &[mailctl::state::store::ContentId]| queue::retry(tx, Some(id), now);
    let (made_due, _) = world.store.write_blocking(vec![], job).unwrap();
    assert!(made_due > 0);
}

#[tokio::test]
async fn a_message_is_split_by_its_routes() {
    let outbound = json!({
        "routes": [
            { "senders": ["list@example.org"], "via": { "relay": "bulk" } },
            { "recipients": ["example.com", ".example.com"], "via": { "relay": "smart" } }
        ]
    });
    let Network { mx, smart, bulk, setting } = network(outbound).await;
    let world = World::new(setting);
    let id = world.send(&["x@example.net", "y@example.com", "z@sub.example.com"]).await;
    assert!(world.is_gone(id));
    assert_eq!(counts(&mx, &smart, &bulk), [1, 1, 0]);
    let recipients = |peer: &Peer| -> Vec<String> {
        peer.heard()
            .commands
            .iter()
            .filter(|c| c.contains("RCPT"))
            .map(|c| c.trim_start_matches('*').to_owned())
            .collect()
    };
    assert_eq!(recipients(&mx), ["RCPT TO:<x@example.net>"]);
    assert_eq!(recipients(&smart), ["RCPT TO:<y@example.com>", "RCPT TO:<z@sub.example.com>"]);

    let from = ReversePath::Address("LIST@example.org".parse().unwrap());
    let id = world.queue(from, &["x@example.net", "y@example.com"], |_| {});
    world.carry().await;
    assert!(world.is_gone(id));
    assert_eq!(counts(&mx, &smart, &bulk), [1, 1, 1], "the first route that matches decides, for both");
    let unsigned = MESSAGE[usize::try_from(SKIP).unwrap()..].to_vec();
    assert_eq!((&smart.heard().messages[0], &bulk.heard().messages[0]), (&sent(), &unsigned), "`sign` of each relay");
}

#[tokio::test]
async fn i_20_credentials_go_to_their_own_relay() {
    let outbound = json!({
        "default": { "relay": "smart" },
        "routes": [
            { "recipients": ["example.com"], "via": { "relay": "bulk" } },
            { "recipients": ["x@example.net"], "via": "direct" }
        ]
    });
    let Network { mx, smart, bulk, setting } = network(outbound).await;
    let world = World::new(setting);
    world.send(&["x@example.net", "y@example.net", "z@example.com"]).await;
    assert_eq!(counts(&mx, &smart, &bulk), [1, 1, 1]);
    use base64::Engine;
    let plain = |user: &str| base64::engine::general_purpose::STANDARD.encode(format!("\0{user}\0{user}-secret"));
    let login =
        |peer: &Peer| -> Vec<String> { peer.heard().commands.iter().filter(|c| c.contains("AUTH")).cloned().collect() };
    assert!(login(&mx).is_empty());
    assert_eq!(login(&smart), [format!("*AUTH PLAIN {}", plain("us"))]);
    assert_eq!(login(&bulk), [format!("*AUTH PLAIN {}", plain("bulk"))]);
}

/// Each relay's certificate is judged by its own authority alone.
#[tokio::test]
async fn i_20_one_relay_cannot_pose_as_another() {
    let Network { smart, setting, .. } = network(json!({ "default": { "relay": "smart" } })).await;
    let mut setting = setting;
    let bulk = setting.authorities["bulk"].clone();
    setting.authorities.insert("smart".to_owned(), bulk);
    let world = World::new(setting);
    let id = world.send(&["x@example.net"]).await;
    let (_, reply) = world.waiting(id);
    assert!(reply.starts_with("451 4.7.5 smart.test: TLS failed"), "{reply}");
    assert!(!smart.heard().has("AUTH") && smart.heard().messages.is_empty());
}

#[tokio::test]
async fn a_fallback_takes_over_after_its_attempts() {
    let outbound = json!({
        "default": { "relay": "smart" },
        "default_fallback": { "via": "direct", "after_attempts": 2 }
    });
    let Network { mx, setting, .. } = network(outbound).await;
    let mut setting = setting;
    // Nobody listens there.
    setting.relays.get_mut("smart").unwrap().port = 1;
    let world = World::new(setting);
    let id = world.send(&["x@example.net"]).await;
    for attempts in [1, 2] {
        assert_eq!(world.waiting(id).0.attempts, attempts);
        assert_eq!(mx.heard().connections, 0, "not before the second failure");
        make_due(&world, id);
        world.carry().await;
    }
    assert!(world.is_gone(id));
    assert_eq!(mx.heard().messages.len(), 1);
}

#[tokio::test]
async fn a_route_to_no_relay_waits() {
    let world = World::new(Setting { outbound: json!({ "default": { "relay": "gone" } }), ..Setting::default() });
    let id = world.send(&["x@example.net"]).await;
    assert_eq!(world.waiting(id).1, "451 4.3.5 the relay gone is not known here");
}

#[tokio::test]
async fn a_relay_may_know_us_by_our_address() {
    let Network { smart, setting, .. } = network(json!({ "default": { "relay": "smart" } })).await;
    let mut setting = setting;
    setting.relays.get_mut("smart").unwrap().credentials = None;
    let world = World::new(setting);
    let id = world.send(&["x@example.net"]).await;
    assert!(world.is_gone(id));
    assert!(smart.heard().messages.len() == 1 && !smart.heard().has("AUTH"));
}

fn backup(next_hop: Value) -> Value {
    json!({ "backup": { "friend.test": { "next_hop": next_hop, "recipients": "any" } } })
}

#[tokio::test]
async fn rfc5321_5_1_a_backup_gives_mail_to_better_hosts_only() {
    let primary = Peer::start(ONE, 0, Script::default()).await;
    let mx = vec![(10, "primary.friend.test".to_owned()), (20, "mail.example.org".to_owned())];
    let zone = Zone {
        mx: HashMap::from([("friend.test".to_owned(), mx)]),
        addresses: HashMap::from([("primary.friend.test".to_owned(), ONE), ("mail.example.org".to_owned(), SMART)]),
    };
    let ours = Peer::start(SMART, primary.address.port(), Script::default()).await;
    let (port, relaying) = (primary.address.port(), backup(json!("mx")));
    let world = World::new(Setting { zone, port, relaying, ..Setting::default() });
    let from = ReversePath::Address("s@example.com".parse().unwrap());
    let id = world.queue(from.clone(), &["x@friend.test"], |_| {});
    world.carry().await;
    assert!(world.is_gone(id));
    assert_eq!((primary.heard().messages.len(), ours.heard().connections), (1, 0));
}

#[tokio::test]
async fn a_backup_gives_mail_to_the_named_primary_and_never_to_itself() {
    let primary = Peer::start(ONE, 0, Script::default()).await;
    let host = |name: &str| backup(json!({ "host": { "host": name, "port": primary.address.port() } }));
    let addresses = HashMap::from([("primary.friend.test".to_owned(), ONE)]);
    let zone = Zone { addresses, ..Zone::default() };
    let setting = |relaying| Setting { zone: zone.clone(), port: 1, relaying, ..Setting::default() };
    for name in ["primary.friend.test", "[127.0.0.1]"] {
        let world = World::new(setting(host(name)));
        let id = world.send(&["x@friend.test"]).await;
        assert!(world.is_gone(id), "{name}");
    }
    assert_eq!(primary.heard().messages.len(), 2);
    let own = json!({
        "smtp": { "protocol": "smtp", "port": primary.address.port(), "tls": "starttls", "sockets": [] }
    });
    for name in ["primary.friend.test", "[127.0.0.1]"] {
        let mut setting = setting(host(name));
        (setting.listeners, setting.host_addresses) = (own.clone(), json!(["127.0.0.1"]));
        let world = World::new(setting);
        let id = world.send(&["x@friend.test"]).await;
        let (_, reply) = world.waiting(id);
        assert!(
            reply.starts_with("451 4.4.4 mail for") && reply.ends_with("would come back to this server"),
            "{reply}"
        );
    }
    assert_eq!(primary.heard().messages.len(), 2);
    // A primary that cannot be found is the operator's mistake, not the sender's.
    let world = World::new(setting(host("nowhere.test")));
    let id = world.send(&["x@friend.test"]).await;
    world.waiting(id);
}

async fn tls_world(tls: Tls, outbound: Value, mx_authority: Option<String>) -> (Peer, World) {
    let peer = Peer::start(ONE, 0, Script { tls, ..Script::default() }).await;
    let setting =
        Setting { zone: zone(&[ONE]), port: peer.address.port(), outbound, mx_authority, ..Setting::default() };
    (peer, World::new(setting))
}

#[tokio::test]
async fn required_tls_takes_a_verified_certificate_and_nothing_less() {
    let policies = [json!({ "tls_policies": { "example.net": "required" } }), json!({ "tls": "required" })];
    for outbound in policies {
        let (config, authority) = certificate("mx1.example.net");
        let (peer, world) = tls_world(Tls::Starttls(config.clone()), outbound.clone(), Some(authority.clone())).await;
        let id = world.send(&["x@example.net"]).await;
        assert!(world.is_gone(id));
        assert_eq!(peer.heard().messages.len(), 1);

        let (other_name, other_authority) = certificate("impostor.test");
        for (tls, trusted, why) in [
            (Tls::Starttls(config.clone()), None, "no public authority vouches"),
            (Tls::Starttls(other_name), Some(other_authority), "another name"),
            (Tls::NotOffered, Some(authority.clone()), "stripped"),
            (Tls::Broken, Some(authority.clone()), "broken"),
        ] {
            let (peer, world) = tls_world(tls, outbound.clone(), trusted).await;
            let id = world.send(&["x@example.net"]).await;
            let (_, reply) = world.waiting(id);
            assert!(reply.starts_with("451 4.7."), "{why}: {reply}");
            assert!(!peer.heard().has("MAIL"), "{why}");
        }
    }
}

#[tokio::test]
async fn the_policy_none_is_clear_text() {
    let (config, _) = certificate("mx1.example.net");
    let outbound = json!({ "tls": "required", "tls_policies": { "example.net": "none" } });
    let (peer, world) = tls_world(Tls::Starttls(config), outbound, None).await;
    let id = world.send(&["x@example.net"]).await;
    assert!(world.is_gone(id));
    assert!(!peer.heard().has("STARTTLS"));
}

#[tokio::test]
async fn connections_begin_at_the_source_address() {
    let peer = Peer::start(ONE, 0, Script::default()).await;
    let source: IpAddr = "127.0.0.9".parse().unwrap();
    let sources = vec![source, "::1".parse().unwrap()];
    let world = World::new(Setting { zone: zone(&[ONE]), port: peer.address.port(), sources, ..Setting::default() });
    let id = world.send(&["x@example.net"]).await;
    assert!(world.is_gone(id));
    assert_eq!(peer.heard().sources, [source]);

    let sources = vec!["192.0.2.123".parse().unwrap()];
    let world = World::new(Setting { zone: zone(&[ONE]), port: peer.address.port(), sources, ..Setting::default() });
    let id = world.send(&["x@example.net"]).await;
    let (_, reply) = world.waiting(id);
    assert!(reply.contains("the source address 192.0.2.123 cannot be used"), "{reply}");
}

fn late(outbound: Value) -> World {
    World::new(Setting { zone: zone(&[ONE]), port: 1, outbound, ..Setting::default() })
}

#[tokio::test]
async fn rfc3464_2_3_3_the_sender_is_told_of_a_delay_once() {
    let world = late(json!({ "delay_notice_seconds": 3600 }));
    let hours = |n: u64| {
        move |new: &mut queue::NewMessage| {
            new.received = mailctl::ground::clock::Timestamp(new.received.0 - i64::try_from(n).unwrap() * 3_600_000);
        }
    };
    let early = world.queue(sender(), &["x@example.net"], hours(0));
    world.carry().await;
    assert!(world.inbox("a@example.org").is_empty(), "not yet");
    make_due(&world, early);

    let id = world.queue(sender(), &["x@example.net", "y@example.com"], hours(2));
    world.carry().await;
    let inbox = world.inbox("a@example.org");
    // `example.com` does not exist: a bounce for one, a notice for the other.
    assert_eq!(inbox.len(), 2);
    let texts: Vec<String> = inbox.iter().map(|bytes| String::from_utf8(bytes.clone()).unwrap()).collect();
    let notices: Vec<&String> = texts.iter().filter(|text| text.contains("Action: delayed")).collect();
    assert_eq!(notices.len(), 1);
    assert!(notices[0].contains("Final-Recipient: rfc822; x@example.net\r\nAction: delayed\r\nStatus: 4.4.2\r\n"));
    assert!(notices[0].contains("Will-Retry-Until: ") && !notices[0].contains("example.com"));
    for _ in 0..2 {
        make_due(&world, id);
        world.carry().await;
    }
    assert_eq!(world.inbox("a@example.org").len(), 2, "told once");
    let states: Vec<RecipientState> = world.recipients(id).iter().map(|r| r.state).collect();
    assert_eq!(states, [RecipientState::Waiting, RecipientState::Failed]);
}

#[tokio::test]
async fn nobody_hears_of_a_late_report_and_nobody_who_did_not_ask() {
    let two_hours_ago = |new: &mut queue::NewMessage| {
        new.received = mailctl::ground::clock::Timestamp(new.received.0 - 7_200_000);
    };
    let world = late(json!({ "delay_notice_seconds": 3600 }));
    world.queue(ReversePath::Null, &["x@example.net"], |new| {
        two_hours_ago(new);
        new.is_bounce = true;
    });
    world.carry().await;
    let silent = late(json!({}));
    silent.queue(sender(), &["x@example.net"], two_hours_ago);
    silent.carry().await;
    for world in [world, silent] {
        assert_eq!(world.queued().len(), 1);
        assert!(world.inbox("a@example.org").is_empty() && world.inbox("postmaster@example.org").is_empty());
    }
}
