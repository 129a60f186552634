//! LIST and LSUB (RFC 3501 §6.3.8, §6.3.9; RFC 5258; RFC 5819; RFC 6154).

use std::collections::BTreeMap;

use super::{Out, ServerSession, Waiting};
use crate::protocol::imap::command::{List, SEPARATOR, canonical_inbox};
use crate::protocol::imap::encode;
use crate::protocol::imap::ext::{children, list_status, special_use};
use crate::protocol::imap::question::{Answer, Ask, Listed};

/// A name to list: a mailbox, or `None` for a level that is only the parent of some.
type Names = BTreeMap<String, Option<Listed>>;

impl ServerSession {
    pub(super) fn list(&mut self, tag: String, mut list: List, out: &mut Out) {
        if !list.extended && list.patterns.iter().all(String::is_empty) {
            // RFC 3501 §6.3.8: what is the separator?
            out.wire.push(b"* LIST (\\Noselect) \"/\" \"\"\r\n");
            return self.ok(&tag, "LIST completed", out);
        }
        for pattern in &mut list.patterns {
            *pattern = canonical_inbox(&format!("{}{pattern}", list.reference));
        }
        self.ask(Ask::Mailboxes, Waiting::List { tag, list }, out);
    }

    pub(super) fn listed(&mut self, tag: &str, list: &List, answer: Answer, out: &mut Out) {
        match answer {
            Answer::Mailboxes(mailboxes) => {
                write_list(&mut out.wire.bytes, &with_parents(mailboxes), list);
                self.ok(tag, "LIST completed", out);
            }
            Answer::No(refusal) => self.refuse(tag, &refusal, out),
            _ => self.misanswered(out),
        }
    }

    pub(super) fn lsub(&mut self, tag: String, reference: &str, pattern: &str, out: &mut Out) {
        let pattern = canonical_inbox(&format!("{reference}{pattern}"));
        self.ask(Ask::Mailboxes, Waiting::Lsub { tag, pattern }, out);
    }

    /// RFC 3501 §6.3.9: a level whose children are subscribed shows as `\Noselect`, where `%` asks for it.
    pub(super) fn lsub_listed(&mut self, tag: &str, pattern: &str, answer: Answer, out: &mut Out) {
        let subscribed = match answer {
            Answer::Mailboxes(all) => all.into_iter().filter(|mailbox| mailbox.subscribed).collect(),
            Answer::No(refusal) => return self.refuse(tag, &refusal, out),
            _ => return self.misanswered(out),
        };
        for (name, mailbox) in with_parents(subscribed) {
            if (mailbox.is_some() || pattern.contains('%')) && matches(pattern, &name) {
                let attribute = if mailbox.is_some() { "" } else { "\\Noselect" };
                out.wire.push(format!("* LSUB ({attribute}) \"/\" ").as_bytes());
                encode::mailbox(&mut out.wire.bytes, &name);
                out.wire.push(b"\r\n");
            }
        }
        self.ok(tag, "LSUB completed", out);
    }
}

fn with_parents(mailboxes: Vec<Listed>) -> Names {
    let mut names: Names = mailboxes.into_iter().map(|m| (m.name.clone(), Some(m))).collect();
    let missing: Vec<String> = names
        .keys()
        .flat_map(|name| name.match_indices(SEPARATOR).map(|(at, _)| name[..at].to_owned()))
        .filter(|parent| !names.contains_key(parent))
        .collect();
    names.extend(missing.into_iter().map(|parent| (parent, None)));
    names
}

/// The names below `name`.
fn descendants<'a>(names: &'a Names, name: &str) -> impl Iterator<Item = (&'a String, &'a Option<Listed>)> {
    let prefix = format!("{name}{SEPARATOR}");
    names.range(prefix.clone()..).take_while(move |(below, _)| below.starts_with(&prefix))
}

