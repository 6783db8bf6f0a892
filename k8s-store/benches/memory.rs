//! What the memory store costs: `cargo bench -p k8s-store`.

#![expect(clippy::unwrap_used, reason = "a bench stops at the first surprise")]

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use k8s_store::{
    Compare, Delete, Error, KeyRange, Memory, Put, RangeOptions, Revision, Store, Txn, Watch, WatchOptions,
};

const KEYS: u64 = 100_000;

/// Runs a call that completes in its first poll, as all calls of the memory store do.
fn now<T>(call: impl Future<Output = Result<T, Error>>) -> T {
    match pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result.unwrap(),
        Poll::Pending => unreachable!("the memory store does not wait"),
    }
}

fn key(n: u64) -> Bytes {
    format!("/registry/pods/namespace-{:03}/deployment-6f7d8c9b5-{n:06}", n % 100).into()
}

fn filled() -> Arc<dyn Store> {
    let store = Arc::new(Memory::new());
    for n in 0..KEYS {
        now(store.txn(Txn::always(Put::new(key(n), vec![b'x'; 1024]))));
    }
    store
}

/// Keys in an order that visits all without a pattern that a cache could follow.
fn scattered(n: u64) -> u64 {
    n.wrapping_mul(48_271) % KEYS
}

fn writes(c: &mut Criterion) {
    let keys: Vec<_> = (0..KEYS).map(key).collect();
    let mut group = c.benchmark_group("write");
    group.throughput(Throughput::Elements(1)).measurement_time(Duration::from_secs(3));
    for watchers in [0, 1, 100] {
        let store = filled();
        let watch = || now(store.watch(KeyRange::prefix("/registry/"), WatchOptions::from_now().buffer(1)));
        let _full: Vec<Watch> = (0..watchers).map(|_| watch()).collect();
        let mut n = 0;
        group.bench_function(format!("overwrite/{watchers}-watchers"), |b| {
            b.iter_batched(
                || {
                    n += 1;
                    let key = keys[scattered(n) as usize].clone();
                    Txn::always(Put::new(key, vec![b'y'; 1024]))
                },
                |txn| now(store.txn(txn)),
                BatchSize::SmallInput,
            );
        });
    }
    let store = filled();
    let mut n = 0;
    group.bench_function("compare-and-swap", |b| {
        b.iter_batched(
            || {
                n += 1;
                let key = keys[scattered(n) as usize].clone();
                let compare = Compare { relation: k8s_store::Relation::NotEqual, ..Compare::absent(key.clone()) };
                Txn::when([compare]).then(Put::new(key, vec![b'y'; 1024]))
            },
            |txn| now(store.txn(txn)),
            BatchSize::SmallInput,
        );
    });
    group.throughput(Throughput::Elements(2));
    group.bench_function("create-and-delete", |b| {
        b.iter_batched(
            || {
                n += 1;
                Bytes::from(format!("/registry/pods/new/{n}"))
            },
            |key| {
                now(store.txn(Txn::when([Compare::absent(key.clone())]).then(Put::new(key.clone(), vec![b'y'; 1024]))));
                now(store.txn(Txn::always(Delete::one(key))))
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn reads(c: &mut Criterion) {
    let store = filled();
    let mut group = c.benchmark_group("read");
    group.measurement_time(Duration::from_secs(2));
    group.bench_function("get", |b| {
        let mut n = 0;
        b.iter(|| {
            n += 1;
            now(store.range(KeyRange::one(key(scattered(n))), RangeOptions::latest()))
        });
    });
    // Ten namespaces of a thousand keys.
    let range = || KeyRange::range("/registry/pods/namespace-010/", "/registry/pods/namespace-020/");
    let past = now(store.status()).revision;
    for n in 0..1000 {
        now(store.txn(Txn::always(Put::new(key(n), "new"))));
    }
    for (name, options) in [
        ("range/500-of-10k", RangeOptions::latest().limit(500)),
        ("range/10k", RangeOptions::latest()),
        ("range/10k-past", RangeOptions::at(past)),
        ("range/10k-count", RangeOptions::latest().count_only()),
    ] {
        group.bench_function(name, |b| b.iter(|| black_box(now(store.range(range(), options)))));
    }
    group.finish();
}

fn drain(watch: &mut Watch) -> Revision {
    let mut last = Revision::ZERO;
    let mut context = Context::from_waker(Waker::noop());
    while let Poll::Ready(Some(Ok(batch))) = pin!(watch.next()).poll(&mut context) {
        last = black_box(batch).revision;
    }
    last
}

fn watches(c: &mut Criterion) {
    let mut group = c.benchmark_group("watch");
    group.measurement_time(Duration::from_secs(3)).sample_size(20);
    for watchers in [1_u64, 100, 1_000, 10_000] {
        let store: Arc<dyn Store> = Arc::new(Memory::new());
        let watch = |_| now(store.watch(KeyRange::prefix("/"), WatchOptions::from_now()));
        let mut watches: Vec<_> = (0..watchers).map(watch).collect();
        let events = 100_000 / watchers;
        group.throughput(Throughput::Elements(events.min(1000) * watchers));
        group.bench_function(format!("event/{watchers}-watchers"), |b| {
            b.iter(|| {
                for n in 0..events.min(1000) {
                    now(store.txn(Txn::always(Put::new(key(n), "value"))));
                }
                watches.iter_mut().map(drain).max()
            });
        });
    }
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let watch = |n| now(store.watch(KeyRange::one(key(n)), WatchOptions::from_now().buffer(1)));
    let _each_its_own: Vec<_> = (0..10_000).map(watch).collect();
    group.throughput(Throughput::Elements(1));
    group.bench_function("write/10000-watchers-of-other-keys", |b| {
        b.iter(|| now(store.txn(Txn::always(Put::new("/registry/other", "value")))));
    });
    group.finish();
}

criterion_group!(benches, writes, reads, watches);
criterion_main!(benches);
