//! Promises 1 and 2.

use std::sync::Arc;

use k8s_store::{Compare, Delete, KeyRange, Op, RangeOptions, Store, Txn};

use super::support::{Sure, put};

/// Zero is free to mean "none".
pub async fn revisions_are_never_zero(store: Arc<dyn Store>) {
    assert!(store.now().await.0 >= 1);
    let page = store.read(KeyRange::all(), RangeOptions::latest()).await;
    assert_eq!((page.revision, page.count, page.more), (store.now().await, 0, false));
}

/// Creating, overwriting and deleting count alike.
pub async fn each_write_gets_the_next_revision(store: Arc<dyn Store>) {
    let base = store.now().await;
    assert_eq!(store.set("a", "1").await.0, base.0 + 1);
    assert_eq!(store.set("a", "2").await.0, base.0 + 2);
    assert_eq!(store.set("b", "1").await.0, base.0 + 3);
    assert_eq!(store.unset(KeyRange::one("a")).await.0, base.0 + 4);
    assert_eq!(store.now().await.0, base.0 + 4);
}

/// All keys of a transaction carry its revision.
pub async fn one_transaction_is_one_revision(store: Arc<dyn Store>) {
    let base = store.now().await;
    let outcome = store.run(Txn::always(put("a", "1")).then(put("b", "1")).then(put("c", "1"))).await;
    assert_eq!(outcome.revision, base.next());
    let page = store.read(KeyRange::all(), RangeOptions::latest()).await;
    assert!(page.items.iter().all(|kv| kv.mod_revision == base.next() && kv.create_revision == base.next()));
    assert_eq!(page.items.len(), 3);
}

/// Neither a deletion of nothing, nor a branch without writes, nor a read.
pub async fn writing_nothing_takes_no_revision(store: Arc<dyn Store>) {
    let base = store.set("a", "1").await;
    assert_eq!(store.unset(KeyRange::one("b")).await, base);
    assert_eq!(store.unset(KeyRange::range("x", "a")).await, base);
    assert_eq!(store.run(Txn::when([Compare::absent("a")]).then(put("b", "1"))).await.revision, base);
    let read = Op::Range(KeyRange::all(), RangeOptions::latest());
    assert_eq!(store.run(Txn::always(read).then(Delete::one("b"))).await.revision, base);
    assert_eq!(store.now().await, base);
}

/// A store does not look whether a value is new.
pub async fn writing_the_same_again_is_a_write(store: Arc<dyn Store>) {
    let first = store.set("a", "1").await;
    assert_eq!(store.set("a", "1").await, first.next());
    assert_eq!(store.one("a").await.map(|kv| kv.version), Some(2));
}

/// Creation stays, modification moves, the version counts.
pub async fn versions_count_writes(store: Arc<dyn Store>) {
    let created = store.set("a", "1").await;
    store.set("b", "1").await;
    let written = store.set("a", "2").await;
    let kv = store.one("a").await.expect("a exists");
    assert_eq!((kv.create_revision, kv.mod_revision, kv.version), (created, written, 2));
    assert_eq!((&kv.value[..], kv.lease), (&b"2"[..], None));
}

/// Nothing is left of the life before.
pub async fn a_key_created_again_starts_anew(store: Arc<dyn Store>) {
    store.set("a", "1").await;
    store.set("a", "2").await;
    store.unset(KeyRange::one("a")).await;
    assert_eq!(store.one("a").await, None);
    let created = store.set("a", "3").await;
    let kv = store.one("a").await.expect("a exists");
    assert_eq!((kv.create_revision, kv.mod_revision, kv.version), (created, created, 1));
}

/// A key with an empty value exists.
pub async fn empty_values_are_values(store: Arc<dyn Store>) {
    store.set("a", "").await;
    assert_eq!(store.one("a").await.map(|kv| kv.value.len()), Some(0));
    assert!(store.run(Txn::when([Compare::exists("a")])).await.succeeded);
}
