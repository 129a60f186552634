//! Every bound of the system in one place: its unit in the name, its source in the comment.
//!
//! What a stranger can make longer, more or deeper has its limit here. The plan carries the limits
//! that an operator may set; these are the ones that the program is built on.

/// A secret file is a password or a key, never a disk image.
pub const SECRET_OCTETS_MAX: usize = 64 * 1024;

// ── SMTP ────────────────────────────────────────────────────────────────────────────────────────

/// RFC 5321 §4.5.3.1.4 asks for 512 octets; RFC 4954 §4 raises it to 12288 for AUTH, which is the
/// largest any extension of ours needs.
pub const SMTP_COMMAND_OCTETS_MAX: usize = 12_288;
/// RFC 5321 §4.5.3.1.6 sets 1000 octets; real senders exceed it and RFC 5321 §4.5.3.1 asks for leniency.
/// Text lines are streamed, so only header parsing cares.
pub const SMTP_TEXT_LINE_OCTETS_MAX: usize = 1024 * 1024;
/// RFC 5321 §4.5.3.1.1: of an address that we give to somebody.
pub const LOCAL_PART_OCTETS_MAX: usize = 64;
/// Of any address. RFC 5321 §4.5.3.1 asks to accept more than the least; senders that hold an address of
/// somebody else (VERP, SRS) need it. With `@` and a short domain it still is a path of RFC 5321 §4.5.3.1.3.
pub const LOCAL_PART_OCTETS_ACCEPTED_MAX: usize = 200;
/// RFC 5321 §4.5.3.1.3: a path, without its angle brackets.
pub const PATH_OCTETS_MAX: usize = 254;
/// RFC 5321 §4.5.3.1.2.
pub const DOMAIN_OCTETS_MAX: usize = 255;
/// RFC 5321 §4.5.3.1.5: a reply line, CRLF included.
pub const SMTP_REPLY_LINE_OCTETS_MAX: usize = 512;
/// A server's reply to our client, all lines together; more is hostile.
pub const SMTP_REPLY_OCTETS_MAX: usize = 64 * 1024;
/// Commands that achieve nothing (NOOP, RSET, unknown) before we hang up.
pub const SMTP_IDLE_COMMANDS_MAX: u32 = 100;
/// Failed commands before we hang up.
pub const SMTP_ERRORS_MAX: u32 = 20;
/// Received fields before a message counts as looping. RFC 5321 §6.3 asks for at least 100.
pub const RECEIVED_FIELDS_MAX: usize = 100;

// ── Sessions ────────────────────────────────────────────────────────────────────────────────────

/// What one connection may hold in memory, all buffers together.
pub const CONNECTION_OCTETS_MAX: usize = 1024 * 1024;
/// Bytes read from a socket in one go, and the most that waits unparsed.
pub const READ_BUFFER_OCTETS: usize = 64 * 1024;
/// Bytes waiting to be written before the session is made to wait.
pub const WRITE_BUFFER_OCTETS: usize = 64 * 1024;
/// A message up to this size waits in memory for the writer; a longer one streams to a segment of its own.
pub const STAGING_MEMORY_OCTETS: usize = 256 * 1024;
/// The header of a message that is coming in, held back until trace fields can be put above it. Postfix'
/// default is 100 KiB; some mailing lists need more. Staging holds nothing meanwhile.
pub const HEADER_OCTETS_MAX: usize = 192 * 1024;
/// Failed logins in one session before we hang up.
pub const AUTH_FAILURES_MAX: u32 = 3;
/// Passwords of one account besides its main one. A wrong password costs as many hashes as the account with
/// most one-way hashes has, so that time tells nothing; eleven take a quarter of a second.
pub const APP_PASSWORDS_MAX: usize = 10;
/// Sources whose failed logins are counted; beyond, the oldest is forgotten. About 10 MB.
pub const LOGIN_SOURCES_MAX: usize = 100_000;
/// Accounts whose submissions are counted; beyond, those that sent nothing for an hour are forgotten.
pub const PACED_ACCOUNTS_MAX: usize = 100_000;
/// One SASL line, base64 included (RFC 4954 §4).
pub const SASL_LINE_OCTETS_MAX: usize = 12_288;

