//! A store that outlives itself: a list of what was done, done again when it is opened. What it forgets can be chosen.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use k8s_store::{
    Error, Hash, KeyRange, Lease, LeaseId, LeaseStatus, Leases, Maintenance, Memory, OpResult, Page, RangeOptions,
    Revision, Snapshot, Status, Store, Txn, TxnOutcome, Watch, WatchOptions,
};
use parking_lot::Mutex;

/// What is lost between closing and opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forgets {
    /// Nothing.
    Nothing,
    /// The last transaction, as a disk does that acknowledged too early.
    TheLast,
    /// One transaction amid others, as after a crash amid a rewrite of the whole.
    OneInTheMiddle,
    /// Half of the last transaction.
    HalfOfTheLast,
    /// That a deletion took a revision, if all before it is compacted.
    DeletionsLast,
    /// What was compacted.
    Compaction,
    /// Leases.
    Leases,
    /// The order of the last two.
    Order,
}

#[derive(Clone, Debug)]
enum Entry {
    Txn(Txn),
    Compact(Revision),
    Grant(Duration, LeaseId),
    Revoke(LeaseId),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Journal(Arc<Mutex<Vec<Entry>>>);

#[derive(Debug)]
pub(crate) struct Journalled {
    store: Memory,
    journal: Journal,
}

impl Journal {
    pub(crate) async fn open(self, forgets: Forgets) -> Journalled {
        self.forget(forgets);
        let store = Memory::builder().history(100_000).build();
        let entries = self.0.lock().clone();
        for entry in entries {
            match entry {
                Entry::Txn(txn) => drop(store.txn(txn).await),
                Entry::Compact(revision) => drop(store.compact(revision).await),
                Entry::Grant(ttl, id) => drop(store.grant(ttl, Some(id)).await),
                Entry::Revoke(id) => drop(store.revoke(id).await),
            }
        }
        Journalled { store, journal: self }
    }

    fn forget(&self, forgets: Forgets) {
        let mut entries = self.0.lock();
        let last = entries.iter().rposition(|entry| matches!(entry, Entry::Txn(_)));
        match (forgets, last) {
            (Forgets::TheLast, Some(last)) => drop(entries.remove(last)),
            (Forgets::OneInTheMiddle, Some(last)) if last > 1 => drop(entries.remove(last / 2)),
            (Forgets::HalfOfTheLast, Some(last)) => {
                if let Entry::Txn(txn) = &mut entries[last]
                    && txn.then.len() > 1
                {
                    txn.then.pop();
                }
            }
            (Forgets::DeletionsLast, Some(last)) => {
                let deletes = |op: &k8s_store::Op| matches!(op, k8s_store::Op::Delete(_));
                let compacted = matches!(entries.last(), Some(Entry::Compact(_)));
                if compacted && matches!(&entries[last], Entry::Txn(txn) if txn.then.iter().all(deletes)) {
                    entries.remove(last);
                }
            }
            (Forgets::Order, Some(last)) if last > 0 => entries.swap(last - 1, last),
            (Forgets::Compaction, _) => entries.retain(|entry| !matches!(entry, Entry::Compact(_))),
            (Forgets::Leases, _) => entries.retain(|entry| !matches!(entry, Entry::Grant(..))),
            _ => {}
        }
    }
}

fn wrote(outcome: &TxnOutcome) -> bool {
    outcome.results.iter().any(|result| match result {
        OpResult::Put { .. } => true,
        OpResult::Delete { deleted, .. } => *deleted > 0,
        OpResult::Txn(inner) => wrote(inner),
        OpResult::Range(_) => false,
    })
}

#[async_trait]
impl Store for Journalled {
    async fn range(&self, range: KeyRange, options: RangeOptions) -> Result<Page, Error> {
        self.store.range(range, options).await
    }

    async fn txn(&self, txn: Txn) -> Result<TxnOutcome, Error> {
        let mut entries = self.journal.0.lock();
        // The memory store answers in the first poll, so journal and store have one order.
        let mut answer = self.store.txn(txn.clone());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let std::task::Poll::Ready(outcome) = answer.as_mut().poll(&mut context) else { unreachable!("it waits") };
        if outcome.as_ref().is_ok_and(wrote) {
            entries.push(Entry::Txn(txn));
        }
        outcome
    }

    async fn watch(&self, range: KeyRange, options: WatchOptions) -> Result<Watch, Error> {
        self.store.watch(range, options).await
    }

    async fn compact(&self, revision: Revision) -> Result<(), Error> {
        self.store.compact(revision).await?;
        self.journal.0.lock().push(Entry::Compact(revision));
        Ok(())
    }

    async fn status(&self) -> Result<Status, Error> {
        self.store.status().await
    }
}

#[async_trait]
impl Leases for Journalled {
    async fn grant(&self, ttl: Duration, id: Option<LeaseId>) -> Result<Lease, Error> {
        let lease = self.store.grant(ttl, id).await?;
        self.journal.0.lock().push(Entry::Grant(lease.ttl, lease.id));
        Ok(lease)
    }

    async fn keep_alive(&self, id: LeaseId) -> Result<Lease, Error> {
        self.store.keep_alive(id).await
    }

    async fn revoke(&self, id: LeaseId) -> Result<Revision, Error> {
        let revision = self.store.revoke(id).await?;
        self.journal.0.lock().push(Entry::Revoke(id));
        Ok(revision)
    }

    async fn time_to_live(&self, id: LeaseId) -> Result<LeaseStatus, Error> {
        self.store.time_to_live(id).await
    }

    async fn leases(&self) -> Result<Vec<LeaseId>, Error> {
        self.store.leases().await
    }
}

#[async_trait]
impl Maintenance for Journalled {
    async fn snapshot(&self) -> Result<Snapshot, Error> {
        self.store.snapshot().await
    }

    async fn defragment(&self) -> Result<(), Error> {
        self.store.defragment().await
    }

    async fn hash(&self, revision: Option<Revision>) -> Result<Hash, Error> {
        self.store.hash(revision).await
    }

    async fn close(&self) -> Result<(), Error> {
        self.store.close().await
    }
}
