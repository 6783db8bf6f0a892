//! Promise 3, as far as one caller can see it.

use std::sync::Arc;

use k8s_store::{
    Compare, Delete, Error, Field, KeyRange, Op, OpResult, Put, RangeOptions, Relation, Revision, Store, Txn,
    WatchOptions,
};

use super::support::{Sure, bytes, next, put, refused};
use crate::text;

fn read_all() -> Op {
    Op::Range(KeyRange::all(), RangeOptions::latest())
}

fn seen(result: &OpResult) -> String {
    match result {
        OpResult::Range(page) => text::page(page),
        other => panic!("not a range: {other:?}"),
    }
}

/// One comparison that fails is enough.
pub async fn the_other_branch_runs_if_a_comparison_fails(store: Arc<dyn Store>) {
    store.set("a", "1").await;
    let both = |second: &str| {
        Txn::when([Compare::exists("a"), Compare::value("a", Relation::Equal, bytes(second))])
            .then(put("yes", second))
            .otherwise(put("no", second))
            .otherwise(read_all())
    };
    let outcome = store.run(both("1")).await;
    assert!(outcome.succeeded);
    assert_eq!(outcome.results, [OpResult::Put { prev: None }]);
    let outcome = store.run(both("2")).await;
    assert!(!outcome.succeeded);
    assert_eq!(seen(&outcome.results[1]), "a=1 no=2 yes=1");
}

/// A put before it in the same transaction does not make a comparison hold.
pub async fn comparisons_see_the_state_before(store: Arc<dyn Store>) {
    let txn = Txn::when([Compare::absent("a")]).then(put("a", "1")).otherwise(put("a", "2"));
    assert!(store.run(txn.clone()).await.succeeded);
    assert!(!store.run(txn).await.succeeded);
    assert_eq!(store.all().await, "a=2");
}

/// Reads between writes, and a deletion of what was there.
pub async fn operations_see_those_before_them(store: Arc<dyn Store>) {
    store.set("a", "1").await;
    let txn = Txn::always(read_all()).then(put("b", "2")).then(read_all()).then(Delete::one("a")).then(read_all());
    let outcome = store.run(txn).await;
    let reads: Vec<_> = [0, 2, 4].iter().map(|i| seen(&outcome.results[*i])).collect();
    assert_eq!(reads, ["a=1", "a=1 b=2", "b=2"]);
    for result in &outcome.results {
        if let OpResult::Range(page) = result {
            assert_eq!(page.revision, outcome.revision);
        }
    }
}

/// Inner comparisons too see what was before the outermost transaction; all share one revision.
pub async fn inner_transactions_decide_on_the_state_before(store: Arc<dyn Store>) {
    let base = store.now().await;
    let inner = Txn::when([Compare::absent("a")]).then(put("b", "absent")).otherwise(put("b", "there"));
    let outcome = store.run(Txn::always(put("a", "1")).then(inner).then(read_all())).await;
    assert_eq!(seen(&outcome.results[2]), "a=1 b=absent");
    match &outcome.results[1] {
        OpResult::Txn(inner) => assert_eq!((inner.succeeded, inner.revision), (true, base.next())),
        other => panic!("not a transaction: {other:?}"),
    }
    assert_eq!(store.now().await, base.next());
}

/// In every way in which one branch could change a key twice.
pub async fn a_key_changes_once(store: Arc<dyn Store>) {
    let base = store.set("a", "1").await;
    let inner = |op: Op| Txn::when([Compare::exists("a")]).otherwise(op);
    for txn in [
        Txn::always(put("a", "2")).then(put("a", "3")),
        Txn::always(put("a", "2")).then(Delete::one("a")),
        Txn::always(Delete::range(KeyRange::prefix("a"))).then(put("ab", "2")),
        Txn::when([Compare::exists("a")]).otherwise(put("a", "2")).otherwise(put("a", "3")),
        Txn::always(put("a", "2")).then(inner(put("a", "3").into())),
        Txn::always(inner(put("a", "2").into())).then(inner(Delete::range(KeyRange::all()).into())),
        Txn::always(inner(Delete::one("a").into())).then(put("a", "2")),
    ] {
        let error = refused(store.txn(txn).await);
        assert!(matches!(error, Error::Invalid { .. }), "{error}");
    }
    assert_eq!((store.now().await, store.all().await), (base, "a=1".to_owned()));
    // Two branches that exclude each other may change the same key.
    let either = Txn::when([Compare::exists("a")]).then(put("a", "2")).otherwise(put("a", "3"));
    store.run(Txn::always(put("b", "1")).then(either)).await;
    assert_eq!(store.all().await, "a=2 b=1");
}

