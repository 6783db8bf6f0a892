//! Thousands of short lives on a disk that loses, tears and reorders what was not synced, fills up and fails.
//!
//! `DURABLE_SEED=17 cargo nextest run -p k8s-store-durable crash` runs one trial again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use k8s_store_durable::Durability;

use crate::trial::{Told, Trial};

/// Each lives up to three times, and is compared after each.
const STORES: u64 = 3_300;
const THREADS: u64 = 2;

fn run(seed: u64, durability: Durability) -> Told {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(Trial::new(seed, durability).run())
}

#[test]
fn nothing_acknowledged_is_lost_in_a_crash_by_seed() {
    if let Some(seed) = option("DURABLE_SEED") {
        eprintln!("seed {seed}: {:?}", run(seed, Durability::Synced));
        return;
    }
    let told = thread::scope(|threads| {
        let share = |n| (1..=STORES).filter(move |seed| seed % THREADS == n);
        let workers: Vec<_> = (0..THREADS)
            .map(|n| {
                threads.spawn(move || {
                    let mut told = Told::default();
                    for seed in share(n) {
                        let one = catch_unwind(AssertUnwindSafe(|| run(seed, Durability::Synced)));
                        told.add(&one.unwrap_or_else(|_| panic!("trial failed: DURABLE_SEED={seed} replays it")));
                    }
                    told
                })
            })
            .collect();
        workers.into_iter().fold(Told::default(), |mut all, worker| {
            all.add(&worker.join().unwrap());
            all
        })
    });
    let Told { crashes, kills, kept, in_flight, refused, uncertain, compactions, missed, .. } = told;
    println!(
        "{} crash trials of {STORES} stores compared, {crashes} power failures and {kills} kills survived, all equal: {kept} transactions \
         kept, {in_flight} of them unacknowledged; {refused} refused and {uncertain} \
         uncertain; {compactions} compactions; the loss of the newest file told {missed} times by the one before; faults {:?}",
        crashes + kills,
        told.faults
    );
    assert!(kept > STORES && crashes + kills > 5_000 && in_flight > 0 && refused > 0 && uncertain > 0);
    assert!(missed > 1_000, "{missed}");
}

#[expect(clippy::disallowed_methods, reason = "who replays a seed says so by a variable")]
fn option(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The trials are worth something: without syncs they fail soon.
#[test]
fn a_store_that_does_not_sync_is_caught() {
    let lost = |seed: &u64| catch_unwind(AssertUnwindSafe(|| run(*seed, Durability::Written))).is_err();
    assert!((1..=200).any(|seed| lost(&seed)));
}