fn write_list(out: &mut Vec<u8>, names: &Names, list: &List) {
    let wanted = |mailbox: &Option<Listed>| {
        let selection = list.selection;
        match mailbox {
            None => !selection.subscribed && !selection.special_use,
            Some(m) => (!selection.subscribed || m.subscribed) && (!selection.special_use || m.special_use.is_some()),
        }
    };
    let named = |name: &str| list.patterns.iter().any(|pattern| matches(pattern, name));
    for (name, mailbox) in names {
        if !named(name) {
            continue;
        }
        // RFC 5258 §3.5: a name that is not itself wanted, for the sake of one below that is not shown.
        let for_child = list.selection.recursive_match
            && descendants(names, name).any(|(below, mailbox)| wanted(mailbox) && !named(below));
        if !wanted(mailbox) && !for_child {
            continue;
        }
        write_line(out, names, name, mailbox.as_ref(), list, for_child);
        if let Some(mailbox) = mailbox
            && !list.returning.status.is_empty()
        {
            list_status::write(out, mailbox, &list.returning.status);
        }
    }
}

fn write_line(out: &mut Vec<u8>, names: &Names, name: &str, mailbox: Option<&Listed>, list: &List, childinfo: bool) {
    let mut attributes = Vec::new();
    if mailbox.is_none() {
        // RFC 5258 §3: \NonExistent implies \Noselect; older clients know only the latter.
        attributes.extend(["\\NonExistent", "\\Noselect"]);
    }
    attributes.push(children::attribute(descendants(names, name).next().is_some()));
    attributes.extend(special_use::attribute(mailbox.and_then(|m| m.special_use)));
    let tell_subscribed = list.selection.subscribed || list.returning.subscribed;
    if tell_subscribed && mailbox.is_some_and(|m| m.subscribed) {
        attributes.push("\\Subscribed");
    }
    out.extend_from_slice(format!("* LIST ({}) \"/\" ", attributes.join(" ")).as_bytes());
    encode::mailbox(out, name);
    if childinfo {
        let option = if list.selection.subscribed { "SUBSCRIBED" } else { "SPECIAL-USE" };
        out.extend_from_slice(format!(" (\"CHILDINFO\" (\"{option}\"))").as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}

/// RFC 3501 §6.3.8: `*` is anything, `%` anything within a level. Takes at most pattern times name steps.
fn matches(pattern: &str, name: &str) -> bool {
    let pattern = pattern.as_bytes();
    // Which prefixes of the pattern match the part of the name read so far.
    let mut reached = vec![false; pattern.len() + 1];
    let skip_wildcards = |reached: &mut Vec<bool>| {
        for at in 0..pattern.len() {
            if reached[at] && matches!(pattern[at], b'*' | b'%') {
                reached[at + 1] = true;
            }
        }
    };
    reached[0] = true;
    skip_wildcards(&mut reached);
    for byte in name.bytes() {
        let mut next = vec![false; pattern.len() + 1];
        for (at, wanted) in pattern.iter().enumerate().filter(|(at, _)| reached[*at]) {
            match wanted {
                b'*' => next[at] = true,
                b'%' => next[at] = byte != SEPARATOR as u8,
                wanted => next[at + 1] |= *wanted == byte,
            }
        }
        skip_wildcards(&mut next);
        reached = next;
    }
    reached[pattern.len()]
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn rfc3501_6_3_8_wildcards() {
        for (pattern, name, expected) in [
            ("*", "a/b", true),
            ("%", "a", true),
            ("%", "a/b", false),
            ("%/%", "a/b", true),
            ("a/*", "a", false),
            ("a*", "a/b/c", true),
            ("a/%", "a/b/c", false),
            ("a%c", "abc", true),
            ("a*%", "a", true),
            ("INBOX", "INBOX", true),
            ("INBOX", "INBOX2", false),
            ("", "", true),
            ("%b*", "ab/c", true),
            ("ü%", "über", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
