use serde_json::{Value, json};

use super::*;
use crate::plan::example;

/// `full` with one thing edited.
fn edited(edit: impl FnOnce(&mut Value)) -> Plan {
    let mut value = serde_json::to_value(example::full()).unwrap();
    edit(&mut value);
    serde_json::from_value(value).unwrap()
}

fn seen(changes: &[Change]) -> Vec<(Section, &str, Action, Effect)> {
    changes.iter().map(|c| (c.section, c.key.as_str(), c.action, c.effect)).collect()
}

#[test]
fn closing_imap_and_opening_submission_is_two_lines_and_what_follows_in_the_firewall() {
    let after = edited(|v| {
        v["listeners"].as_object_mut().unwrap().remove("imap");
        v["listeners"]["submission"] =
            json!({ "protocol": "submission", "port": 587, "tls": "starttls-required", "sockets": ["0.0.0.0:587"] });
        v["firewall"].as_array_mut().unwrap().retain(|rule| rule["port"] != 143);
        let rule = json!({ "port": 587, "listener": "submission", "family": "ipv4", "addresses": [] });
        v["firewall"].as_array_mut().unwrap().push(rule);
    });
    let changes = diff(Some(&example::full()), &after);
    assert_eq!(
        seen(&changes),
        [
            (Section::Listeners, "imap", Action::Remove, Effect::Hot),
            (Section::Listeners, "submission", Action::Add, Effect::Hot),
            (Section::Firewall, "tcp/143 IPv4 imap", Action::Remove, Effect::External),
            (Section::Firewall, "tcp/143 IPv6 imap", Action::Remove, Effect::External),
            (Section::Firewall, "tcp/587 IPv4 submission", Action::Add, Effect::External),
        ]
    );
}

#[test]
fn the_compiler_and_the_source_are_no_changes() {
    let after = edited(|v| {
        v["compiler"] = json!("mailctl 9.9.9");
        v["source_digest"] = json!("sha256:11");
    });
    assert_eq!(diff(Some(&example::full()), &after), []);
}

#[test]
fn everything_is_added_to_nothing() {
    let changes = diff(None, &example::full());
    assert!(changes.iter().all(|c| c.action == Action::Add && c.before.is_none() && c.effect <= Effect::Hot));
    assert!(changes.len() > 40);
}

/// Every leaf of the document but the compiler's and the source's is seen when it changes.
#[test]
fn no_leaf_changes_unseen() {
    let original = serde_json::to_value(example::full()).unwrap();
    let mut leaves = Vec::new();
    collect(&original, String::new(), &mut leaves);
    let mut looked_at = 0;
    for pointer in leaves {
        if ["/format", "/compiler", "/source_digest"].contains(&pointer.as_str()) {
            continue;
        }
        let mut value = original.clone();
        let leaf = value.pointer_mut(&pointer).unwrap();
        *leaf = match leaf.clone() {
            Value::Number(n) => json!(n.as_u64().unwrap() + 1),
            Value::Bool(set) => json!(!set),
            Value::String(text) => json!(other(&text)),
            leaf => leaf,
        };
        // A DKIM record made at activation says no more than its name, which is looked at on its own.
        if pointer.ends_with("/dkim_generated/domain")
            || pointer.ends_with("/dkim_generated/selector")
            || pointer.ends_with("/zone")
        {
            continue;
        }
        let Ok(after) = serde_json::from_value::<Plan>(value) else { continue };
        looked_at += 1;
        assert_ne!(diff(Some(&example::full()), &after), [], "{pointer} changed and no line shows it");
    }
    assert!(looked_at >= 140, "only {looked_at} leaves looked at");
}

fn collect(value: &Value, at: String, leaves: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().enumerate().for_each(|(n, v)| collect(v, format!("{at}/{n}"), leaves)),
        Value::Object(members) => {
            members
                .iter()
                .for_each(|(k, v)| collect(v, format!("{at}/{}", k.replace('~', "~0").replace('/', "~1")), leaves));
        }
        _ => leaves.push(at),
    }
}

