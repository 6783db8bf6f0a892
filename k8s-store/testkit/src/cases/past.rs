//! Promise 6.

use std::sync::Arc;

use k8s_store::{Error, KeyRange, Op, OpResult, RangeOptions, Store, Txn};

use super::support::{Sure, put, refused};
use crate::text;

/// Between writes of one key, of several, and of others.
pub async fn each_revision_can_be_read(store: Arc<dyn Store>) {
    store.set("a", "0").await;
    let mut expected = Vec::new();
    for n in 1..=9 {
        let revision = store.run(Txn::always(put("a", &n.to_string())).then(put(&format!("k{n}"), "x"))).await.revision;
        expected.push((revision, store.all().await));
    }
    for (revision, then) in expected {
        assert_eq!(store.all_at(revision).await, then);
        let page = store.read(KeyRange::one("a"), RangeOptions::at(revision)).await;
        assert_eq!(page.items[0].mod_revision, revision);
        assert_eq!(page.revision, store.now().await);
    }
}

/// As they were, with the versions they had.
pub async fn deleted_keys_are_in_the_past(store: Arc<dyn Store>) {
    store.set("a", "1").await;
    let there = store.set("b", "1").await;
    let as_was = store.one("a").await;
    let gone = store.unset(KeyRange::prefix("")).await;
    store.set("a", "2").await;
    assert_eq!(store.all_at(there).await, "a=1 b=1");
    assert_eq!(store.all_at(gone).await, "");
    assert_eq!(store.all().await, "a=2");
    let page = store.read(KeyRange::one("a"), RangeOptions::at(there)).await;
    assert_eq!(page.items.first(), as_was.as_ref());
}

/// Whatever is written between the pages.
pub async fn a_list_is_paged_at_one_revision(store: Arc<dyn Store>) {
    for n in 0..7 {
        store.set(&format!("k/{n}"), "old").await;
    }
    let mut range = KeyRange::prefix("k/");
    let mut options = RangeOptions::latest().limit(3);
    let (mut pages, mut left) = (Vec::new(), Vec::new());
    loop {
        let page = store.read(range.clone(), options).await;
        options.revision = options.revision.or(Some(page.revision));
        pages.push(page.items.len());
        left.push(page.count);
        assert!(page.items.iter().all(|kv| kv.value == "old"));
        let last = page.items.last().expect("no page is empty").key.clone();
        range = range.after(&last);
        store.set("k/5", "new").await;
        store.set(&format!("k/{}x", pages.len()), "new").await;
        store.unset(KeyRange::one("k/6")).await;
        if !page.more {
            break;
        }
    }
    assert_eq!((pages, left), (vec![3, 3, 1], vec![7, 4, 1]));
}

/// Also if the transaction has changed the key already.
pub async fn transactions_read_the_past(store: Arc<dyn Store>) {
    let old = store.set("a", "1").await;
    store.set("a", "2").await;
    let at = |revision| Op::Range(KeyRange::all(), RangeOptions::at(revision));
    let outcome = store.run(Txn::always(put("a", "3")).then(put("b", "3")).then(at(old)).then(at(old.next()))).await;
    let ranges = outcome.results.iter().filter_map(|result| match result {
        OpResult::Range(page) => Some(text::page(page)),
        _ => None,
    });
    assert_eq!(ranges.collect::<Vec<_>>(), ["a=1", "a=2"]);
}

/// With both revisions in the error.
pub async fn the_future_is_refused(store: Arc<dyn Store>) {
    let now = store.set("a", "1").await;
    let error = refused(store.range(KeyRange::all(), RangeOptions::at(now.next())).await);
    assert!(matches!(error, Error::Future { asked, latest } if asked == now.next() && latest == now), "{error}");
}
