//! Our IMAP grammar and imap-codec must read commands alike.
//!
//! imap-codec reads a command and writes it in its own spelling (other quoting, literals for strings, ranges as it
//! likes them). Ours must read both spellings as the same command. Where the two differ on purpose, the
//! tables below say who follows the RFC.

use imap_codec::CommandCodec;
use imap_codec::decode::Decoder;
use imap_codec::encode::Encoder;
use mailctl::protocol::imap::command::Command;
use mailctl::protocol::imap::parse;
use mailctl::protocol::imap::search::Key;
use mailctl::protocol::imap::sequence::{Bound, SequenceSet};
use proptest::prelude::*;

/// Read by both.
const COMMANDS: &[&str] = &[
    "CAPABILITY",
    "NOOP",
    "LOGOUT",
    "AUTHENTICATE PLAIN",
    "AUTHENTICATE PLAIN AGEAYg==",
    "AUTHENTICATE SCRAM-SHA-256-PLUS",
    "LOGIN bob secret",
    "LOGIN \"b \\\"o\\\\b\" \"pa ss\"",
    "LOGIN {3}\r\nbob {5}\r\na\r\nb\"",
    "LOGIN {3+}\r\nbob {0+}\r\n",
    "SELECT inBox",
    "SELECT \"Sent Items\"",
    "SELECT {4}\r\nSent",
    "SELECT Entw&APw-rfe",
    "EXAMINE a/b/c",
    "CREATE new",
    "DELETE old",
    "RENAME \"a b\" INBOX/x",
    "SUBSCRIBE x",
    "UNSUBSCRIBE x",
    "LIST \"\" *",
    "LIST \"\" \"%\"",
    "LIST a/ b%*c",
    "LIST \"\" \"\"",
    "LSUB \"\" %",
    "STATUS INBOX (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN)",
    "STATUS \"a b\" (UNSEEN)",
    "CHECK",
    "CLOSE",
    "UNSELECT",
    "EXPUNGE",
    "UID EXPUNGE 1:3,7,9:*",
    "IDLE",
    "ENABLE CONDSTORE",
    "GETQUOTA account",
    "GETQUOTA \"\"",
    "GETQUOTAROOT INBOX",
    "COPY 1,3:*,2 Trash",
    "UID COPY *:4 \"a b\"",
    "MOVE 1 x",
    "UID MOVE 1:3 x",
    "STORE 1 FLAGS (\\Seen \\Deleted $Junk)",
    "STORE 1:* +FLAGS.SILENT (\\Answered)",
    "UID STORE 5 -FLAGS (\\Flagged \\Draft keyword)",
    "STORE 1 FLAGS \\Seen $Junk",
    "STORE 1 FLAGS ()",
    "FETCH 1 FLAGS",
    "FETCH 1:* ALL",
    "FETCH 1 FULL",
    "FETCH 1 FAST",
    "UID FETCH 1:*,5 (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY BODYSTRUCTURE)",
    "FETCH 1 (RFC822 RFC822.HEADER RFC822.TEXT)",
    "FETCH 1 BODY[]",
    "FETCH 1 (BODY.PEEK[HEADER] BODY[TEXT]<0.100>)",
    "FETCH 1 BODY[1.2.3.MIME]",
    "FETCH 1 BODY.PEEK[4.HEADER]<5.6>",
    "FETCH 1 BODY.PEEK[HEADER.FIELDS (From \"To\" Subject)]",
    "FETCH 1 BODY[2.HEADER.FIELDS.NOT (Received)]",
    "SEARCH ALL",
    "SEARCH 1:3,* UID 7:9",
    "SEARCH UNSEEN FROM \"x y\" NOT SUBJECT {3}\r\nabc",
    "UID SEARCH CHARSET UTF-8 TEXT \"x\"",
    "SEARCH OR (SEEN ANSWERED) NOT (DELETED OR DRAFT FLAGGED)",
    "SEARCH BEFORE 1-Feb-1994 ON \"17-Jul-1996\" SINCE 24-Nov-2026",
    "SEARCH SENTBEFORE 1-Feb-1994 SENTON 2-Feb-1994 SENTSINCE 3-Feb-1994",
    "SEARCH LARGER 100 SMALLER 4294967295 KEYWORD $x UNKEYWORD y",
    "SEARCH HEADER X-Field \"\" BCC a CC b TO c BODY d",
    "SEARCH NEW OLD RECENT UNANSWERED UNDELETED UNDRAFT UNFLAGGED UNSEEN",
];

