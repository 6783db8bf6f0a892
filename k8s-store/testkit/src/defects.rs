//! Stores that are broken on purpose, to show that the cases would find it.
//!
//! Each [`Defect`] is one that a real store has had or could have; [`Broken`] puts it in front of a store that is
//! right. The kit's own tests run every case on every defect and fail if one goes unnoticed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use k8s_store::{
    Error, KeyRange, Op, OpResult, Page, Put, RangeOptions, Revision, Status, Store, StoreExt, Txn, TxnOutcome, Watch,
    WatchOptions,
};

mod leases;
mod stream;

/// What is wrong with a [`Broken`] store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// Watches never tell of deletions.
    DropsDeletions,
    /// Watches tell all but the last change of a transaction.
    DropsPartOfABatch,
    /// Watches tell the changes of one transaction one by one.
    TearsBatches,
    /// Watches tell each third batch twice.
    RepeatsBatches,
    /// Watches tell each fourth batch once more after the next one, as after a reconnection that starts too early.
    GoesBackInTime,
    /// Watches tell two batches that are ready in the wrong order.
    Reorders,
    /// Watches that fell behind by three batches skip one.
    LosesEventsWhenStarved,
    /// Watches tell of transactions that never took place.
    TellsWhatWasNotCommitted,
    /// Progress is reported to the store's revision while older events are still on their way.
    ProgressAheadOfEvents,
    /// Progress is reported to where the watch began.
    ProgressBehind,
    /// Previous versions are left out.
    ForgetsPrevious,
    /// The previous version is the present one.
    WrongPrevious,
    /// A watch from a revision in the future starts now.
    WatchesTheFutureFromNow,
    /// A deletion at the revision of a compaction is not told any more.
    LosesDeletionWhenCompacted,
    /// A watch that fell behind ends as if nothing was wrong.
    EndsInSilence,
    /// Each fifth write is acknowledged and forgotten.
    LosesWrites,
    /// Each third read is of the revision before, and says so.
    ReadsStale,
    /// Each third read is of the revision before, and claims to be of the latest.
    ReadsStaleAndLies,
    /// Each fourth write takes two revisions.
    SkipsRevisions,
    /// Comparisons are not made.
    IgnoresComparisons,
    /// The operations of a transaction are transactions of their own.
    TearsTransactions,
    /// A transaction that fails because it reads what is forgotten writes all the same.
    WritesBeforeItFails,
    /// A read of a past revision is of the latest.
    ReadsTheWrongPast,
    /// Counts stop at the limit.
    CountsToTheLimit,
    /// Compaction does nothing.
    NeverForgets,
    /// Leases end at their first time although they were kept alive, as by a leader that is none any more.
    EndsKeptLeases,
}

impl Defect {
    /// All of them.
    pub const ALL: [Self; 26] = [
        Self::DropsDeletions,
        Self::DropsPartOfABatch,
        Self::TearsBatches,
        Self::RepeatsBatches,
        Self::GoesBackInTime,
        Self::Reorders,
        Self::LosesEventsWhenStarved,
        Self::TellsWhatWasNotCommitted,
        Self::ProgressAheadOfEvents,
        Self::ProgressBehind,
        Self::ForgetsPrevious,
        Self::WrongPrevious,
        Self::WatchesTheFutureFromNow,
        Self::LosesDeletionWhenCompacted,
        Self::EndsInSilence,
        Self::LosesWrites,
        Self::ReadsStale,
        Self::ReadsStaleAndLies,
        Self::SkipsRevisions,
        Self::IgnoresComparisons,
        Self::TearsTransactions,
        Self::WritesBeforeItFails,
        Self::ReadsTheWrongPast,
        Self::CountsToTheLimit,
        Self::NeverForgets,
        Self::EndsKeptLeases,
    ];
}

/// A store with a defect.
#[derive(Debug)]
pub struct Broken<S> {
    store: S,
    defect: Defect,
    reads: AtomicU64,
    writes: AtomicU64,
    /// The store's latest revision and that of its last compaction, as far as they are known here.
    known: Arc<Known>,
}

#[derive(Debug, Default)]
struct Known {
    latest: AtomicU64,
    compacted: AtomicU64,
}

/// What a store with [`Defect::SkipsRevisions`] writes and does not show.
const HIDDEN: &[u8] = b"\x01hidden";

impl<S: Store> Broken<S> {
    /// Breaks `store`.
    pub fn new(store: S, defect: Defect) -> Self {
        Self { store, defect, reads: AtomicU64::new(0), writes: AtomicU64::new(0), known: Arc::default() }
    }

    fn is(&self, defect: Defect) -> bool {
        self.defect == defect
    }

