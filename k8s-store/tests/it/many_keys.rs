//! The order of thousands of keys, which come and go in runs, compared with an ordered map.

use std::collections::BTreeMap;
use std::ops::Range;

use bytes::Bytes;
use k8s_store::{Delete, KeyRange, Memory, RangeOptions, Store, StoreExt, Txn};
use proptest::collection::vec;
use proptest::prelude::*;

const KEYS: usize = 4096;

fn key(n: usize) -> Bytes {
    format!("key/{n:04}").into()
}

/// What happens to many keys.
#[derive(Clone, Debug)]
enum Step {
    /// One after the other, in either direction, some left out.
    Put {
        numbers: Range<usize>,
        stride: usize,
        descending: bool,
    },
    /// Each for itself.
    Delete {
        numbers: Range<usize>,
        stride: usize,
    },
    DeleteAtOnce(Range<usize>),
}

fn numbers() -> impl Strategy<Value = Range<usize>> {
    (0..KEYS, 0..KEYS).prop_map(|(a, b)| a.min(b)..a.max(b))
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (numbers(), 1..40_usize, any::<bool>())
            .prop_map(|(numbers, stride, descending)| Step::Put { numbers, stride, descending }),
        2 => (numbers(), 1..4_usize).prop_map(|(numbers, stride)| Step::Delete { numbers, stride }),
        1 => numbers().prop_map(Step::DeleteAtOnce),
    ]
}

async fn take(step: Step, store: &Memory, model: &mut BTreeMap<Bytes, Bytes>) {
    match step {
        Step::Put { numbers, stride, descending } => {
            let mut keys: Vec<_> = numbers.step_by(stride).map(key).collect();
            if descending {
                keys.reverse();
            }
            for key in keys {
                store.put(key.clone(), key.clone()).await.unwrap();
                model.insert(key.clone(), key);
            }
        }
        Step::Delete { numbers, stride } => {
            for key in numbers.step_by(stride).map(key) {
                store.txn(Txn::always(Delete::one(key.clone()))).await.unwrap();
                model.remove(&key);
            }
        }
        Step::DeleteAtOnce(numbers) => {
            let (start, end) = (key(numbers.start), key(numbers.end));
            store.txn(Txn::always(Delete::range(KeyRange::range(start.clone(), end.clone())))).await.unwrap();
            model.retain(|key, _| *key < start || *key >= end);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn many_keys_are_in_order_and_counted(
        steps in vec(step(), 1..12),
        asked in vec((numbers(), 0..600_usize), 1..20),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (store, mut model) = (Memory::new(), BTreeMap::new());
            for step in steps {
                take(step, &store, &mut model).await;
            }
            for (numbers, limit) in asked {
                let range = KeyRange::range(key(numbers.start), key(numbers.end));
                let wanted: Vec<_> = model.iter().filter(|(key, _)| range.contains(key)).collect();
                let page = store.range(range.clone(), RangeOptions::latest().limit(limit)).await.unwrap();
                let shown = if limit == 0 { wanted.len() } else { limit.min(wanted.len()) };
                let found: Vec<_> = page.items.iter().map(|kv| (&kv.key, &kv.value)).collect();
                prop_assert_eq!(&found, &wanted[..shown]);
                prop_assert_eq!((page.count, page.more), (wanted.len() as u64, shown < wanted.len()));
                let count = store.range(range, RangeOptions::latest().count_only()).await.unwrap().count;
                prop_assert_eq!(count, wanted.len() as u64);
            }
            Ok(())
        })?;
    }
}