/// Refused by both.
const MALFORMED: &[&str] = &[
    "",
    " NOOP",
    "NOOP ",
    "NOOP x",
    "LOGIN bob",
    "LOGIN bob secret more",
    "LOGIN \"bob secret",
    "LOGIN \"b\\ob\" x",
    "SELECT",
    "SELECT a b",
    "LIST \"\"",
    "STATUS INBOX MESSAGES",
    "STATUS INBOX (BOGUS)",
    "FETCH FLAGS",
    "FETCH 0 FLAGS",
    "FETCH 1, FLAGS",
    "FETCH 1: FLAGS",
    "FETCH 4294967296 FLAGS",
    "FETCH 1 (FLAGS",
    "FETCH 1 BODY[MIME]",
    "FETCH 1 BODY[0]",
    "FETCH 1 BODY[]<1.0>",
    "FETCH 1 BODY[HEADER.FIELDS ()]",
    "STORE 1 FLAGS",
    "STORE 1 *FLAGS (\\Seen)",
    "SEARCH",
    "SEARCH NOT",
    "SEARCH (SEEN",
    "SEARCH BEFORE 1994-02-01",
    "SEARCH LARGER x",
    "UID NOOP",
    "COPY 1",
    "BOGUS",
];

/// Read by ours alone, because imap-codec does not know the form (RFC 5258, 5819, 6154).
const OURS_ALONE: &[&str] = &[
    "LIST (SUBSCRIBED) \"\" *",
    "LIST \"\" (INBOX Sent) RETURN (CHILDREN)",
    "LIST \"\" % RETURN (STATUS (MESSAGES))",
    "LIST (SPECIAL-USE) \"\" *",
    // Behind a feature of imap-codec.
    "STARTTLS",
];

/// Refused by ours alone.
const THEIRS_ALONE: &[&str] = &[
    // RFC 3501 §5.1.3: a printable character may not stand in base64.
    "SELECT &AGE-",
    // RFC 3501 §9 status: at least one item.
    "STATUS INBOX ()",
    // RFC 3501 §9 fetch: the same.
    "FETCH 1 ()",
    // Our own rule: no empty levels in a name.
    "CREATE a//b",
];

/// Sequence sets in one order, because imap-codec sorts them.
fn ours(line: &[u8]) -> Option<Command> {
    let mut command = parse::command(line).ok()?.command;
    match &mut command {
        Command::Copy { set, .. }
        | Command::Expunge { uids: Some(set) }
        | Command::Fetch { set, .. }
        | Command::Move { set, .. }
        | Command::Store { set, .. } => *set = in_order(set),
        Command::Search { key: Ok(key), .. } => order_key(key),
        _ => {}
    }
    Some(command)
}

fn in_order(set: &SequenceSet) -> SequenceSet {
    let ranges = set.resolve(u32::MAX);
    let bounds = ranges.ranges().iter().map(|r| (Bound::Number(*r.start()), Bound::Number(*r.end())));
    SequenceSet(bounds.collect())
}

fn order_key(key: &mut Key) {
    match key {
        Key::And(keys) => keys.iter_mut().for_each(order_key),
        Key::Not(key) => order_key(key),
        Key::Or(a, b) => {
            order_key(a);
            order_key(b);
        }
        Key::Sequence(set) | Key::UidSequence(set) => *set = in_order(set),
        _ => {}
    }
}

/// What imap-codec makes of a command, in its own spelling and without the last CRLF.
fn theirs(line: &[u8]) -> Option<Vec<u8>> {
    let whole = [line, b"\r\n"].concat();
    let codec = CommandCodec::default();
    let (rest, command) = codec.decode(&whole).ok()?;
    if !rest.is_empty() {
        return None;
    }
    let mut written = codec.encode(&command).dump();
    written.truncate(written.len().checked_sub(2)?);
    Some(written)
}

fn tagged(command: &str) -> Vec<u8> {
    format!("a {command}").into_bytes()
}

#[test]
fn both_read_the_same_commands_alike() {
    let mut wrong = Vec::new();
    for command in COMMANDS {
        let line = tagged(command);
        let respelled = theirs(&line);
        let (read, again) = (ours(&line), respelled.as_ref().and_then(|line| ours(line)));
        if read.is_none() || read != again {
            wrong.push(format!("{command:?}: {read:?}, as {respelled:?}: {again:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn both_refuse_what_is_malformed() {
    let read = |c: &&&str| ours(&tagged(c)).is_some() || theirs(&tagged(c)).is_some();
    let wrong: Vec<_> = MALFORMED.iter().filter(read).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn the_known_differences_are_still_there() {
    for command in OURS_ALONE {
        let line = tagged(command);
        assert!(ours(&line).is_some() && theirs(&line).is_none(), "{command:?}");
    }
    for command in THEIRS_ALONE {
        let line = tagged(command);
        assert!(ours(&line).is_none() && theirs(&line).is_some(), "{command:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Commands with an octet removed, changed, doubled: where both still read something, it is the same.
    #[test]
    fn mutated_commands_are_read_alike_or_refused(
        which in 0..COMMANDS.len(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..3u8, prop::sample::select(b" ()[]<>.*%:,{}\"\\aA1&-+=\r\n".to_vec())), 1..4),
    ) {
        let mut line = tagged(COMMANDS[which]);
        for (index, kind, octet) in edits {
            let at = index.index(line.len());
            match kind {
                0 if line.len() > 1 => { line.remove(at); }
                1 => line[at] = octet,
                _ => line.insert(at, octet),
            }
        }
        if let (Some(read), Some(respelled)) = (ours(&line), theirs(&line)) {
            prop_assert_eq!(Some(read), ours(&respelled), "{}", line.escape_ascii());
        }
    }
}
