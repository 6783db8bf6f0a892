//! Promise 5.

use std::sync::Arc;

use bytes::Bytes;
use k8s_store::{KeyRange, RangeOptions, Store, StoreExt};

use super::support::{Sure, sure};
use crate::text;

/// Bytes, not text: every byte value can be in a key.
pub async fn keys_come_in_byte_order(store: Arc<dyn Store>) {
    let keys: [&'static [u8]; 7] = [&[0], &[0, 0], b"A", b"a", b"a\0", &[0xc3, 0x28], &[0xff, 0xff]];
    for key in keys.iter().rev() {
        sure(store.put(Bytes::from_static(key), Bytes::new()).await);
    }
    let page = store.read(KeyRange::all(), RangeOptions::latest()).await;
    assert_eq!(page.items.iter().map(|kv| &kv.key[..]).collect::<Vec<_>>(), keys);
    let page = store.read(KeyRange::prefix(vec![0xff]), RangeOptions::latest()).await;
    assert_eq!(page.items.iter().map(|kv| &kv.key[..]).collect::<Vec<_>>(), keys[6..]);
}

/// One, prefix, between, from, all, none.
pub async fn ranges_have_every_shape(store: Arc<dyn Store>) {
    for key in ["a", "a/1", "a/2", "a0", "b"] {
        store.set(key, "").await;
    }
    for (range, expected) in [
        (KeyRange::one("a"), "a="),
        (KeyRange::one("a/"), ""),
        (KeyRange::prefix("a/"), "a/1= a/2="),
        (KeyRange::prefix("a"), "a= a/1= a/2= a0="),
        (KeyRange::prefix(""), "a= a/1= a/2= a0= b="),
        (KeyRange::range("a/1", "a0"), "a/1= a/2="),
        (KeyRange::range("b", "a"), ""),
        (KeyRange::range("a", "a"), ""),
        (KeyRange::from("a/2"), "a/2= a0= b="),
        (KeyRange::from("c"), ""),
        (KeyRange::all(), "a= a/1= a/2= a0= b="),
        (KeyRange::prefix("a/").after(b"a/1"), "a/2="),
        (KeyRange::one("a").after(b"a"), ""),
    ] {
        let page = store.read(range.clone(), RangeOptions::latest()).await;
        assert_eq!(text::page(&page), expected, "{range:?}");
    }
}

/// "More" exactly if something was cut off.
pub async fn a_limit_says_more_and_counts_all(store: Arc<dyn Store>) {
    for key in ["a", "b", "c"] {
        store.set(key, "").await;
    }
    for (limit, expected) in [(0, "a= b= c="), (1, "a= +"), (2, "a= b= +"), (3, "a= b= c="), (4, "a= b= c=")] {
        let page = store.read(KeyRange::all(), RangeOptions::latest().limit(limit)).await;
        assert_eq!((text::page(&page).as_str(), page.count), (expected, 3), "limit {limit}");
    }
}

/// All else of the items stays as it is.
pub async fn keys_or_count_alone(store: Arc<dyn Store>) {
    store.set("a", "1").await;
    let revision = store.set("b", "2").await;
    let keys = store.read(KeyRange::all(), RangeOptions::latest().keys_only()).await;
    assert_eq!(text::page(&keys), "a= b=");
    assert_eq!((keys.items[1].mod_revision, keys.items[1].version), (revision, 1));
    let count = store.read(KeyRange::all(), RangeOptions::latest().count_only().limit(1)).await;
    assert_eq!((count.items.len(), count.count, count.more), (0, 2, false));
}
