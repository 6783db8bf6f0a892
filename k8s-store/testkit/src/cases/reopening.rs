//! Promise 18.

use std::sync::Arc;
use std::time::Duration;

use k8s_env::Tasks;
use k8s_store::{Delete, Error, KeyRange, RangeOptions, Revision, Store, Txn, WatchOptions};
use tokio::time::sleep;

use super::support::{Sure, next, nothing_more, put, refused, sure, told};
use super::{Opened, Place};
use crate::history::{Recorder, check};
use crate::traffic::{self, Plan};

async fn close(opened: Opened) {
    sure(opened.maintenance.close().await);
}

/// Contents and where the store was, whether it was closed or dropped.
pub async fn what_was_acknowledged_is_there(place: Place) {
    let opened = place.open().await;
    opened.store.set("a", "1").await;
    opened.store.run(Txn::always(put("b", "1")).then(put("c", "1"))).await;
    close(opened).await;

    let opened = place.open().await;
    assert_eq!(opened.store.all().await, "a=1 b=1 c=1");
    opened.store.run(Txn::always(Delete::one("a")).then(put("c", "2"))).await;
    let page = opened.store.read(KeyRange::all(), RangeOptions::latest()).await;
    drop(opened);

    let opened = place.open().await;
    assert_eq!(opened.store.read(KeyRange::all(), RangeOptions::latest()).await, page);
    assert_eq!(opened.store.now().await, page.revision);
    assert_eq!(opened.store.set("d", "1").await, page.revision.next());
}

/// To be read and watched from, previous versions included.
pub async fn history_is_there(place: Place) {
    let opened = place.open().await;
    let base = opened.store.now().await;
    let first = opened.store.set("a", "1").await;
    opened.store.set("a", "2").await;
    opened.store.unset(KeyRange::one("a")).await;
    close(opened).await;

    let opened = place.open().await;
    assert_eq!(opened.store.all_at(first).await, "a=1");
    let mut watch = opened.store.follow(KeyRange::all(), WatchOptions::after(base).prev()).await;
    opened.store.set("a", "3").await;
    assert_eq!(told(&mut watch, base, 4).await, ["1: a=1", "2: a=2(1)", "3: -a(2)", "4: a=3"]);
    nothing_more(&mut watch).await;
}

/// What was forgotten stays so, and says from where on there is something.
pub async fn compaction_is_remembered(place: Place) {
    let opened = place.open().await;
    let first = opened.store.set("a", "1").await;
    let second = opened.store.set("a", "2").await;
    opened.store.set("b", "1").await;
    sure(opened.store.compact(second).await);
    close(opened).await;

    let opened = place.open().await;
    assert_eq!(sure(opened.store.status().await).oldest, second);
    let error = refused(opened.store.range(KeyRange::all(), RangeOptions::at(first)).await);
    assert!(matches!(error, Error::Compacted { oldest, .. } if oldest == second), "{error}");
    assert_eq!(opened.store.all_at(second).await, "a=2");
}

/// Not even if the last thing that happened was a deletion and all before it was forgotten.
pub async fn the_revision_never_goes_back(place: Place) {
    let mut last = Revision::ZERO;
    for round in 0..4 {
        let opened = place.open().await;
        assert!(opened.store.now().await >= last, "{} < {last}", opened.store.now().await);
        opened.store.set("a", "1").await;
        last = opened.store.unset(KeyRange::one("a")).await;
        sure(opened.store.compact(last).await);
        if round % 2 == 0 {
            sure(opened.maintenance.defragment().await);
        }
        drop(opened);
        let opened = place.open().await;
        assert_eq!(opened.store.now().await, last);
        let mut watch = opened.store.follow(KeyRange::all(), WatchOptions::since(last)).await;
        assert_eq!(told(&mut watch, last.previous(), 1).await, ["1: -a"]);
        close(opened).await;
    }
}

/// With their keys. Their time may have started again, never run out early.
pub async fn leases_are_there(place: Place) {
    let opened = place.open().await;
    let lease = sure(opened.leases.grant(Duration::from_secs(600), None).await);
    let gone = sure(opened.leases.grant(Duration::from_secs(600), None).await);
    opened.store.run(Txn::always(put("a", "1").lease(lease.id))).await;
    sure(opened.leases.revoke(gone.id).await);
    close(opened).await;

    let opened = place.open().await;
    assert_eq!(sure(opened.leases.leases().await), [lease.id]);
    let status = sure(opened.leases.time_to_live(lease.id).await);
    assert_eq!((status.keys, status.ttl), (vec!["a".into()], lease.ttl));
    assert!(status.remaining > Duration::from_secs(500) && status.remaining <= lease.ttl, "{:?}", status.remaining);
    assert_eq!(opened.store.one("a").await.and_then(|kv| kv.lease), Some(lease.id));
    let base = opened.store.now().await;
    let mut watch = opened.store.follow(KeyRange::all(), WatchOptions::from_now()).await;
    assert_eq!(sure(opened.leases.revoke(lease.id).await), base.next());
    assert_eq!(next(&mut watch).await.events.len(), 1);
}

/// Whatever was going on when the store was dropped: writes, compaction, defragmentation. All that was acknowledged is
/// there, at its revision; of what was not, each transaction is there as a whole or not at all.
pub async fn a_crash_loses_nothing_acknowledged(place: Place) {
    let mut opened = place.open().await;
    let mut seen = opened.store.now().await;
    let recorder = Recorder::new(seen);
    for round in 0..8 {
        let gone = Arc::downgrade(&opened.store);
        crash(opened, &recorder, round).await;
        while gone.strong_count() > 0 {
            sleep(Duration::from_millis(1)).await;
        }
        opened = place.open().await;
        seen = hear(recorder.record(Arc::clone(&opened.store)), seen).await;
    }
    let mut history = recorder.history();
    history.prev_may_be_compacted = true;
    check(&history).assert_none();
}

/// Uses the store in every way and drops it in the midst.
async fn crash(opened: Opened, recorder: &Recorder, round: u64) {
    let Opened { store, maintenance, leases: _ } = opened;
    let upkeep = Tasks::new();
    upkeep.spawn(async move {
        loop {
            drop(maintenance.defragment().await);
            sleep(Duration::from_millis(1)).await;
        }
    });
    let plan = Plan {
        seed: round,
        clients: 6,
        calls: 1000,
        watches: 2,
        compact_every: 11,
        // What nobody was told of yet is not forgotten: it will be asked for after the crash.
        least_lag: 8,
        cut_after: 40 + 13 * round as usize,
        ..Plan::default()
    };
    sure(traffic::run(Arc::new(recorder.record(store)), plan).await);
    upkeep.stop().await;
}

/// Listens to what happened after `seen`, as far as it is held, and reads all.
async fn hear(store: impl Store, seen: Revision) -> Revision {
    let now = store.now().await;
    let oldest = sure(store.status().await).oldest;
    let mut watch = store.follow(KeyRange::all(), WatchOptions::since(oldest.max(seen.next()))).await;
    watch.request_progress();
    while !next(&mut watch).await.is_progress() {}
    store.read(KeyRange::all(), RangeOptions::latest()).await;
    now
}
