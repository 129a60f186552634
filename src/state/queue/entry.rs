//! Rows of the queue: put in, look at, record what became of them, take out.

use rusqlite::Row;

use crate::ground::clock::Timestamp;
use crate::ground::limits;
use crate::state::store::{ContentId, StoreError, Tx, View};
use crate::vocabulary::mail::{Address, BodyType, ReversePath};

/// A queued message's number; what `mailctl queue list` shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueId(pub i64);

/// A queued recipient's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecipientId(pub i64);

/// What to queue. On the wire goes `prefix`, then the content without its first `skip_octets`.
#[derive(Debug, Clone)]
pub struct NewMessage {
    pub content: ContentId,
    /// Leading octets of the content that only local mailboxes get (the Return-Path line).
    pub skip_octets: u64,
    /// Header fields to send first, each with its CRLF (DKIM-Signature).
    pub prefix: Vec<u8>,
    pub reverse_path: ReversePath,
    pub body: BodyType,
    pub smtputf8: bool,
    pub received: Timestamp,
    /// When to give up (RFC 5321 §4.5.4.1).
    pub expires: Timestamp,
    pub is_bounce: bool,
    /// At least one.
    pub recipients: Vec<Address>,
}

/// A queued message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueMessage {
    pub id: QueueId,
    pub content: ContentId,
    /// Length of the whole content, `skip_octets` included.
    pub octets: u64,
    pub skip_octets: u64,
    pub prefix: Vec<u8>,
    pub reverse_path: ReversePath,
    pub body: BodyType,
    pub smtputf8: bool,
    pub received: Timestamp,
    pub expires: Timestamp,
    pub is_bounce: bool,
}

/// Where a recipient stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecipientState {
    Delivered,
    Failed,
    Waiting,
}

/// A queued message's recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueRecipient {
    pub id: RecipientId,
    pub message: QueueId,
    pub forward_path: Address,
    pub state: RecipientState,
    /// Attempts made so far.
    pub attempts: u32,
    pub next_attempt: Timestamp,
    /// What was heard last, on one line; for people and for the bounce.
    pub last_reply: Option<String>,
}

/// What became of one attempt for one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Deferred { until: Timestamp, reply: String },
    Delivered { reply: String },
    Failed { reply: String },
}

/// Queues a message; it is due at once.
///
/// # Errors
/// [`StoreError::NoContent`], [`StoreError::Limit`] (no recipients at all, or too many).
pub fn enqueue(tx: &mut Tx<'_>, new: &NewMessage) -> Result<QueueId, StoreError> {
    if new.recipients.is_empty() || new.recipients.len() > limits::QUEUE_RECIPIENTS_MAX {
        return Err(StoreError::Limit { what: "recipients of one message", max: limits::QUEUE_RECIPIENTS_MAX });
    }
    let octets = tx.content_octets(new.content)?;
    tx.execute(
        "INSERT INTO queue_message (content, octets, skip_octets, prefix, reverse_path, eight_bit, smtputf8, received, \
         expires, is_bounce) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        (
            new.content.0,
            octets,
            new.skip_octets,
            &new.prefix,
            new.reverse_path.address().map(ToString::to_string).unwrap_or_default(),
            new.body == BodyType::EightBitMime,
            new.smtputf8,
            new.received.0,
            new.expires.0,
            new.is_bounce,
        ),
    )?;
    let id = QueueId(tx.last_id());
    for recipient in &new.recipients {
        tx.execute(
            "INSERT INTO queue_recipient (message, forward_path, state, attempts, next_attempt) \
             VALUES (?1, ?2, 0, 0, ?3)",
            (id.0, recipient.to_string(), new.received.0),
        )?;
    }
    tx.refer(new.content);
    tx.touch_queue();
    Ok(id)
}

/// Records what became of an attempt. `false`: the recipient was removed or settled in the meantime.
///
/// # Errors
/// [`StoreError::Rows`].
pub fn record(tx: &mut Tx<'_>, recipient: RecipientId, outcome: &Outcome) -> Result<bool, StoreError> {
    let (state, next_attempt, reply) = match outcome {
        Outcome::Deferred { until, reply } => (WAITING, Some(until.0), reply),
        Outcome::Delivered { reply } => (DELIVERED, None, reply),
        Outcome::Failed { reply } => (FAILED, None, reply),
    };
    let changed = tx.execute(
        "UPDATE queue_recipient SET state = ?2, next_attempt = COALESCE(?3, next_attempt), last_reply = ?4, \
         attempts = attempts + 1 WHERE id = ?1 AND state = 0",
        (recipient.0, state, next_attempt, one_line(reply)),
    )?;
    if state == WAITING {
        tx.touch_queue();
    }
    Ok(changed == 1)
}

/// Whether the sender has been told that the message is late.
///
/// # Errors
/// [`StoreError::Rows`].
pub fn is_delay_noticed(view: &View<'_>, id: QueueId) -> Result<bool, StoreError> {
    let noticed = view.first("SELECT delay_noticed FROM queue_message WHERE id = ?1", [id.0], |row| row.get(0))?;
    Ok(noticed.unwrap_or(false))
}

/// Remembers that the sender is told by this very transaction. `false`: it was told before, or the message is
/// gone.
///
/// # Errors
/// [`StoreError::Rows`].
pub fn note_delay(tx: &mut Tx<'_>, id: QueueId) -> Result<bool, StoreError> {
    let changed =
        tx.execute("UPDATE queue_message SET delay_noticed = 1 WHERE id = ?1 AND delay_noticed = 0", [id.0])?;
    Ok(changed == 1)
}

