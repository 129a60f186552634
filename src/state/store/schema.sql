-- The rows of the store, format 2. Message bytes are not here but in segment files.
-- Times are milliseconds since 1970; sizes are octets.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;

-- A segment file. `length` is the last committed octet: what follows it in the file was never
-- acknowledged. `contents` counts the living rows of `content`; a sealed segment with none is deleted.
CREATE TABLE segment (
    id       INTEGER PRIMARY KEY,
    length   INTEGER NOT NULL,
    contents INTEGER NOT NULL,
    sealed   INTEGER NOT NULL
);

-- The bytes of one message, stored once however many mailboxes and queue rows refer to them.
CREATE TABLE content (
    id             INTEGER PRIMARY KEY,
    segment        INTEGER NOT NULL,
    start          INTEGER NOT NULL,
    length         INTEGER NOT NULL,
    reference_count INTEGER NOT NULL CHECK (reference_count > 0)
);

CREATE TABLE account (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    address          TEXT NOT NULL UNIQUE,
    inbox            INTEGER NOT NULL,
    uidvalidity_next INTEGER NOT NULL,
    octets           INTEGER NOT NULL CHECK (octets >= 0),
    messages         INTEGER NOT NULL CHECK (messages >= 0)
);

-- AUTOINCREMENT: sessions hold the number of a mailbox, so a number is never given twice.
CREATE TABLE mailbox (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    account        INTEGER NOT NULL,
    name           TEXT NOT NULL,
    special_use    INTEGER,
    uidvalidity    INTEGER NOT NULL,
    uidnext        INTEGER NOT NULL,
    modseq         INTEGER NOT NULL,
    messages       INTEGER NOT NULL CHECK (messages >= 0),
    unseen         INTEGER NOT NULL CHECK (unseen >= 0),
    subscribed     INTEGER NOT NULL,
    vanished_floor INTEGER NOT NULL DEFAULT 0,
    UNIQUE (account, name)
);

CREATE TABLE message (
    mailbox       INTEGER NOT NULL,
    uid           INTEGER NOT NULL,
    content       INTEGER NOT NULL,
    system_flags  INTEGER NOT NULL,
    keywords      TEXT,
    modseq        INTEGER NOT NULL,
    internal_date INTEGER NOT NULL,
    octets        INTEGER NOT NULL,
    PRIMARY KEY (mailbox, uid)
) WITHOUT ROWID;

CREATE INDEX message_modseq ON message (mailbox, modseq);
CREATE INDEX message_deleted ON message (mailbox, uid) WHERE system_flags & 2;

-- RFC 7162 §3.2.7: what was expunged when, as ranges of UIDs.
CREATE TABLE vanished (
    mailbox INTEGER NOT NULL,
    modseq  INTEGER NOT NULL,
    first   INTEGER NOT NULL,
    last    INTEGER NOT NULL,
    PRIMARY KEY (mailbox, modseq, first)
) WITHOUT ROWID;

-- A message on its way to other servers. `prefix` is sent first, then the content without its first
-- `skip_octets`. `delay_noticed`: the sender has been told that it is late. Since format 2.
CREATE TABLE queue_message (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    content      INTEGER NOT NULL,
    octets       INTEGER NOT NULL,
    skip_octets  INTEGER NOT NULL,
    prefix       BLOB NOT NULL,
    reverse_path TEXT NOT NULL,
    eight_bit    INTEGER NOT NULL,
    smtputf8     INTEGER NOT NULL,
    received     INTEGER NOT NULL,
    expires      INTEGER NOT NULL,
    is_bounce    INTEGER NOT NULL,
    delay_noticed INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE queue_recipient (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    message      INTEGER NOT NULL,
    forward_path TEXT NOT NULL,
    state        INTEGER NOT NULL,
    attempts     INTEGER NOT NULL,
    next_attempt INTEGER NOT NULL,
    last_reply   TEXT
);

CREATE INDEX queue_recipient_message ON queue_recipient (message);
CREATE INDEX queue_recipient_due ON queue_recipient (next_attempt) WHERE state = 0;
