//! Whether the counters are true: every one of them against the rows that it counts.
//!
//! The server never needs this; `mailctl store check` and the crash tests do. It reads everything.

use super::{StoreError, View};

/// Each line compares a counter with its rows; a row of the result is a finding.
const COMPARISONS: [(&str, &str); 7] = [
    (
        "account: its counters are not those of its messages",
        "SELECT a.address, a.octets || ' octets in ' || a.messages || ' messages' FROM account a WHERE \
         (a.octets, a.messages) != (SELECT COALESCE(SUM(m.octets), 0), COUNT(m.uid) FROM mailbox b \
         JOIN message m ON m.mailbox = b.id WHERE b.account = a.id) LIMIT 100",
    ),
    (
        "mailbox: its counters are not those of its messages",
        "SELECT b.id, b.messages || ' messages, ' || b.unseen || ' unseen' FROM mailbox b WHERE \
         (b.messages, b.unseen) != (SELECT COUNT(*), COALESCE(SUM(system_flags & 16 = 0), 0) FROM message m \
         WHERE m.mailbox = b.id) LIMIT 100",
    ),
    (
        "mailbox: a message is at or above UIDNEXT, or beyond the mod-sequence",
        "SELECT b.id, m.uid FROM mailbox b JOIN message m ON m.mailbox = b.id \
         WHERE m.uid >= b.uidnext OR m.modseq > b.modseq LIMIT 100",
    ),
    (
        "content: its references are not counted right",
        "SELECT c.id, c.reference_count FROM content c LEFT JOIN (SELECT content, COUNT(*) AS n FROM \
         (SELECT content FROM message UNION ALL SELECT content FROM queue_message) GROUP BY content) r \
         ON r.content = c.id WHERE COALESCE(r.n, 0) != c.reference_count LIMIT 100",
    ),
    (
        "content: a row refers to none",
        "SELECT content, 'missing' FROM (SELECT content FROM message UNION ALL SELECT content FROM queue_message) \
         WHERE content NOT IN (SELECT id FROM content) LIMIT 100",
    ),
    (
        "segment: its contents are not counted right, or reach beyond its end",
        "SELECT s.id, s.contents FROM segment s WHERE s.contents != \
         (SELECT COUNT(*) FROM content c WHERE c.segment = s.id) OR EXISTS \
         (SELECT 1 FROM content c WHERE c.segment = s.id AND c.start + c.length > s.length) LIMIT 100",
    ),
    (
        "queue: a message without recipients, or a recipient without message",
        "SELECT id, 'message' FROM queue_message WHERE id NOT IN (SELECT message FROM queue_recipient) UNION ALL \
         SELECT id, 'recipient' FROM queue_recipient WHERE message NOT IN (SELECT id FROM queue_message) LIMIT 100",
    ),
];

/// What is not as it should be, one sentence each; at most 100 of a kind. Empty is good.
///
/// # Errors
/// [`StoreError::Rows`].
pub fn audit(view: &View<'_>) -> Result<Vec<String>, StoreError> {
    let mut findings = Vec::new();
    for (what, sql) in COMPARISONS {
        findings.extend(view.all(sql, [], |row| {
            let text = |at| Ok::<_, rusqlite::Error>(format!("{:?}", row.get_ref(at)?));
            Ok(format!("{what}: {} {}", text(0)?, text(1)?))
        })?);
    }
    Ok(findings)
}