/// HAProxy, "The PROXY protocol" §2.1: the longest line of version 1, CRLF included.
pub const PROXY_V1_OCTETS_MAX: usize = 107;
/// A header of version 2. Its length field allows 65551; addresses take 52, and the TLVs that proxies of
/// today add (a client certificate's subject, a unique id) a few hundred.
pub const PROXY_V2_OCTETS_MAX: usize = 4 * 1024;
/// Milliseconds for a whole PROXY header. §2 of the same asks for at least 3 seconds.
pub const PROXY_HEADER_MILLIS: u64 = 5_000;

// ── IMAP, POP3 ──────────────────────────────────────────────────────────────────────────────────

/// A command line without its literals (RFC 7162 §4 asks for 8192).
pub const IMAP_LINE_OCTETS_MAX: usize = 64 * 1024;
/// All short literals of one command together. A message in APPEND is streamed and does not count.
pub const IMAP_LITERALS_OCTETS_MAX: usize = 64 * 1024;
/// Nesting of lists and search keys.
pub const IMAP_NESTING_MAX: usize = 50;
/// A mailbox name, in octets of UTF-8.
pub const MAILBOX_NAME_OCTETS_MAX: usize = 255;
/// Mailboxes of one account.
pub const MAILBOXES_MAX: usize = 5_000;
/// Keywords on one message.
pub const KEYWORDS_MAX: usize = 64;
/// Messages that one POP3 session shows, the newest: what it holds of them and the answer to UIDL stay
/// within [`CONNECTION_OCTETS_MAX`].
pub const POP3_MESSAGES_MAX: usize = 10_000;
/// Commands that failed as such before a POP3 session is hung up.
pub const POP3_ERRORS_MAX: u32 = 20;
/// RFC 2449 §4: a command line is at most 255 octets; SASL-IR needs more.
pub const POP3_LINE_OCTETS_MAX: usize = SASL_LINE_OCTETS_MAX;
/// Commands that failed as such (BAD) before we hang up.
pub const IMAP_ERRORS_MAX: u32 = 20;
/// Different data items of one FETCH.
pub const IMAP_FETCH_ITEMS_MAX: usize = 64;
/// Header bytes kept of one message, all parts together; BODYSTRUCTURE and ENVELOPE see no more.
pub const MIME_HEADER_OCTETS_MAX: usize = 256 * 1024;
/// RFC 2046 §5.1.1 sets 70; longer ones are seen.
pub const MIME_BOUNDARY_OCTETS_MAX: usize = 200;
/// MIME parts that BODYSTRUCTURE walks, and how deep.
pub const MIME_PARTS_MAX: usize = 10_000;
pub const MIME_DEPTH_MAX: usize = 100;

// ── The language ────────────────────────────────────────────────────────────────────────────────