    async fn before(&self, range: KeyRange, options: RangeOptions) -> Result<Page, Error> {
        let latest = self.store.status().await?.revision;
        let earlier = RangeOptions { revision: Some(latest.previous()), ..options };
        let Ok(mut page) = self.store.range(range.clone(), earlier).await else {
            return self.store.range(range, options).await;
        };
        page.revision = if self.is(Defect::ReadsStale) { latest.previous() } else { latest };
        Ok(page)
    }

    /// What each operation does, were it alone.
    async fn torn(&self, txn: Txn) -> Result<TxnOutcome, Error> {
        let mut all = TxnOutcome { succeeded: true, revision: Revision::ZERO, results: Vec::new() };
        for op in txn.then {
            let outcome = self.store.txn(Txn::always(op)).await?;
            all.revision = outcome.revision;
            all.results.extend(outcome.results);
            tokio::task::yield_now().await;
        }
        Ok(all)
    }

    async fn pretended(&self, txn: &Txn) -> Result<TxnOutcome, Error> {
        let revision = self.store.status().await?.revision.next();
        let results = txn.then.iter().map(|_| OpResult::Put { prev: None }).collect();
        Ok(TxnOutcome { succeeded: true, revision, results })
    }
}

fn writes_without_condition(txn: &Txn) -> bool {
    txn.compares.is_empty() && txn.then.iter().all(|op| matches!(op, Op::Put(Put { prev: false, .. })))
}

fn without_the_past(txn: Txn) -> Txn {
    let ops = |ops: Vec<Op>| {
        let kept = ops.into_iter().filter(|op| !matches!(op, Op::Range(_, RangeOptions { revision: Some(_), .. })));
        kept.map(|op| match op {
            Op::Txn(txn) => Op::Txn(without_the_past(txn)),
            op => op,
        })
        .collect()
    };
    Txn { compares: txn.compares, then: ops(txn.then), otherwise: ops(txn.otherwise) }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<S: Store> Store for Broken<S> {
    async fn range(&self, range: KeyRange, mut options: RangeOptions) -> Result<Page, Error> {
        let n = self.reads.fetch_add(1, Ordering::Relaxed);
        let stale = matches!(self.defect, Defect::ReadsStale | Defect::ReadsStaleAndLies);
        if stale && n % 3 == 2 && options.revision.is_none() {
            return self.before(range, options).await;
        }
        if self.is(Defect::ReadsTheWrongPast) {
            options.revision = None;
        }
        let mut page = self.store.range(range, options).await?;
        let seen = page.items.len();
        page.items.retain(|kv| kv.key != HIDDEN);
        page.count -= (seen - page.items.len()) as u64;
        if self.is(Defect::CountsToTheLimit) && options.limit > 0 {
            page.count = page.count.min(options.limit as u64);
        }
        Ok(page)
    }

    async fn txn(&self, mut txn: Txn) -> Result<TxnOutcome, Error> {
        txn.check()?;
        let n = self.writes.fetch_add(1, Ordering::Relaxed);
        match self.defect {
            Defect::LosesWrites if n % 5 == 4 && writes_without_condition(&txn) => return self.pretended(&txn).await,
            Defect::SkipsRevisions if n % 4 == 3 => {
                self.store.put(HIDDEN.into(), "".into()).await?;
            }
            Defect::IgnoresComparisons => txn.compares.clear(),
            Defect::TearsTransactions if txn.compares.is_empty() && txn.then.len() > 1 => return self.torn(txn).await,
            Defect::WritesBeforeItFails => {
                let part = without_the_past(txn.clone());
                let outcome = self.store.txn(txn).await;
                if matches!(outcome, Err(Error::Compacted { .. })) {
                    self.store.txn(part).await?;
                }
                return outcome;
            }
            _ => {}
        }
        let outcome = self.store.txn(txn).await?;
        self.known.latest.fetch_max(outcome.revision.0, Ordering::AcqRel);
        Ok(outcome)
    }

    async fn watch(&self, range: KeyRange, mut options: WatchOptions) -> Result<Watch, Error> {
        if self.is(Defect::WatchesTheFutureFromNow) {
            let now = self.store.status().await?.revision;
            options.start = options.start.filter(|start| *start <= now);
        }
        let below = self.store.watch(range, options).await?;
        let opened_at = below.opened_at();
        self.known.latest.fetch_max(opened_at.0, Ordering::AcqRel);
        Ok(Watch::new(opened_at, stream::Broken::new(below, self.defect, Arc::clone(&self.known))))
    }

    async fn compact(&self, revision: Revision) -> Result<(), Error> {
        if self.is(Defect::NeverForgets) {
            return Ok(());
        }
        self.store.compact(revision).await?;
        self.known.compacted.fetch_max(revision.0, Ordering::AcqRel);
        Ok(())
    }

    async fn status(&self) -> Result<Status, Error> {
        self.store.status().await
    }
}
