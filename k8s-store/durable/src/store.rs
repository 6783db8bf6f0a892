use std::any::Any;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use k8s_env::Tasks;
use k8s_store::engine::{Engine, Stage};
use k8s_store::{Error, KeyRange, Page, RangeOptions, Revision, Status, Store, Txn, TxnOutcome, Watch, WatchOptions};
use parking_lot::Mutex;

use crate::Builder;
use crate::disk::Disk;
use crate::format::Record;
use crate::keeper::Keeper;
use crate::queue::{Gate, Group, Queue};
use crate::segments::Segments;
use crate::verdict::Wait;

/// A store in one directory.
///
/// # Durability
/// A call that changes something answers once that is on the disk, together with all that came before it. Reads and
/// watches see only what is on the disk, so nothing that anybody has seen is lost in a crash. [`Durability`] says
/// what can be had for less.
///
/// # Failures
/// A full disk refuses changes with [`Error::NoSpace`] until there is room. A sync that fails makes the outcome of
/// what it was for [`Error::Uncertain`], and every later change [`Error::Unavailable`] until the store is opened again.
/// Reads and watches go on in both cases.
///
/// # History
/// As in [`Memory`](k8s_store::Memory): what exceeds the limits of the [`Builder`] is compacted by itself. What is
/// left of it survives reopening.
///
/// # Leases
/// Survive reopening; their time starts again then. The task that ends them runs on the tokio runtime on which the
/// store was opened or the first lease was granted.
///
/// # End
/// [`Maintenance::close`](k8s_store::Maintenance::close) finishes what was accepted. Dropping the store does not;
/// both end its threads, and let go of the directory.
///
/// [`Durability`]: crate::Durability
pub struct Durable {
    pub(crate) shared: Arc<Shared>,
    pub(crate) has_lease_task: AtomicBool,
    pub(crate) threads: Mutex<Vec<JoinHandle<()>>>,
    pub(crate) tasks: Tasks,
}

pub(crate) struct Shared {
    pub(crate) engine: Arc<Engine>,
    pub(crate) queue: Queue,
    pub(crate) keeper: Keeper,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) store: u64,
    pub(crate) segments: Arc<Mutex<Segments>>,
    pub(crate) claim: Mutex<Option<Box<dyn Any + Send + Sync>>>,
    pub(crate) dropped: AtomicBool,
}

impl Durable {
    /// Opens the store in the directory `path`, or makes one there.
    ///
    /// # Errors
    /// [`Error::Corrupt`] with the file and the place, [`Error::Unavailable`] if another process has it open or the
    /// disk fails, and [`Error::NoSpace`].
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::builder().open(path).await
    }

    /// A store of your own measure.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Stages a change, and tells what to wait for.
    pub(crate) async fn change<T>(
        &self,
        step: impl FnOnce(&mut Stage<'_>, &mut Group) -> Result<T, Error>,
    ) -> Result<(T, Wait), Error> {
        self.shared.queue.room().await;
        self.shared.stage(step)
    }
}

impl Shared {
    pub(crate) fn stage<T>(
        &self,
        step: impl FnOnce(&mut Stage<'_>, &mut Group) -> Result<T, Error>,
    ) -> Result<(T, Wait), Error> {
        let mut stage = self.engine.stage()?;
        let mut waiting = self.queue.lock();
        waiting.enter()?;
        let before = stage.mark();
        let outcome = step(&mut stage, &mut waiting.group)?;
        let group = &mut waiting.group;
        stage.staged_after(before.revision).for_each(|events| group.add_events(events));
        let mark = stage.mark();
        if mark == before && group.is_empty() && stage.is_settled() {
            return Ok((outcome, Wait::Nothing));
        }
        group.mark = Some(mark);
        let wait = group.join();
        self.queue.measure(&waiting);
        let group = &waiting.group;
        let wakes = group.waiters == 1 || group.waiters == waiting.wanted;
        drop(waiting);
        drop(stage);
        if wakes {
            self.queue.bell.ring();
        }
        Ok((outcome, wait))
    }

    /// Waits for everything staged by now.
    pub(crate) async fn settle(&self) -> Result<(), Error> {
        if self.engine.is_settled() {
            return Ok(());
        }
        let ((), wait) = self.stage(|_, _| Ok(()))?;
        wait.done().await
    }

    pub(crate) fn is_dropped(&self) -> bool {
        self.dropped.load(Ordering::Acquire)
    }

    /// Ends the store at once: what was not answered is not finished.
    pub(crate) fn end(&self) {
        self.dropped.store(true, Ordering::Release);
        self.queue.lock().gate = Gate::Closed;
        self.queue.bell.ring();
        self.keeper.bell.ring();
        self.engine.close();
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait::async_trait]
impl Store for Durable {
    async fn range(&self, range: KeyRange, options: RangeOptions) -> Result<Page, Error> {
        self.shared.engine.range(&range, options)
    }

    async fn txn(&self, txn: Txn) -> Result<TxnOutcome, Error> {
        txn.check()?;
        let txn = if txn.is_read_only() {
            match self.shared.engine.look(txn)? {
                Ok(outcome) => return Ok(outcome),
                Err(txn) => txn,
            }
        } else {
            txn
        };
        let (outcome, wait) = self.change(|stage, _| stage.txn(txn)).await?;
        wait.done().await?;
        Ok(outcome)
    }

    async fn watch(&self, range: KeyRange, options: WatchOptions) -> Result<Watch, Error> {
        self.shared.engine.watch(range, options)
    }

    async fn compact(&self, revision: Revision) -> Result<(), Error> {
        self.shared.engine.check_compact(revision)?;
        let wait = {
            let _stage = self.shared.engine.stage()?;
            let mut waiting = self.shared.queue.lock();
            waiting.enter()?;
            if revision <= waiting.compacting {
                return Err(Error::Compacted { asked: revision, oldest: waiting.compacting });
            }
            waiting.compacting = revision;
            waiting.group.add(&Record::Compact(revision));
            waiting.group.compact = Some(revision);
            waiting.group.join()
        };
        self.shared.queue.bell.ring();
        wait.done().await
    }

    async fn status(&self) -> Result<Status, Error> {
        let status = self.shared.engine.status()?;
        let segments = self.shared.segments.lock();
        let size = segments.size();
        let free = segments.before(status.oldest) + segments.spare_size();
        Ok(Status { size, size_in_use: size - free, ..status })
    }
}

impl Drop for Durable {
    fn drop(&mut self) {
        self.shared.end();
        for thread in self.threads.get_mut().drain(..) {
            // It has said why it panicked, if it did.
            let _end = thread.join();
        }
        drop(self.shared.claim.lock().take());
    }
}

impl fmt::Debug for Durable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Durable").field("disk", &self.shared.disk).finish_non_exhaustive()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("disk", &self.disk).finish_non_exhaustive()
    }
}