/// A configuration file. 100,000 accounts take 15 MB with hashes, quotas and aliases; twice that is room enough.
pub const YAML_OCTETS_MAX: usize = 32 * 1024 * 1024;
/// Keys and values in it, each about 100 octets of memory. 100,000 accounts have 1.2 million.
pub const YAML_NODES_MAX: usize = 2_500_000;
/// Nesting of maps and lists in it.
pub const YAML_DEPTH_MAX: usize = 64;
/// Nodes that aliases may add: stops the "billion laughs".
pub const YAML_ALIAS_NODES_MAX: usize = 100_000;
/// Files that one configuration includes; one for each account of a large company.
pub const INCLUDED_FILES_MAX: usize = 10_000;
/// All included files together.
pub const INCLUDED_OCTETS_MAX: usize = YAML_OCTETS_MAX;
/// Names in folders that the globs of one configuration look at: `*/../*/..` would look for ever.
pub const INCLUDE_NAMES_MAX: usize = 100_000;
/// Rounds of `check --fix`: one mistake hides another, seldom more than two.
pub const MEND_ROUNDS_MAX: usize = 10;
/// Diagnostics reported in one run; the rest are counted.
pub const DIAGNOSTICS_MAX: usize = 1_000;
/// Pairs of a sender and a recipient pattern that are compared to find routes that never match, in the whole file.
/// Each costs about 3 µs; routes beyond are not judged.
pub const ROUTE_PAIRS_MAX: usize = 100_000;
/// Questions that one look at DNS asks; a file may name a thousand domains with several records each.
pub const OBSERVATIONS_MAX: usize = 20_000;
/// Lines between two places of a finding that still share one excerpt; a place with more lines is shown by its first.
pub const EXCERPT_LINES_MAX: usize = 100;
/// One excerpt; longer lines are named and not quoted.
pub const EXCERPT_OCTETS_MAX: usize = 16 * 1024;
/// Results in one SARIF log: GitHub shows so many and refuses more than 25,000.
pub const SARIF_RESULTS_MAX: usize = 5_000;
/// A report in Markdown. GitHub refuses comments of more than 65,536 characters.
pub const MARKDOWN_OCTETS_MAX: usize = 60_000;
/// Files and folders that `check --watch` looks at: about 10 ms of each second.
pub const WATCHED_FILES_MAX: usize = 2_000;
/// Time between two looks of `check --watch`, in milliseconds: below what a person waits for.
pub const WATCH_INTERVAL_MILLISECONDS: u64 = 250;
/// Questions of one look at DNS that wait for their answers at once: what a small resolver takes.
pub const OBSERVATIONS_AT_ONCE: usize = 32;
/// One look at DNS, in seconds. A thousand domains take a few; what is not known by then is not known.
pub const OBSERVATION_SECONDS_MAX: u64 = 60;
/// Findings that the reader, or one rule, makes of one file; whoever has more corrects these first. Each takes about
/// half a kilobyte.
pub const FINDINGS_MAX: usize = 20_000;
/// Names that one rule compares to say "did you mean": a second's work. Then it says only what is wrong.
pub const GUESSES_MAX: usize = 300_000;

// ── Names of ours ───────────────────────────────────────────────────────────────────────────────

/// Records in one UPDATE: a DNS message over TCP has at most 65535 octets, and a signature is to fit too.
pub const DNS_UPDATE_OCTETS_MAX: usize = 60_000;

// ── Delivery ────────────────────────────────────────────────────────────────────────────────────

/// Members that one alias may expand to (rules.md ACC-009).
pub const ALIAS_EXPANSION_MAX: usize = 100;
/// Delivered-To fields of one message that are looked at for loops; RFC 5321 §6.3's bound ends the others.
pub const DELIVERED_TO_FIELDS_MAX: usize = RECEIVED_FIELDS_MAX;
/// A rewritten sender takes bounces for so long. Longer than any queue keeps a message (RFC 5321 §4.5.4.1:
/// 4 to 5 days), and what libsrs2 and postsrsd take.
pub const SRS_DAYS_MAX: u16 = 21;
/// A key for rewriting senders, in octets: HMAC-SHA-256 gains nothing from more than 32, and fewer than 16
/// could be guessed (RFC 2104 §3).
pub const SRS_KEY_OCTETS_MIN: usize = 16;
/// Members that aliases take over from other aliases, all together: they would multiply a small file into a plan of
/// gigabytes. Ten for each of 100,000 accounts.
pub const ALIAS_MEMBERS_MAX: usize = 1_000_000;
/// MX hosts tried for one domain in one attempt. RFC 5321 §5.1 asks for at least two addresses.
pub const MX_HOSTS_MAX: usize = 10;
/// Attempts running at once.
pub const DELIVERIES_CONCURRENT_MAX: usize = 64;

