//! Promises 3, 7, 8 and 10, as several callers see them at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_store::{Delete, EventKind, KeyRange, Put, RangeOptions, Revision, Store, StoreExt, Swap, Txn, WatchOptions};

use super::support::{Sure, bytes, next, sure, together};

/// Compare and swap, again when another was first.
pub async fn no_increment_is_lost(store: Arc<dyn Store>) {
    store.set("n", "0").await;
    together(4, |_| {
        let store = Arc::clone(&store);
        async move {
            for _ in 0..10 {
                increment(&*store).await;
            }
        }
    })
    .await;
    let kv = store.one("n").await.expect("n exists");
    assert_eq!((&kv.value[..], kv.version), (&b"40"[..], 41));
}

async fn increment(store: &dyn Store) {
    let mut seen = store.one("n").await;
    loop {
        let kv = seen.expect("n exists");
        let n: u64 = std::str::from_utf8(&kv.value).ok().and_then(|n| n.parse().ok()).expect("n is a number");
        // So that somebody can come between.
        tokio::task::yield_now().await;
        match sure(store.update(bytes("n"), kv.mod_revision, bytes(&(n + 1).to_string())).await) {
            Swap::Done(_) => return,
            Swap::Stale(found) => seen = found,
        }
    }
}

/// The others learn what it wrote.
pub async fn one_creator_wins(store: Arc<dyn Store>) {
    let outcomes = together(8, |i| {
        let store = Arc::clone(&store);
        async move { (i, sure(store.create(bytes("leader"), bytes(&i.to_string())).await)) }
    })
    .await;
    let winners: Vec<_> = outcomes.iter().filter(|(_, swap)| matches!(swap, Swap::Done(_))).collect();
    assert_eq!(winners.len(), 1);
    let leader = winners[0].0.to_string();
    for (_, swap) in &outcomes {
        if let Swap::Stale(found) = swap {
            assert_eq!(found.as_ref().map(|kv| &kv.value[..]), Some(leader.as_bytes()));
        }
    }
}

/// One's own writes, and a revision that never goes back.
pub async fn reads_see_what_was_answered(store: Arc<dyn Store>) {
    together(4, |i| {
        let store = Arc::clone(&store);
        async move {
            let key = format!("k{i}");
            let mut last = Revision::ZERO;
            for n in 0..10 {
                let written = store.set(&key, &n.to_string()).await;
                let page = store.read(KeyRange::one(bytes(&key)), RangeOptions::latest()).await;
                assert!(written > last && page.revision >= written);
                assert_eq!(page.items[0].mod_revision, written);
                last = page.revision;
                tokio::task::yield_now().await;
            }
        }
    })
    .await;
}

async fn write_at_random(store: Arc<dyn Store>, i: u64) {
    for n in 0..15 {
        let (mine, shared) = (bytes(&format!("w{i}/{}", n % 3)), bytes(&format!("shared/{}", (i + n) % 4)));
        let value = bytes(&format!("{i}.{n}"));
        let txn = if n % 4 == 3 {
            Txn::always(Delete::one(mine)).then(Put::new(shared, value))
        } else {
            Txn::always(Put::new(mine, value.clone())).then(Put::new(shared, value))
        };
        store.run(txn).await;
        tokio::task::yield_now().await;
    }
}

/// Replayed on the state at which it was opened, at every revision a whole transaction.
pub async fn watches_add_up_to_the_state(store: Arc<dyn Store>) {
    let base = store.now().await;
    let mut watch = store.follow(KeyRange::all(), WatchOptions::from_now().prev()).await;
    together(4, |i| write_at_random(Arc::clone(&store), i)).await;
    let end = store.read(KeyRange::all(), RangeOptions::latest()).await;
    assert_eq!(end.revision.0, base.0 + 60);
    let mut state = BTreeMap::new();
    for n in 1..=60 {
        let batch = next(&mut watch).await;
        assert_eq!((batch.revision.0, batch.events.len()), (base.0 + n, 2));
        for event in batch.events {
            let before = match event.kind {
                EventKind::Put => state.insert(event.kv.key.clone(), event.kv.clone()),
                EventKind::Delete => state.remove(&event.kv.key),
            };
            assert_eq!(before, event.prev);
        }
    }
    assert_eq!(state.into_values().collect::<Vec<_>>(), end.items);
}

/// Watches that are opened amid writing, each from the beginning.
pub async fn history_and_present_meet(store: Arc<dyn Store>) {
    let base = store.now().await;
    together(4, |i| {
        let store = Arc::clone(&store);
        async move {
            if i % 2 == 0 {
                return write_at_random(store, i).await;
            }
            for _ in 0..5 {
                let mut watch = store.follow(KeyRange::all(), WatchOptions::after(base)).await;
                for n in 1..=30 {
                    assert_eq!(next(&mut watch).await.revision.0, base.0 + n);
                }
            }
        }
    })
    .await;
}