/// Another text that is still valid in most places.
fn other(text: &str) -> String {
    for (a, b) in
        [("production", "lab"), ("text", "json"), ("info", "warn"), ("implicit", "none"), ("starttls", "implicit")]
            .into_iter()
            .chain([("1.2", "1.3"), ("ipv4", "ipv6"), ("192.0.2.10", "192.0.2.11"), ("2001:db8::10", "2001:db8::11")])
            .chain([
                ("rsa-sha256", "ed25519-sha256"),
                ("imap", "pop3"),
                ("intermediate", "modern"),
                ("opportunistic", "required"),
                ("required", "none"),
                ("full", "send-only"),
                ("10.0.0.0/8", "10.0.0.0/9"),
                ("2001:db8:5::/48", "2001:db8:6::/48"),
                ("10.1.0.0/16", "10.2.0.0/16"),
                ("direct", "nowhere"),
                ("mx", "nowhere"),
                ("any", "nobody"),
                ("0.0.0.0:", "127.0.0.2:"),
                ("[::]:", "[::1]:"),
            ])
    {
        if text == a || (a.ends_with(':') && text.starts_with(a)) {
            return text.replace(a, b);
        }
    }
    format!("x{text}")
}

#[test]
fn a_new_password_hash_shows_and_is_not_shown() {
    let after = edited(|v| v["accounts"]["\"a b\"@example.org"]["password"] = json!({ "hash": "$6$other$0987" }));
    let changes = diff(Some(&example::full()), &after);
    assert_eq!(seen(&changes), [(Section::Accounts, "\"a b\"@example.org", Action::Change, Effect::Reconnect)]);
    assert!(!format!("{changes:?}").contains("$6$"));
}

#[test]
fn what_needs_a_restart_says_so() {
    let after = edited(|v| v["storage"]["embedded"]["path"] = json!("/srv/other"));
    let changes = diff(Some(&example::full()), &after);
    assert_eq!(seen(&changes), [(Section::Storage, "embedded", Action::Change, Effect::Restart)]);
    assert_eq!(changes[0].before.as_deref(), Some("/srv/mail"));
}

#[test]
fn routes_are_hot_and_what_known_peers_may_do_is_for_new_connections() {
    let after = edited(|v| {
        v["outbound"]["routes"].as_array_mut().unwrap().swap(0, 1);
        v["outbound"]["relays"]["newsletter"]["sign"] = json!(true);
        v["relaying"]["accept_from"] = json!(["10.1.0.0/16", "10.2.0.0/16"]);
        v["relaying"]["backup"]["new.example"] = json!({ "next_hop": "mx", "recipients": "any" });
        v["host"]["proxy_trusted"] = json!([]);
        v["host"]["role"] = json!("receive-only");
        v["tls"]["session_tickets"] = json!(true);
        v["listeners"]["smtp"]["proxy_protocol"] = json!(true);
    });
    assert_eq!(
        seen(&diff(Some(&example::full()), &after)),
        [
            (Section::Host, "proxy_trusted", Action::Remove, Effect::Reconnect),
            (Section::Host, "role", Action::Change, Effect::Reconnect),
            (Section::Listeners, "smtp", Action::Change, Effect::Reconnect),
            (Section::Tls, "session_tickets", Action::Change, Effect::Reconnect),
            (Section::Outbound, "relay newsletter", Action::Change, Effect::Hot),
            (Section::Outbound, "route 001", Action::Change, Effect::Hot),
            (Section::Outbound, "route 002", Action::Change, Effect::Hot),
            (Section::Relaying, "accept_from", Action::Change, Effect::Reconnect),
            (Section::Relaying, "backup MX of new.example", Action::Add, Effect::Reconnect),
        ]
    );
}
