use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use k8s_env::Random;
use k8s_store::{
    Compare, Error, Field, KeyRange, Leases, Memory, Op, Put, RangeOptions, Store, StoreExt, Txn, WatchOptions,
};
use k8s_store_encrypted::{DataKey, Encrypted, KeyError, KeyProvider, KeyRing, Rewritten, WrappedKey};

fn ring(seed: u64) -> Arc<KeyRing> {
    Arc::new(KeyRing::new("one", [1; 32], Random::seeded(seed)))
}

fn name_of(stored: &Bytes) -> String {
    let len = usize::from(stored[8]);
    String::from_utf8_lossy(&stored[9..9 + len]).into_owned()
}

#[tokio::test]
async fn rotation_is_seen_at_the_next_write_and_old_values_stay_readable() {
    let (below, ring) = (Arc::new(Memory::new()), ring(1));
    let store = Encrypted::new(Arc::clone(&below), Arc::clone(&ring));
    store.put("a".into(), "1".into()).await.unwrap();
    ring.rotate("two", [2; 32]);
    store.put("b".into(), "2".into()).await.unwrap();
    for (key, value, name) in [("a", "1", "one"), ("b", "2", "two")] {
        assert_eq!(store.get(key.into()).await.unwrap().unwrap().value, value);
        assert_eq!(name_of(&below.get(key.into()).await.unwrap().unwrap().value), name);
    }
}

#[tokio::test]
async fn another_start_reads_what_this_one_wrote() {
    let below = Arc::new(Memory::new());
    Encrypted::new(Arc::clone(&below), ring(1)).put("a".into(), "1".into()).await.unwrap();
    let again = Encrypted::new(Arc::clone(&below), ring(2));
    let mut watch = again.watch(KeyRange::all(), WatchOptions::since(k8s_store::Revision(2))).await.unwrap();
    assert_eq!(watch.next().await.unwrap().unwrap().events[0].kv.value, "1");
    assert_eq!(again.get("a".into()).await.unwrap().unwrap().value, "1");
}

#[tokio::test(start_paused = true)]
async fn rewriting_leaves_nothing_under_the_old_key_and_keeps_leases() {
    let (below, ring) = (Arc::new(Memory::new()), ring(1));
    below.put("plain".into(), "0".into()).await.unwrap();
    let store = Encrypted::builder(Arc::clone(&below), Arc::clone(&ring)).reads_plain_values().build();
    let lease = store.grant(std::time::Duration::from_secs(60), None).await.unwrap().id;
    for n in 0..1200 {
        store.put(format!("k{n:04}").into(), n.to_string().into()).await.unwrap();
    }
    store.txn(Txn::always(Put::new("leased", "x").lease(lease))).await.unwrap();
    ring.rotate("two", [2; 32]);
    store.put("k0007".into(), "new".into()).await.unwrap();
    let done = store.rewrite(KeyRange::all()).await.unwrap();
    assert_eq!(done, Rewritten { seen: 1202, rewritten: 1201, overtaken: 0 });
    assert_eq!(store.rewrite(KeyRange::all()).await.unwrap().rewritten, 0);
    store.compact(store.status().await.unwrap().revision).await.unwrap();
    ring.retire(b"one");
    let page = store.range(KeyRange::all(), RangeOptions::latest()).await.unwrap();
    assert_eq!((page.count, &page.items[7].value[..]), (1202, &b"new"[..]));
    assert_eq!(store.get("leased".into()).await.unwrap().unwrap().lease, Some(lease));
    assert_eq!(store.get("plain".into()).await.unwrap().unwrap().value, "0");
}

#[tokio::test]
async fn what_needs_a_key_that_is_gone_is_unavailable_and_says_which() {
    let below = Arc::new(Memory::new());
    Encrypted::new(Arc::clone(&below), ring(1)).put("a".into(), "1".into()).await.unwrap();
    let other = Encrypted::new(Arc::clone(&below), KeyRing::new("two", [2; 32], Random::seeded(2)));
    let error = other.get("a".into()).await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(matches!(error, Error::Unavailable { .. }) && source == "key \"one\" is unknown", "{source}");
    // Keys alone can be listed without it, and others written.
    other.range(KeyRange::all(), RangeOptions::latest().keys_only()).await.unwrap();
    other.put("b".into(), "2".into()).await.unwrap();
    // A write is not undone because what was before cannot be told.
    let error = other.txn(Txn::always(Put::new("a", "2").prev())).await.unwrap_err();
    assert!(matches!(error, Error::Uncertain { .. }), "{error}");
    assert_eq!(other.get("a".into()).await.unwrap().unwrap().value, "2");
}

/// Counts, and fails when told to.
#[derive(Debug)]
struct Counting {
    ring: KeyRing,
    calls: AtomicUsize,
}

#[async_trait]
impl KeyProvider for Counting {
    fn current(&self) -> Bytes {
        self.ring.current()
    }

    async fn wrap(&self, data_key: &DataKey) -> Result<WrappedKey, KeyError> {
        if self.calls.fetch_add(1, Ordering::Relaxed) == 0 {
            return Err(KeyError::Unavailable { source: Arc::new(std::io::Error::other("no route")) });
        }
        self.ring.wrap(data_key).await
    }

    async fn unwrap(&self, wrapped: &WrappedKey) -> Result<DataKey, KeyError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.ring.unwrap(wrapped).await
    }
}

#[tokio::test]
async fn the_provider_is_asked_once_and_its_failure_writes_nothing() {
    let ring = KeyRing::new("one", [1; 32], Random::seeded(1));
    let provider = Arc::new(Counting { ring, calls: AtomicUsize::new(0) });
    let store = Encrypted::new(Memory::new(), Arc::clone(&provider));
    let error = store.put("a".into(), "1".into()).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    assert_eq!(store.get("a".into()).await.unwrap(), None);
    for n in 0..100 {
        store.put("a".into(), n.to_string().into()).await.unwrap();
        store.get("a".into()).await.unwrap();
    }
    assert_eq!(provider.calls.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_put_that_keeps_its_value_keeps_it_readable() {
    let store = Encrypted::new(Memory::new(), ring(1));
    store.put("a".into(), "1".into()).await.unwrap();
    let keep = Put { value: Field::Keep, ..Put::new("a", "") };
    let read = Op::Range(KeyRange::one("a"), RangeOptions::latest());
    store.txn(Txn::when([Compare::exists("a")]).then(keep).then(read)).await.unwrap();
    assert_eq!(store.get("a".into()).await.unwrap().unwrap().value, "1");
}
