//! Many threads at once: nothing lost, nothing doubled, nobody asleep while there is something.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use k8s_store::{KeyRange, Memory, RangeOptions, Revision, Store, StoreExt, WatchOptions};
use tokio::runtime::Builder;
use tokio::time::timeout;

const WRITERS: u64 = 3;
const WRITES: u64 = 3_000;

fn write(store: &Memory, writer: u64) {
    Builder::new_current_thread().build().unwrap().block_on(async {
        for n in 0..WRITES {
            store.put(format!("{writer}/{}", n % 10).into(), n.to_string().into()).await.unwrap();
        }
    });
}

/// Reads until everything was seen; a lost wake-up shows as a wait without end.
fn follow(store: &Memory, range: KeyRange, step: impl Fn(Revision, Revision) -> bool, batches: u64) {
    Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
        let options = WatchOptions::after(Revision::FIRST).buffer(usize::MAX);
        let mut watch = store.watch(range, options).await.unwrap();
        let mut last = Revision::FIRST;
        for _ in 0..batches {
            let batch = timeout(Duration::from_secs(20), watch.next()).await.expect("woken").unwrap().unwrap();
            assert!(step(last, batch.revision), "{last} then {}", batch.revision);
            last = batch.revision;
        }
        watch.request_progress();
        let batch = watch.next().await.unwrap().unwrap();
        assert!(batch.is_progress() && batch.revision >= last, "{batch:?}");
    });
}

#[test]
fn watches_on_other_threads_get_everything_in_order() {
    let store = Arc::new(Memory::builder().history(usize::MAX).build());
    thread::scope(|threads| {
        for writer in 0..WRITERS {
            let store = &store;
            threads.spawn(move || write(store, writer));
            let mine = KeyRange::prefix(format!("{writer}/"));
            threads.spawn(move || follow(store, mine, |last, now| now > last, WRITES));
            threads.spawn(move || follow(store, KeyRange::all(), |last, now| now == last.next(), WRITES * WRITERS));
            let one = KeyRange::one(format!("{writer}/7"));
            threads.spawn(move || follow(store, one, |last, now| now > last, WRITES / 10));
        }
    });
}

#[test]
fn progress_never_runs_ahead_or_behind() {
    let store = Arc::new(Memory::new());
    thread::scope(|threads| {
        let writer = threads.spawn(|| write(&store, 0));
        Builder::new_current_thread().build().unwrap().block_on(async {
            let mut watch = store.watch(KeyRange::all(), WatchOptions::from_now().buffer(usize::MAX)).await.unwrap();
            let mut seen = watch.opened_at();
            while !writer.is_finished() {
                let asked = store.status().await.unwrap().revision;
                watch.request_progress();
                loop {
                    let batch = watch.next().await.unwrap().unwrap();
                    if batch.is_progress() {
                        assert_eq!(batch.revision, seen, "every revision has an event here");
                        assert!(batch.revision >= asked);
                        break;
                    }
                    assert_eq!(batch.revision, seen.next());
                    seen = batch.revision;
                }
            }
        });
    });
}

#[test]
fn watches_come_and_go_while_others_write() {
    let store = Arc::new(Memory::new());
    thread::scope(|threads| {
        let writer = threads.spawn(|| write(&store, 0));
        Builder::new_current_thread().build().unwrap().block_on(async {
            while !writer.is_finished() {
                let seen = store.range(KeyRange::all(), RangeOptions::latest()).await.unwrap().revision;
                let mut watch = store.watch(KeyRange::prefix("0/"), WatchOptions::after(seen)).await.unwrap();
                assert!(watch.opened_at() >= seen);
                for n in 1..=3 {
                    watch.request_progress();
                    let batch = watch.next().await.unwrap().unwrap();
                    if batch.is_progress() {
                        break;
                    }
                    assert_eq!(batch.revision.0, seen.0 + n);
                }
            }
        });
    });
}