/// Takes the message out if nobody waits for it any more, and lets go of its content. Call it in the
/// transaction that recorded the last outcome, after a bounce was made from the failed recipients.
///
/// # Errors
/// [`StoreError::Rows`].
pub fn finish(tx: &mut Tx<'_>, id: QueueId) -> Result<bool, StoreError> {
    let waiting =
        tx.first("SELECT 1 FROM queue_recipient WHERE message = ?1 AND state = 0 LIMIT 1", [id.0], |_| Ok(()))?;
    if waiting.is_some() { Ok(false) } else { remove(tx, id) }
}

/// Takes a message out whatever its state: `mailctl queue remove`. `false` if there is none.
///
/// # Errors
/// [`StoreError::Rows`].
pub fn remove(tx: &mut Tx<'_>, id: QueueId) -> Result<bool, StoreError> {
    let content = tx.first("DELETE FROM queue_message WHERE id = ?1 RETURNING content", [id.0], |row| row.get(0))?;
    let Some(content) = content else { return Ok(false) };
    tx.execute("DELETE FROM queue_recipient WHERE message = ?1", [id.0])?;
    tx.release(ContentId(content));
    Ok(true)
}

/// Makes waiting recipients due at `now`: of one message, or of all. How many.
///
/// # Errors
/// [`StoreError::Rows`].
pub fn retry(tx: &mut Tx<'_>, id: Option<QueueId>, now: Timestamp) -> Result<usize, StoreError> {
    let changed = tx.execute(
        "UPDATE queue_recipient SET next_attempt = ?2 \
         WHERE state = 0 AND next_attempt > ?2 AND (?1 IS NULL OR message = ?1)",
        (id.map(|id| id.0), now.0),
    )?;
    tx.touch_queue();
    Ok(changed)
}

const MESSAGE_COLUMNS: &str = "SELECT id, content, octets, skip_octets, prefix, reverse_path, eight_bit, smtputf8, \
     received, expires, is_bounce FROM queue_message WHERE id = ?1";

/// # Errors
/// [`StoreError::Damaged`] if a stored address is none.
pub fn message(view: &View<'_>, id: QueueId) -> Result<Option<QueueMessage>, StoreError> {
    view.first(MESSAGE_COLUMNS, [id.0], read_message)?.transpose()
}

/// Queued messages with a number above `after`, at most `limit`; ask again with the last one's number.
///
/// # Errors
/// [`StoreError::Damaged`] if a stored address is none.
pub fn list(view: &View<'_>, after: QueueId, limit: usize) -> Result<Vec<QueueMessage>, StoreError> {
    view.all(
        "SELECT id, content, octets, skip_octets, prefix, reverse_path, eight_bit, smtputf8, received, expires, \
         is_bounce FROM queue_message WHERE id > ?1 ORDER BY id LIMIT ?2",
        (after.0, limit),
        read_message,
    )?
    .into_iter()
    .collect()
}

/// How many messages wait.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn count(view: &View<'_>) -> Result<u64, StoreError> {
    let count = view.first("SELECT count(*) FROM queue_message", [], |row| row.get(0))?;
    Ok(count.unwrap_or_default())
}

/// All recipients of a message, settled ones too; at most [`limits::QUEUE_RECIPIENTS_MAX`].
///
/// # Errors
/// [`StoreError::Damaged`] if a stored address is none.
pub fn recipients(view: &View<'_>, id: QueueId) -> Result<Vec<QueueRecipient>, StoreError> {
    view.all(
        "SELECT id, message, forward_path, state, attempts, next_attempt, last_reply FROM queue_recipient \
         WHERE message = ?1 ORDER BY id",
        [id.0],
        read_recipient,
    )?
    .into_iter()
    .collect()
}

const WAITING: i64 = 0;
const DELIVERED: i64 = 1;
const FAILED: i64 = 2;

fn one_line(reply: &str) -> String {
    reply.chars().map(|c| if c.is_control() { ' ' } else { c }).take(limits::QUEUE_REPLY_CHARACTERS_MAX).collect()
}

fn read_message(row: &Row<'_>) -> rusqlite::Result<Result<QueueMessage, StoreError>> {
    let reverse_path = match row.get_ref(5)?.as_str()? {
        "" => Ok(ReversePath::Null),
        text => parse(text).map(ReversePath::Address),
    };
    let reverse_path = match reverse_path {
        Ok(path) => path,
        Err(error) => return Ok(Err(error)),
    };
    Ok(Ok(QueueMessage {
        id: QueueId(row.get(0)?),
        content: ContentId(row.get(1)?),
        octets: row.get(2)?,
        skip_octets: row.get(3)?,
        prefix: row.get(4)?,
        reverse_path,
        body: if row.get(6)? { BodyType::EightBitMime } else { BodyType::SevenBit },
        smtputf8: row.get(7)?,
        received: Timestamp(row.get(8)?),
        expires: Timestamp(row.get(9)?),
        is_bounce: row.get(10)?,
    }))
}

pub(super) fn read_recipient(row: &Row<'_>) -> rusqlite::Result<Result<QueueRecipient, StoreError>> {
    let forward_path = match parse(row.get_ref(2)?.as_str()?) {
        Ok(address) => address,
        Err(error) => return Ok(Err(error)),
    };
    Ok(Ok(QueueRecipient {
        id: RecipientId(row.get(0)?),
        message: QueueId(row.get(1)?),
        forward_path,
        state: match row.get(3)? {
            WAITING => RecipientState::Waiting,
            DELIVERED => RecipientState::Delivered,
            _ => RecipientState::Failed,
        },
        attempts: row.get(4)?,
        next_attempt: Timestamp(row.get(5)?),
        last_reply: row.get(6)?,
    }))
}

fn parse(text: &str) -> Result<Address, StoreError> {
    text.parse().map_err(|error| StoreError::Damaged(format!("a queued address is not one: {error}")))
}
