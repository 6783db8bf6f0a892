use std::sync::Arc;

use k8s_env::Random;
use k8s_store::{
    Compare, Error, KeyRange, Memory, Operand, Put, RangeOptions, Relation, Store, StoreExt, Txn, WatchOptions,
};
use k8s_store_encrypted::{Encrypted, KeyRing};

fn over(below: &Arc<Memory>) -> Encrypted<Arc<Memory>> {
    Encrypted::new(Arc::clone(below), KeyRing::new("one", [1; 32], Random::seeded(1)))
}

#[tokio::test]
async fn nothing_of_a_value_is_seen_below_and_equal_values_differ() {
    let below = Arc::new(Memory::new());
    let store = over(&below);
    store.put("a".into(), "a long secret".into()).await.unwrap();
    store.put("b".into(), "a long secret".into()).await.unwrap();
    let raw = below.range(KeyRange::all(), RangeOptions::latest()).await.unwrap().items;
    assert!(raw.iter().all(|kv| !kv.value.windows(6).any(|part| part == b"secret")));
    assert_ne!(raw[0].value, raw[1].value);
    assert_eq!(raw[0].value.len() - "a long secret".len() - "one".len(), 95 + 4);
}

async fn corrupt(store: &Encrypted<Arc<Memory>>, key: &'static str) -> String {
    match store.get(key.into()).await {
        Err(Error::Corrupt { place }) => place.into_owned(),
        other => panic!("not corrupt: {other:?}"),
    }
}

#[tokio::test]
async fn what_was_changed_moved_cut_or_not_encrypted_is_corrupt() {
    let below = Arc::new(Memory::new());
    let store = over(&below);
    store.put("a".into(), "1".into()).await.unwrap();
    let genuine = below.get("a".into()).await.unwrap().unwrap().value;
    below.put("moved".into(), genuine.clone()).await.unwrap();
    assert_eq!(corrupt(&store, "moved").await, "the value of \"moved\" is not what was encrypted for it");
    for at in [genuine.len() - 1, genuine.len() - 17, genuine.len() - 20] {
        let mut changed = genuine.to_vec();
        changed[at] ^= 1;
        below.put("a".into(), changed.into()).await.unwrap();
        assert_eq!(corrupt(&store, "a").await, "the value of \"a\" is not what was encrypted for it");
    }
    for len in 8..genuine.len() - 1 {
        below.put("a".into(), genuine.slice(..len)).await.unwrap();
        let error = store.get("a".into()).await.unwrap_err();
        assert!(matches!(error, Error::Corrupt { .. } | Error::Unavailable { .. }), "{len}: {error}");
    }
    below.put("a".into(), "plain".into()).await.unwrap();
    assert_eq!(corrupt(&store, "a").await, "the value of \"a\" is not encrypted");
    let mut watch = store.watch(KeyRange::one("a"), WatchOptions::from_now()).await.unwrap();
    below.put("a".into(), "plain".into()).await.unwrap();
    store.put("a".into(), "2".into()).await.unwrap();
    assert!(matches!(watch.next().await, Some(Err(Error::Corrupt { .. }))));
    assert!(watch.next().await.is_none());
}

#[tokio::test]
async fn comparisons_over_ranges_are_of_what_is_there_when_it_counts() {
    let below = Arc::new(Memory::new());
    let store = over(&below);
    let all_are = |value: &'static str| Compare {
        range: KeyRange::prefix("k/"),
        relation: Relation::Equal,
        operand: Operand::Value(value.into()),
    };
    let claim = |value| Txn::when([all_are(value)]).then(Put::new("all", value)).otherwise(Put::new("not", value));
    assert!(!store.txn(claim("x")).await.unwrap().succeeded);
    for n in 0..10 {
        store.put(format!("k/{n}").into(), "x".into()).await.unwrap();
    }
    assert!(store.txn(claim("x")).await.unwrap().succeeded);
    store.put("k/5".into(), "y".into()).await.unwrap();
    assert!(!store.txn(claim("x")).await.unwrap().succeeded);
    // Of a transaction inside, too.
    let inner = Txn::always(Txn::when([Compare::value("k/5", Relation::Equal, "y")]).then(Put::new("inner", "1")));
    store.txn(inner).await.unwrap();
    assert!(store.get("inner".into()).await.unwrap().is_some());
}

#[test]
fn comparisons_of_values_lose_no_update_among_threads() {
    let store = Arc::new(over(&Arc::new(Memory::new())));
    let runtime = || tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime().block_on(store.put("n".into(), "0".into())).unwrap();
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                runtime().block_on(async {
                    let mut done = 0;
                    while done < 100 {
                        let value = store.get("n".into()).await.unwrap().unwrap().value;
                        let next = (std::str::from_utf8(&value).unwrap().parse::<u64>().unwrap() + 1).to_string();
                        let txn = Txn::when([Compare::value("n", Relation::Equal, value)]).then(Put::new("n", next));
                        done += u64::from(store.txn(txn).await.unwrap().succeeded);
                    }
                });
            });
        }
    });
    assert_eq!(runtime().block_on(store.get("n".into())).unwrap().unwrap().value, "400");
}