// ── The store ───────────────────────────────────────────────────────────────────────────────────

/// Jobs that one commit takes together. Measured: beyond about 170 nothing is gained.
pub const STORE_BATCH_JOBS_MAX: usize = 256;
/// Jobs that wait for the writer; more are refused as busy. Above the number of connections.
pub const STORE_WAITING_JOBS_MAX: usize = 16_384;
/// Connections that read rows at the same time; more readers wait their turn.
pub const STORE_READERS_MAX: usize = 8;
/// Messages that one job should change, so that deliveries can go between.
pub const STORE_BATCH_MESSAGES_MAX: usize = 1_000;
/// Retention looks at the mailboxes so often, in seconds; periods are days.
pub const RETENTION_SWEEP_SECONDS: u64 = 60 * 60;
/// Mailboxes that retention reads from the store in one go.
pub const RETENTION_MAILBOXES_MAX: usize = 1_000;
/// A segment file takes no more bodies beyond this.
pub const SEGMENT_OCTETS: u64 = 64 * 1024 * 1024;
/// Disk space is reserved for a segment in such steps, so that most syncs write no metadata.
pub const SEGMENT_RESERVE_OCTETS: u64 = 8 * 1024 * 1024;
/// Segment files kept open for reading.
pub const SEGMENT_FILES_OPEN_MAX: usize = 64;
/// Expunges are remembered for this many changes of their mailbox (RFC 7162 §3.2 lets servers forget).
pub const VANISHED_MODSEQS_KEPT: u64 = 10_000;
/// One keyword (RFC 9051 sets no limit).
pub const KEYWORD_OCTETS_MAX: usize = 128;
/// Recipients of one queued message. RFC 5321 §4.5.3.1.8 asks for at least 100.
pub const QUEUE_RECIPIENTS_MAX: usize = 10_000;
/// A remote server's reply as the queue keeps it.
pub const QUEUE_REPLY_CHARACTERS_MAX: usize = 1_000;

/// ACME challenges of one kind that are open at once. An order holds one for each name of a certificate, and RFC
/// 8555 sets no bound; Let's Encrypt takes 100 names.
pub const ACME_CHALLENGES_MAX: usize = 128;
/// A response of an ACME authority. A chain is the longest and has some 10 kB.
pub const ACME_RESPONSE_OCTETS_MAX: usize = 1024 * 1024;
/// A PEM file of a certificate or its key. A chain of ten RSA certificates has about 20 kB.
pub const CERTIFICATE_FILE_OCTETS_MAX: usize = 256 * 1024;
/// Certificates are looked after so often, in seconds.
pub const CERTIFICATE_LOOK_SECONDS: u64 = 60;

// ── Web ─────────────────────────────────────────────────────────────────────────────────────────

