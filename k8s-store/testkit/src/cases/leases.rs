//! Promise 14.

use std::time::Duration;

use k8s_store::{
    Compare, Error, Field, KeyRange, LeaseId, Leases, Operand, Put, Relation, Store, Swap, Txn, WatchOptions,
};
use tokio::time::{Instant, sleep};

use super::Leased;
use super::support::{Sure, next, nothing_more, put, refused, sure, told};
use k8s_store::StoreExt;

const TTL: Duration = Duration::from_secs(2);
const SECOND: Duration = Duration::from_secs(1);

async fn set(store: &dyn Store, key: &str, value: &str, lease: LeaseId) {
    store.run(Txn::always(put(key, value).lease(lease))).await;
}

async fn grant(leases: &dyn Leases) -> LeaseId {
    sure(leases.grant(TTL, None).await).id
}

/// Watches hear of the deletion.
pub async fn a_lease_ends_with_its_time_and_not_before(Leased { store, leases }: Leased) {
    let granted = Instant::now();
    let lease = sure(leases.grant(TTL, None).await);
    set(&*store, "a", "1", lease.id).await;
    set(&*store, "b", "1", lease.id).await;
    store.set("c", "1").await;
    let base = store.now().await;
    let mut watch = store.follow(KeyRange::all(), WatchOptions::from_now().prev()).await;
    assert_eq!(told(&mut watch, base, 1).await, ["1: -a(1) -b(1)"]);
    assert!(granted.elapsed() >= TTL, "{:?}", granted.elapsed());
    assert_eq!(store.all().await, "c=1");
    assert!(matches!(refused(leases.keep_alive(lease.id).await), Error::LeaseNotFound { .. }));
}

/// As often as it comes.
pub async fn keep_alive_starts_the_time_again(Leased { store, leases }: Leased) {
    let id = grant(&*leases).await;
    set(&*store, "a", "1", id).await;
    for _ in 0..3 {
        sleep(TTL / 2).await;
        let lease = sure(leases.keep_alive(id).await);
        assert!(lease.id == id && lease.ttl >= TTL);
    }
    assert_eq!(store.all().await, "a=1");
    let status = sure(leases.time_to_live(id).await);
    // Whoever tells it in whole seconds may round down.
    assert!(status.remaining + SECOND >= TTL && status.remaining <= status.ttl, "{status:?}");
}

/// And no other's.
pub async fn revoking_deletes_all_keys_in_one_transaction(Leased { store, leases }: Leased) {
    let (one, two) = (grant(&*leases).await, grant(&*leases).await);
    for (key, lease) in [("a", one), ("b", two), ("c", one)] {
        set(&*store, key, "1", lease).await;
    }
    let base = store.now().await;
    let mut watch = store.follow(KeyRange::all(), WatchOptions::from_now()).await;
    assert_eq!(sure(leases.revoke(one).await), base.next());
    let batch = next(&mut watch).await;
    assert_eq!((batch.events.len(), batch.revision), (2, base.next()));
    nothing_more(&mut watch).await;
    assert_eq!(store.all().await, "b=1");
    // A lease without keys ends without a revision.
    let empty = grant(&*leases).await;
    assert_eq!(sure(leases.revoke(empty).await), base.next());
}

/// A later write unties it, or ties it to another.
pub async fn a_key_belongs_to_the_lease_of_its_last_write(Leased { store, leases }: Leased) {
    let (one, two) = (grant(&*leases).await, grant(&*leases).await);
    for key in ["stays", "untied", "moved", "deleted"] {
        set(&*store, key, "1", one).await;
    }
    store.set("untied", "2").await;
    set(&*store, "moved", "2", two).await;
    store.unset(KeyRange::one("deleted")).await;
    store.set("deleted", "2").await;
    assert_eq!(sure(leases.time_to_live(one).await).keys, ["stays"]);
    assert_eq!(sure(leases.time_to_live(two).await).keys, ["moved"]);
    assert_eq!(store.one("moved").await.and_then(|kv| kv.lease), Some(two));
    sure(leases.revoke(one).await);
    assert_eq!(store.all().await, "deleted=2 moved=2 untied=2");
}

/// With a new value.
pub async fn a_put_can_keep_the_lease(Leased { store, leases }: Leased) {
    let id = grant(&*leases).await;
    set(&*store, "a", "1", id).await;
    store.run(Txn::always(Put { lease: Field::Keep, ..put("a", "2") })).await;
    assert_eq!(store.one("a").await.map(|kv| (kv.lease, kv.version)), Some((Some(id), 2)));
    sure(leases.revoke(id).await);
    assert_eq!(store.all().await, "");
}

/// By name; none is less than any.
pub async fn comparisons_of_leases(Leased { store, leases }: Leased) {
    let id = grant(&*leases).await;
    set(&*store, "a", "1", id).await;
    let holds = async |relation, lease| {
        store.run(Txn::when([Compare::new("a", relation, Operand::Lease(lease))])).await.succeeded
    };
    assert!(holds(Relation::Equal, Some(id)).await);
    assert!(holds(Relation::NotEqual, None).await);
    assert!(!holds(Relation::Equal, None).await);
}

/// By every call that names one, and nothing is written.
pub async fn ended_leases_are_refused(Leased { store, leases }: Leased) {
    let id = grant(&*leases).await;
    sure(leases.revoke(id).await);
    let gone = |error: Error| matches!(error, Error::LeaseNotFound { id: named } if named == id);
    assert!(gone(refused(leases.revoke(id).await)));
    assert!(gone(refused(leases.keep_alive(id).await)));
    assert!(gone(refused(leases.time_to_live(id).await)));
    let txn = Txn::always(put("a", "1")).then(put("b", "1").lease(id));
    assert!(gone(refused(store.txn(txn).await)));
    assert_eq!(store.all().await, "");
    assert_eq!(sure(store.create("a".into(), "1".into()).await), Swap::Done(store.now().await));
}

/// The caller's or the store's, and no two the same.
pub async fn leases_have_names(Leased { leases, .. }: Leased) {
    let mine = LeaseId::new(0x7abc_0001).expect("not zero");
    assert_eq!(sure(leases.grant(TTL, Some(mine)).await).id, mine);
    let error = refused(leases.grant(TTL, Some(mine)).await);
    assert!(matches!(error, Error::LeaseExists { id } if id == mine), "{error}");
    let other = grant(&*leases).await;
    assert!(other != mine);
    let names = sure(leases.leases().await);
    assert!(names.contains(&mine) && names.contains(&other) && names.is_sorted());
    assert!(matches!(refused(leases.grant(Duration::ZERO, None).await), Error::Invalid { .. }));
    let status = sure(leases.time_to_live(mine).await);
    assert!(status.keys.is_empty() && status.remaining <= status.ttl);
}

/// Within a second of its time.
pub async fn a_short_lease_ends_soon(Leased { store, leases }: Leased) {
    let granted = Instant::now();
    let lease = sure(leases.grant(Duration::from_millis(200), None).await);
    assert_eq!(lease.ttl, Duration::from_millis(200));
    set(&*store, "a", "1", lease.id).await;
    let mut watch = store.follow(KeyRange::all(), WatchOptions::from_now()).await;
    next(&mut watch).await;
    let lived = granted.elapsed();
    assert!(lived >= lease.ttl && lived < lease.ttl + SECOND, "{lived:?}");
}
