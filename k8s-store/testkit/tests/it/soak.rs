use std::fs;
use std::sync::Arc;
use std::time::Duration;

use k8s_env::Random;
use k8s_store::Memory;
use k8s_store_testkit::soak::{self, Failure, Soak};

/// Where the system tells it.
fn memory() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or_default() * 4096
}

const SHORT: Soak =
    Soak { duration: Duration::from_secs(3), keys: 2_000, value: 512, writers: 2, rate: 0, kept: 2_000, samples: 24 };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_does_not_grow() {
    let store = Arc::new(Memory::builder().history(usize::MAX).build());
    let samples = soak::run(store, SHORT, Random::seeded(1), memory, |_| {}).await.unwrap();
    let last = samples.last().unwrap();
    println!("{last}");
    assert!(last.transactions > 5_000 && last.keys > 1_000 && last.keys <= 2_000, "{last}");
}

#[tokio::test(start_paused = true)]
async fn writers_keep_to_a_rate() {
    let soak = Soak { duration: Duration::from_secs(30), rate: 50, ..SHORT };
    let samples = soak::run(Arc::new(Memory::new()), soak, Random::seeded(1), || 0, |_| {}).await.unwrap();
    let transactions = samples.last().unwrap().transactions;
    assert!((1_490..=1_510).contains(&transactions), "{transactions}");
}

#[tokio::test(start_paused = true)]
async fn what_grows_is_told() {
    let store = Arc::new(Memory::new());
    let mut told = 0;
    let growing = std::cell::Cell::new(0);
    let memory = || {
        growing.set(growing.get() + (10 << 20));
        growing.get()
    };
    let soak = Soak { duration: Duration::from_millis(8), writers: 0, samples: 8, ..SHORT };
    let failure = soak::run(store, soak, Random::seeded(1), memory, |_| told += 1).await.unwrap_err();
    assert!(matches!(failure, Failure::Grew { what: "memory", .. }), "{failure}");
    assert_eq!(told, 8);
}