/// The second finds nothing left.
pub async fn deletes_may_overlap(store: Arc<dyn Store>) {
    store.set("a", "1").await;
    let outcome = store.run(Txn::always(Delete::one("a")).then(Delete::range(KeyRange::all()))).await;
    let deleted = |n| OpResult::Delete { deleted: n, prev: Vec::new() };
    assert_eq!(outcome.results, [deleted(1), deleted(0)]);
}

/// Even if the operation that fails is the last.
pub async fn an_error_changes_nothing(store: Arc<dyn Store>) {
    let base = store.set("a", "1").await;
    let keep = Put { value: Field::Keep, ..put("missing", "") };
    let error = refused(store.txn(Txn::always(put("a", "2")).then(Delete::one("b")).then(keep)).await);
    assert!(matches!(&error, Error::NotFound { key } if key == "missing"), "{error}");
    let future = Op::Range(KeyRange::all(), RangeOptions::at(Revision(base.0 + 9)));
    let error = refused(store.txn(Txn::always(put("a", "2")).then(future)).await);
    assert!(matches!(error, Error::Future { .. }), "{error}");
    assert_eq!((store.now().await, store.all().await), (base, "a=1".to_owned()));
}

/// Counts always, versions on request.
pub async fn results_tell_what_was_before(store: Arc<dyn Store>) {
    store.set("a", "1").await;
    let before = store.one("a").await;
    let txn = Txn::always(put("a", "2").prev()).then(put("b", "1").prev()).then(put("c", "1"));
    let none = OpResult::Put { prev: None };
    assert_eq!(store.run(txn).await.results, [OpResult::Put { prev: before }, none.clone(), none]);

    let gone = store.read(KeyRange::range("a", "c"), RangeOptions::latest()).await.items;
    let txn = Txn::always(Delete::range(KeyRange::range("a", "c")).prev()).then(Delete::one("c"));
    let results = store.run(txn).await.results;
    assert_eq!(
        results,
        [OpResult::Delete { deleted: 2, prev: gone }, OpResult::Delete { deleted: 1, prev: Vec::new() }]
    );
}

/// A new version with the old value.
pub async fn a_put_can_keep_the_value(store: Arc<dyn Store>) {
    store.set("a", "1").await;
    let revision = store.run(Txn::always(Put { value: Field::Keep, ..put("a", "") })).await.revision;
    let kv = store.one("a").await.expect("a exists");
    assert_eq!((&kv.value[..], kv.version, kv.mod_revision), (&b"1"[..], 2, revision));
}

/// In either branch, whether it would run or not.
pub async fn keys_are_not_empty(store: Arc<dyn Store>) {
    for txn in [
        Txn::always(put("", "1")),
        Txn::when([Compare::exists("a")]).then(put("", "1")),
        Txn::always(put("a", "1")).then(put("", "1")),
    ] {
        assert!(matches!(refused(store.txn(txn).await), Error::Invalid { .. }));
    }
    assert_eq!(store.all().await, "");
}

async fn many_are_one_step(store: Arc<dyn Store>, n: usize) {
    let base = store.now().await;
    let mut watch = store.follow(KeyRange::all(), WatchOptions::from_now()).await;
    let txn = (0..n).fold(Txn::default(), |txn, i| txn.then(put(&format!("k{i:04}"), "x")));
    assert_eq!(store.run(txn).await.revision, base.next());
    let batch = next(&mut watch).await;
    assert_eq!((batch.events.len(), batch.revision), (n, base.next()));
    let count = store.read(KeyRange::all(), RangeOptions::latest().count_only()).await.count;
    assert_eq!(count, n as u64);
}

/// As many as any store takes.
pub async fn a_hundred_operations_are_one_step(store: Arc<dyn Store>) {
    many_are_one_step(store, 128).await;
}

/// More than some take.
pub async fn a_thousand_operations_are_one_step(store: Arc<dyn Store>) {
    many_are_one_step(store, 1000).await;
}
