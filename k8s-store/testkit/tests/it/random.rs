//! Many histories by seed, with faults, on a store that is right.

use std::sync::Arc;
use std::time::Duration;

use k8s_env::Random;
use k8s_store::{Error, Memory, Revision, Store, StoreExt};
use k8s_store_testkit::faults::{Faults, Faulty};
use k8s_store_testkit::history::{Recorder, check};
use k8s_store_testkit::traffic::{self, Plan};

const FAULTS: Faults = Faults { before: 40, after: 40, cut: 30, delayed: 300, delay: Duration::from_millis(5) };

fn on_paused_time<T>(run: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(run)
}

#[test]
fn histories_of_a_right_store_by_seed_are_right_whatever_fails() {
    let (mut transactions, mut answers, mut batches) = (0, 0, 0);
    for seed in 0..100 {
        let verdict = on_paused_time(async {
            let random = Random::seeded(seed);
            let recorder = Recorder::new(Revision::FIRST);
            let faults = if seed % 2 == 0 { Faults::default() } else { FAULTS };
            let faulty = Faulty::new(Memory::new(), faults, random.fork());
            let store: Arc<dyn Store> = Arc::new(recorder.record(faulty));
            let compact_every = if seed % 3 == 0 { 17 } else { 0 };
            let plan = Plan { seed, compact_every, ..Plan::default() };
            while let Err(Error::Unavailable { .. }) = traffic::run(Arc::clone(&store), plan).await {}
            let mut history = recorder.history();
            history.prev_may_be_compacted = true;
            check(&history)
        });
        assert_eq!(verdict.violations, [], "seed {seed}");
        transactions += verdict.transactions;
        answers += verdict.answers;
        batches += verdict.batches;
    }
    println!("100 seeds: {transactions} transactions, {answers} answers and {batches} batches compared, all explained");
}

#[test]
fn the_same_seed_fails_the_same_calls() {
    let fails = |seed| {
        on_paused_time(async {
            let store = Faulty::new(Memory::new(), FAULTS, Random::seeded(seed));
            let mut outcomes = String::new();
            for n in 0..200 {
                outcomes.push(match store.put("a".into(), n.to_string().into()).await {
                    Ok(_) => '.',
                    Err(Error::Unavailable { .. }) => 'b',
                    Err(Error::Uncertain { .. }) => 'a',
                    Err(error) => panic!("{error}"),
                });
            }
            let written = store.status().await.map_or(Revision::ZERO, |status| status.revision);
            let told = outcomes.matches(['.', 'a']).count() as u64;
            assert!(written.is_zero() || written.0 == told + 1, "an unavailable store wrote: {written} {outcomes}");
            outcomes
        })
    };
    let one = fails(7);
    assert!(one.contains('b') && one.contains('a') && one.contains('.'), "{one}");
    assert_eq!(one, fails(7));
    assert_ne!(one, fails(8));
}
