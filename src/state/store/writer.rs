//! The one thread that writes: group commit.
//!
//! There is no timer and no lingering: while one batch syncs, the next one gathers.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, ThreadId};

use rusqlite::Connection;

use super::segment::{Segments, Tail};
use super::tx::Effects;
use super::{ContentId, Hub, Place, Staged, StoreError, Tx};
use crate::ground::limits;

/// Proof that a job's effects are on stable storage. Only a commit makes one; a reply that promises
/// durability (RFC 5321 §6.1) should ask for it.
#[derive(Debug)]
#[must_use = "it is what allows a reply that promises durability"]
pub struct Durable(());

/// The sending side: the thread and the channel to it.
pub(super) struct Writer {
    jobs: Mutex<Option<SyncSender<Submitted>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    thread_id: ThreadId,
}

struct Submitted {
    staged: Vec<Staged>,
    work: Box<dyn Work>,
}

/// A job without its types.
trait Work: Send {
    fn run(&mut self, tx: &mut Tx<'_>, contents: &[ContentId]) -> Result<(), StoreError>;
    fn done(self: Box<Self>, result: Result<Durable, StoreError>);
}

struct Job<R, F, D> {
    run: Option<F>,
    value: Option<R>,
    done: D,
}

impl<R, F, D> Work for Job<R, F, D>
where
    R: Send,
    F: FnOnce(&mut Tx<'_>, &[ContentId]) -> Result<R, StoreError> + Send,
    D: FnOnce(Result<(R, Durable), StoreError>) + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>, contents: &[ContentId]) -> Result<(), StoreError> {
        let run = self.run.take().ok_or(StoreError::Closed)?;
        self.value = Some(run(tx, contents)?);
        Ok(())
    }

    fn done(self: Box<Self>, result: Result<Durable, StoreError>) {
        let Self { value, done, .. } = *self;
        done(result.and_then(|durable| value.map(|value| (value, durable)).ok_or(StoreError::Panicked)));
    }
}

