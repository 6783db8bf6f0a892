//! Promises 7, 8, 12 and 13, on whole histories of many clients, judged by [`crate::history`].

use std::sync::Arc;

use k8s_store::{KeyRange, RangeOptions, Store};

use super::support::{Sure, sure};
use crate::history::{Recorder, Request, check};
use crate::traffic::{self, Plan};

async fn judge(store: Arc<dyn Store>, plan: Plan) {
    let recorder = Recorder::new(store.now().await);
    let store: Arc<dyn Store> = Arc::new(recorder.record(store));
    sure(traffic::run(Arc::clone(&store), plan).await);
    store.read(KeyRange::all(), RangeOptions::latest()).await;
    let history = recorder.history();
    let verdict = check(&history);
    verdict.assert_none();
    let wrote = history.calls.iter().filter(|call| matches!(call.request, Request::Txn(_))).count();
    assert!(verdict.transactions * 4 > wrote, "{} of {wrote} transactions wrote", verdict.transactions);
}

/// Each takes place at one point between its call and its answer, and sees all that did before.
pub async fn answers_are_strictly_serializable(store: Arc<dyn Store>) {
    judge(store, Plan { seed: 1, clients: 8, calls: 40, watches: 1, ..Plan::default() }).await;
}

/// Ordered, unique, atomic, gapless, resumable, bookmarkable.
pub async fn watches_tell_what_happened(store: Arc<dyn Store>) {
    judge(store, Plan { seed: 2, clients: 3, calls: 80, watches: 12, ..Plan::default() }).await;
}

/// What compaction takes from a watch, it says.
pub async fn compaction_takes_nothing_silently(store: Arc<dyn Store>) {
    let recorder = Recorder::new(store.now().await);
    let store: Arc<dyn Store> = Arc::new(recorder.record(store));
    let plan = Plan { seed: 3, clients: 4, calls: 60, watches: 12, compact_every: 13, ..Plan::default() };
    sure(traffic::run(store, plan).await);
    let mut history = recorder.history();
    history.prev_may_be_compacted = true;
    check(&history).assert_none();
}
