//! The two handles that operations work on: [`View`] reads one snapshot, [`Tx`] also writes.
//!
//! A [`Tx`] belongs to one job of the writer. It remembers what the job touched, so that the writer can
//! settle reference counts in one statement a content and tell the watchers after the commit.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

use rusqlite::{Connection, OptionalExtension, Params, Row};

use super::{ContentId, MailboxId, Place, StoreError};

/// A consistent snapshot of the rows. `Tx` derefs to it, so every reading function takes both.
pub struct View<'c> {
    connection: &'c Connection,
}

impl<'c> View<'c> {
    pub(super) fn new(connection: &'c Connection) -> Self {
        Self { connection }
    }

    /// The first row, if there is one.
    pub(in crate::state) fn first<T>(
        &self,
        sql: &'static str,
        params: impl Params,
        map: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.connection.prepare_cached(sql)?.query_row(params, map).optional()?)
    }

    /// All rows. The caller's statement carries the `LIMIT`, or names what bounds it.
    pub(in crate::state) fn all<T>(
        &self,
        sql: &'static str,
        params: impl Params,
        map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map(params, map)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(super) fn place(&self, content: ContentId) -> Result<Option<Place>, StoreError> {
        self.first("SELECT segment, start, length FROM content WHERE id = ?1", [content.0], |row| {
            Ok(Place { segment: row.get(0)?, start: row.get(1)?, length: row.get(2)? })
        })
    }
}

/// What a successful job leaves to the writer.
#[derive(Clone, Default)]
pub(super) struct Effects {
    pub touched: BTreeSet<MailboxId>,
    pub queue_work: bool,
    /// Segment -> change in its number of living contents.
    pub segments: BTreeMap<i64, i64>,
}

/// One job's share of the writer's transaction. Dropped without a commit, nothing of it stays.
pub struct Tx<'c> {
    view: View<'c>,
    /// The contents that came with this job and have no row yet.
    fresh: Vec<(ContentId, Place)>,
    /// Change in the number of references, settled at the end.
    references: BTreeMap<ContentId, i64>,
    effects: Effects,
}

impl<'c> Deref for Tx<'c> {
    type Target = View<'c>;
    fn deref(&self) -> &View<'c> {
        &self.view
    }
}

impl<'c> Tx<'c> {
    pub(super) fn new(connection: &'c Connection, fresh: Vec<(ContentId, Place)>) -> Self {
        Self { view: View::new(connection), fresh, references: BTreeMap::new(), effects: Effects::default() }
    }

    /// Runs one statement; the number of rows it changed.
    pub(in crate::state) fn execute(&self, sql: &'static str, params: impl Params) -> Result<usize, StoreError> {
        Ok(self.view.connection.prepare_cached(sql)?.execute(params)?)
    }

    pub(in crate::state) fn last_id(&self) -> i64 {
        self.view.connection.last_insert_rowid()
    }

    /// Length of a content in octets, one that came with this job included.
    ///
    /// # Errors
    /// [`StoreError::NoContent`].
    pub fn content_octets(&self, content: ContentId) -> Result<u64, StoreError> {
        let place = match self.fresh.iter().find(|(id, _)| *id == content) {
            Some((_, place)) => Some(*place),
            None => self.place(content)?,
        };
        Ok(place.ok_or(StoreError::NoContent(content.0))?.length)
    }

    /// A row that refers to `content` came into being.
    pub(in crate::state) fn refer(&mut self, content: ContentId) {
        *self.references.entry(content).or_default() += 1;
    }

    /// A row that referred to `content` went away.
    pub(in crate::state) fn release(&mut self, content: ContentId) {
        *self.references.entry(content).or_default() -= 1;
    }

    /// Watchers of `mailbox` are to be called after the commit.
    pub(in crate::state) fn touch(&mut self, mailbox: MailboxId) {
        self.effects.touched.insert(mailbox);
    }

    /// The queue has something new, or something earlier, to do.
    pub(in crate::state) fn touch_queue(&mut self) {
        self.effects.queue_work = true;
    }

    /// Writes the reference counts. A content that nothing refers to loses its row, and a new one that
    /// nothing refers to never gets one; its bytes stay in the segment until that is deleted as a whole.
    pub(super) fn settle(mut self) -> Result<Effects, StoreError> {
        for (content, change) in std::mem::take(&mut self.references) {
            if let Some((_, place)) = self.fresh.iter().find(|(id, _)| *id == content) {
                let place = *place;
                if change > 0 {
                    self.execute(
                        "INSERT INTO content (id, segment, start, length, reference_count) VALUES (?1, ?2, ?3, ?4, ?5)",
                        (content.0, place.segment, place.start, place.length, change),
                    )?;
                    *self.effects.segments.entry(place.segment).or_default() += 1;
                }
            } else if change != 0 {
                self.settle_known(content, change)?;
            }
        }
        Ok(self.effects)
    }

    fn settle_known(&mut self, content: ContentId, change: i64) -> Result<(), StoreError> {
        let (count, segment) = self
            .first("SELECT reference_count, segment FROM content WHERE id = ?1", [content.0], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
            })?
            .ok_or(StoreError::NoContent(content.0))?;
        if count + change > 0 {
            self.execute("UPDATE content SET reference_count = ?2 WHERE id = ?1", (content.0, count + change))?;
        } else {
            self.execute("DELETE FROM content WHERE id = ?1", [content.0])?;
            *self.effects.segments.entry(segment).or_default() -= 1;
        }
        Ok(())
    }
}