impl Writer {
    /// Starts the thread.
    pub fn start(
        connection: Connection,
        segments: Arc<Segments>,
        tail: Tail,
        next_content: i64,
        hub: Hub,
    ) -> Result<Self, StoreError> {
        let (jobs, waiting) = sync_channel(limits::STORE_WAITING_JOBS_MAX);
        let mut batcher = Batcher { connection, segments, tail, next_content, hub };
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || batcher.serve(&waiting))
            .map_err(StoreError::disk("start the writer's thread"))?;
        let thread_id = thread.thread().id();
        Ok(Self { jobs: Mutex::new(Some(jobs)), thread: Mutex::new(Some(thread)), thread_id })
    }

    pub fn submit<R, F, D>(&self, staged: Vec<Staged>, run: F, done: D)
    where
        R: Send + 'static,
        F: FnOnce(&mut Tx<'_>, &[ContentId]) -> Result<R, StoreError> + Send + 'static,
        D: FnOnce(Result<(R, Durable), StoreError>) + Send + 'static,
    {
        let work: Box<dyn Work> = Box::new(Job { run: Some(run), value: None, done });
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let refused = match jobs.map(|jobs| jobs.try_send(Submitted { staged, work })) {
            Some(Ok(())) => return,
            Some(Err(TrySendError::Full(refused))) => (Some(refused), StoreError::Busy),
            Some(Err(TrySendError::Disconnected(refused))) => (Some(refused), StoreError::Closed),
            None => (None, StoreError::Closed),
        };
        if let (Some(submitted), error) = refused {
            submitted.work.done(Err(error));
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // The thread ends once it has answered what was submitted.
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // The last owner may be a `done` that runs on the writer's thread: it cannot wait for itself.
        if let Some(thread) = thread
            && std::thread::current().id() != self.thread_id
        {
            let _ = thread.join();
        }
    }
}

/// The thread's own state.
struct Batcher {
    connection: Connection,
    segments: Arc<Segments>,
    tail: Tail,
    next_content: i64,
    hub: Hub,
}

/// A job on its way through a batch.
struct Pending {
    staged: Vec<Staged>,
    /// Where the bytes of each staged message went, or why they did not.
    places: Result<Vec<Place>, StoreError>,
    work: Box<dyn Work>,
    result: Result<(), StoreError>,
}

impl Batcher {
    fn serve(&mut self, waiting: &Receiver<Submitted>) {
        while let Ok(first) = waiting.recv() {
            let mut batch = vec![first];
            batch.extend(waiting.try_iter().take(limits::STORE_BATCH_JOBS_MAX - 1));
            self.commit(batch);
        }
        self.tail.close();
    }

    fn commit(&mut self, batch: Vec<Submitted>) {
        let mut batch: Vec<Pending> = batch
            .into_iter()
            .map(|Submitted { staged, work }| Pending { staged, places: Ok(Vec::new()), work, result: Ok(()) })
            .collect();
        self.place_all(&mut batch);
        let committed = self.transact(&mut batch);
        if committed.is_err() {
            // What the disk holds of this transaction is unknown. Should its rows come back after a
            // crash, their bytes must still be there: write elsewhere, delete nothing.
            self.tail.leave();
            batch.iter_mut().flat_map(|pending| &mut pending.staged).for_each(Staged::keep);
        }
        let (effects, dead) = committed.as_ref().map_or_else(|_| Default::default(), Clone::clone);
        for mut pending in batch {
            let result = match (&committed, pending.result) {
                (Err(error), _) => Err(error.clone()),
                (Ok(_), Err(error)) => Err(error),
                (Ok(_), Ok(())) => {
                    let has_row = |staged: &Staged| {
                        staged.own_place().is_some_and(|place| effects.segments.contains_key(&place.segment))
                    };
                    pending.staged.iter_mut().filter(|staged| has_row(staged)).for_each(Staged::keep);
                    Ok(Durable(()))
                }
            };
            // A panic in a callback is its owner's loss alone.
            let _ = catch_unwind(AssertUnwindSafe(|| pending.work.done(result)));
        }
        for segment in dead {
            self.segments.delete(segment);
        }
        let _ = catch_unwind(AssertUnwindSafe(|| self.hub.announce(&effects.touched, effects.queue_work)));
    }

    /// Brings all bodies to stable storage: short ones with one write and one sync, long ones each in
    /// the segment that they already are.
    fn place_all(&mut self, batch: &mut [Pending]) {
        let mut owners: Vec<usize> = Vec::new();
        let mut bodies: Vec<&[u8]> = Vec::new();
        for (at, pending) in batch.iter().enumerate() {
            for body in pending.staged.iter().filter_map(Staged::as_slice) {
                owners.push(at);
                bodies.push(body);
            }
        }
        let appended = if bodies.is_empty() { Ok(Vec::new()) } else { self.tail.append(&bodies) };
        let mut appended = match appended {
            Ok(places) => places.into_iter(),
            Err(error) => {
                for at in owners {
                    if let Some(pending) = batch.get_mut(at) {
                        pending.places = Err(error.clone());
                    }
                }
                Vec::new().into_iter()
            }
        };
        for pending in batch.iter_mut().filter(|pending| pending.places.is_ok()) {
            pending.places = pending
                .staged
                .iter_mut()
                .map(|staged| match staged.own_place() {
                    Some(own) => staged.sync().map(|()| own),
                    None => appended.next().ok_or(StoreError::Closed),
                })
                .collect();
        }
    }

    /// One transaction for all jobs. The effects of those that succeeded, and the segments that died.
    fn transact(&mut self, batch: &mut [Pending]) -> Result<(Effects, Vec<i64>), StoreError> {
        self.execute("BEGIN IMMEDIATE")?;
        let result = self.transact_inside(batch);
        if result.is_err() && !self.connection.is_autocommit() {
            self.execute("ROLLBACK")?;
        }
        result
    }

    fn transact_inside(&mut self, batch: &mut [Pending]) -> Result<(Effects, Vec<i64>), StoreError> {
        let mut all = Effects::default();
        for pending in batch.iter_mut() {
            match self.run(pending) {
                Ok(effects) => {
                    all.touched.extend(effects.touched);
                    all.queue_work |= effects.queue_work;
                    for (segment, change) in effects.segments {
                        *all.segments.entry(segment).or_default() += change;
                    }
                }
                Err(error) => pending.result = Err(error),
            }
            // SQLite undoes the whole transaction on some errors (disk full): then nobody succeeded.
            if self.connection.is_autocommit() {
                return Err(pending.result.clone().err().unwrap_or(StoreError::Closed));
            }
        }
        let own = batch.iter().flat_map(|pending| pending.staged.iter().filter_map(Staged::own_place)).collect();
        let dead = self.write_segments(&all.segments, own)?;
        self.execute("COMMIT")?;
        self.tail.left.clear();
        Ok((all, dead))
    }

    /// One job in its savepoint.
    fn run(&mut self, pending: &mut Pending) -> Result<Effects, StoreError> {
        let places = pending.places.clone()?;
        let fresh: Vec<(ContentId, Place)> = (self.next_content..).map(ContentId).zip(places).collect();
        self.next_content += i64::try_from(fresh.len()).unwrap_or(0);
        let contents: Vec<ContentId> = fresh.iter().map(|(id, _)| *id).collect();
        self.execute("SAVEPOINT job")?;
        let connection = &self.connection;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let mut tx = Tx::new(connection, fresh);
            pending.work.run(&mut tx, &contents)?;
            tx.settle()
        }))
        .unwrap_or(Err(StoreError::Panicked));
        if !self.connection.is_autocommit() {
            if outcome.is_err() {
                self.execute("ROLLBACK TO job")?;
            }
            self.execute("RELEASE job")?;
        }
        outcome
    }

    /// The segments' rows: lengths, living contents, seals. Returns those that no content needs.
    fn write_segments(&self, changes: &BTreeMap<i64, i64>, own: Vec<Place>) -> Result<Vec<i64>, StoreError> {
        let mut upsert = self.connection.prepare_cached(
            "INSERT INTO segment (id, length, contents, sealed) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (id) DO UPDATE \
             SET length = max(length, excluded.length), contents = contents + excluded.contents, \
             sealed = max(sealed, excluded.sealed)",
        )?;
        let change_of = |segment: i64| changes.get(&segment).copied().unwrap_or(0);
        let mut written = Vec::new();
        if let Some((id, length)) = self.tail.end() {
            upsert.execute((id, length, change_of(id), false))?;
            written.push(id);
        }
        for place in own.iter().filter(|place| change_of(place.segment) > 0) {
            upsert.execute((place.segment, place.length, change_of(place.segment), true))?;
            written.push(place.segment);
        }
        let mut suspects: Vec<i64> = self.tail.left.clone();
        for id in &self.tail.left {
            self.connection.prepare_cached("UPDATE segment SET sealed = 1 WHERE id = ?1")?.execute([id])?;
        }
        for (id, change) in changes.iter().filter(|(id, _)| !written.contains(id)) {
            self.connection
                .prepare_cached("UPDATE segment SET contents = contents + ?2 WHERE id = ?1")?
                .execute((id, change))?;
            suspects.push(*id);
        }
        let mut dead = Vec::new();
        for id in suspects {
            let gone = self
                .connection
                .prepare_cached("DELETE FROM segment WHERE id = ?1 AND sealed = 1 AND contents = 0")?
                .execute([id])?;
            if gone == 1 {
                dead.push(id);
            }
        }
        Ok(dead)
    }

    fn execute(&self, sql: &'static str) -> Result<(), StoreError> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}
