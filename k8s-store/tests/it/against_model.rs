//! Random histories, compared with a reference that is plainly right.

use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use k8s_store::{
    Compare, Delete, EventFilter, KeyRange, Memory, Op, Operand, Page, Put, RangeOptions, Relation, Revision, Store,
    Txn, Watch, WatchBatch, WatchOptions,
};
use k8s_store_testkit::model::Model;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn key() -> impl Strategy<Value = Bytes> {
    prop_oneof!["[ab]", "[ab]/[012]"].prop_map(Bytes::from)
}

fn value() -> impl Strategy<Value = Bytes> {
    "[xyz]?".prop_map(Bytes::from)
}

fn range() -> impl Strategy<Value = KeyRange> {
    prop_oneof![
        key().prop_map(KeyRange::one),
        key().prop_map(KeyRange::prefix),
        (key(), key()).prop_map(|(start, end)| KeyRange::range(start, end)),
        key().prop_map(KeyRange::from),
        Just(KeyRange::all()),
    ]
}

fn compare() -> impl Strategy<Value = Compare> {
    let relation =
        prop_oneof![Just(Relation::Equal), Just(Relation::NotEqual), Just(Relation::Less), Just(Relation::Greater)];
    let operand = prop_oneof![
        value().prop_map(Operand::Value),
        (0..4_u64).prop_map(Operand::Version),
        (0..9_u64).prop_map(|n| Operand::CreateRevision(Revision(n))),
        (0..9_u64).prop_map(|n| Operand::ModRevision(Revision(n))),
    ];
    (range(), relation, operand).prop_map(|(range, relation, operand)| Compare { range, relation, operand })
}

fn options() -> impl Strategy<Value = RangeOptions> {
    (0..4_usize, any::<bool>(), any::<bool>()).prop_map(|(limit, keys_only, count_only)| RangeOptions {
        revision: None,
        limit,
        keys_only,
        count_only: count_only && keys_only,
    })
}

fn op(depth: u32) -> BoxedStrategy<Op> {
    let put = (key(), value(), any::<bool>()).prop_map(|(k, v, prev)| Op::Put(Put { prev, ..Put::new(k, v) }));
    let delete = (range(), any::<bool>()).prop_map(|(range, prev)| Op::Delete(Delete { range, prev }));
    let read = (range(), options()).prop_map(|(range, options)| Op::Range(range, options));
    if depth == 0 {
        return prop_oneof![4 => put, 2 => delete, 1 => read].boxed();
    }
    prop_oneof![8 => put, 4 => delete, 2 => read, 1 => txn(depth - 1).prop_map(Op::Txn)].boxed()
}

fn txn(depth: u32) -> impl Strategy<Value = Txn> {
    let valid = "no key is changed twice";
    (vec(compare(), 0..2), vec(op(depth), 0..4), vec(op(depth), 0..3))
        .prop_map(|(compares, then, otherwise)| Txn { compares, then, otherwise })
        .prop_filter(valid, |txn| txn.check().is_ok())
}

/// Everything that is ready.
fn ready(watch: &mut Watch) -> Vec<WatchBatch> {
    let mut batches = Vec::new();
    let mut context = Context::from_waker(Waker::noop());
    while let Poll::Ready(next) = std::pin::pin!(watch.next()).poll(&mut context) {
        batches.push(next.expect("the store is open").unwrap());
    }
    batches
}

fn watch_options() -> impl Strategy<Value = WatchOptions> {
    let filter = prop_oneof![Just(EventFilter::All), Just(EventFilter::Puts), Just(EventFilter::Deletes)];
    (filter, any::<bool>(), option::of(1..12_u64)).prop_map(|(filter, prev, start)| WatchOptions {
        start: start.map(Revision),
        prev,
        filter,
        ..WatchOptions::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_answer_is_the_reference(
        steps in vec((txn(1), range(), options()), 1..20),
        watches in vec((0..20_usize, range(), watch_options()), 0..4),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (store, mut model) = (Memory::new(), Model::new(Revision::FIRST));
            let mut open = Vec::new();
            for (n, (txn, range, options)) in steps.iter().enumerate() {
                for (_, range, options) in watches.iter().filter(|(at, ..)| *at == n) {
                    let first = options.start.unwrap_or(model.revision().next());
                    open.push((store.watch(range.clone(), *options).await.unwrap(), range, *options, first));
                }
                prop_assert_eq!(store.txn(txn.clone()).await.unwrap(), model.txn(txn));
                prop_assert_eq!(store.range(range.clone(), *options).await.unwrap(), model.range(range, *options));
            }
            for revision in 1..=model.revision().0 {
                let (_, range, options) = &steps[revision as usize % steps.len()];
                let options = RangeOptions { revision: Some(Revision(revision)), ..*options };
                let page: Page = store.range(range.clone(), options).await.unwrap();
                prop_assert_eq!(page, model.range(range, options));
            }
            for (mut watch, range, options, first) in open {
                prop_assert_eq!(ready(&mut watch), model.watched(range, options, first));
            }
            Ok(())
        })?;
    }
}