/// Request line and header fields of a request together. What browsers send fits in 8 KiB.
pub const WEB_HEADER_OCTETS_MAX: usize = 16 * 1024;
/// Header fields of a request.
pub const WEB_HEADER_FIELDS_MAX: usize = 64;
/// The body of an autodiscover request; real ones have a few hundred octets.
pub const WEB_BODY_OCTETS_MAX: usize = 16 * 1024;
/// Milliseconds for the TLS handshake.
pub const WEB_HANDSHAKE_MILLIS: u64 = 10_000;
/// Milliseconds from the end of the last request, or the start of the connection, to the end of the next header.
pub const WEB_HEADER_MILLIS: u64 = 10_000;
/// Milliseconds for the body of a request and our answer to it.
pub const WEB_REQUEST_MILLIS: u64 = 10_000;
/// Milliseconds without a new request, after which a connection is closed.
pub const WEB_IDLE_MILLIS: u64 = 20_000;
/// Milliseconds that a connection may last; a client that wants more opens another.
pub const WEB_CONNECTION_MILLIS: u64 = 120_000;
/// Milliseconds between the polite end of a connection and the other.
pub const WEB_FAREWELL_MILLIS: u64 = 2_000;
/// Requests of one connection.
pub const WEB_REQUESTS_MAX: u32 = 100;
/// Streams of one HTTP/2 connection at once. Nobody needs more than two of our documents.
pub const WEB_STREAMS_MAX: u32 = 16;
/// Streams that a peer has reset and we have not yet looked at (CVE-2023-44487): beyond, the connection ends.
pub const WEB_STREAM_RESETS_MAX: usize = 32;
/// Streams that we reset because of a peer's errors (CVE-2025-8671): beyond, the connection ends. Those count too that a
/// client opens beyond `WEB_STREAMS_MAX` before it has heard of it; RFC 9113 §6.5.2 has it expect 100.
pub const WEB_STREAM_ERRORS_MAX: usize = 128;
/// What an HTTP/2 peer may send of one body before we have read it.
pub const WEB_STREAM_WINDOW_OCTETS: u32 = 16 * 1024;
/// The same of all bodies of a connection; RFC 9113 §6.9.2 begins with as much.
pub const WEB_CONNECTION_WINDOW_OCTETS: u32 = 65_535;
/// Our answers that wait for one HTTP/2 stream.
pub const WEB_SEND_OCTETS_MAX: usize = 32 * 1024;
/// Connections at once that ask for the figures; a server has one or two that collect them.
pub const FIGURES_CONNECTIONS_MAX: usize = 8;
/// Milliseconds for a request for the figures and its answer, after which the connection is closed.
pub const FIGURES_MILLIS: u64 = 10_000;
/// Seconds between two looks for drift, for the figures; a look asks every name server of every zone.
pub const DRIFT_LOOK_SECONDS: u64 = 300;
/// The same under `profile: lab`.
pub const DRIFT_LOOK_LAB_SECONDS: u64 = 5;
/// Milliseconds for which one look at our own health is good.
pub const HEALTH_LOOK_MILLIS: u64 = 2_000;
/// Milliseconds that the store may take for a look at it.
pub const HEALTH_PATIENCE_MILLIS: u64 = 5_000;

/// Addresses of one family in the kernel's abuse set; the rendered set has this size.
pub const ABUSE_SET_MAX: usize = 65_536;
/// Bans that wait to be told to the kernel. It takes a few milliseconds for a whole batch.
pub const ABUSE_QUEUE_MAX: usize = 1_024;
/// Bans that are told in one transaction.
pub const ABUSE_BATCH_MAX: usize = 256;
/// What a program of the packet filter may print: a full abuse set in JSON has about 100 octets an address.
pub const FILTER_OUTPUT_OCTETS_MAX: u64 = 16 * 1024 * 1024;
/// How long such a program may take. `iptables -w` waits for others that hold the lock.
pub const FILTER_PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// Former versions of one record set or policy that somebody may still remember. With more, the current one stays until
/// some are forgotten.
pub const STAGE_FORMERS_MAX: usize = 16;

const _: () = {
    // Spans are 32 bits wide; a gap of one octet lies before each included file.
    assert!(YAML_OCTETS_MAX + INCLUDED_OCTETS_MAX + INCLUDED_FILES_MAX < u32::MAX as usize);
    assert!(SMTP_COMMAND_OCTETS_MAX <= READ_BUFFER_OCTETS);
    assert!(HEADER_OCTETS_MAX + READ_BUFFER_OCTETS <= STAGING_MEMORY_OCTETS);
    assert!(
        STAGING_MEMORY_OCTETS
            + READ_BUFFER_OCTETS
            + WRITE_BUFFER_OCTETS
            + IMAP_LINE_OCTETS_MAX
            + IMAP_LITERALS_OCTETS_MAX
            < CONNECTION_OCTETS_MAX
    );
};
