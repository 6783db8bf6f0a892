//! Uses a store for a long time at a steady number of keys, prints what it occupies, and fails if that grows.
//!
//! `cargo run --release -p k8s-store-testkit --example soak -- --seconds 3600 --store memory`
//! (or `--store DIR` for a durable store in an empty directory).

#![expect(clippy::print_stdout, reason = "what it is for")]

use std::error::Error;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use k8s_env::Random;
use k8s_store::{Maintenance, Memory, Store};
use k8s_store_durable::Durable;
use k8s_store_testkit::soak::{self, Soak};

/// Uses a store for long and fails if it grows.
#[derive(Parser)]
struct Arguments {
    /// For how long, in seconds.
    #[arg(long, default_value_t = 3600)]
    seconds: u64,
    /// `memory`, or the directory of a durable store, which is made if it is not there.
    #[arg(long, default_value = "memory")]
    store: String,
    /// How many keys.
    #[arg(long, default_value_t = 10_000)]
    keys: u64,
    /// How many clients write at once.
    #[arg(long, default_value_t = 16)]
    writers: u64,
    /// How many transactions a second all of them make together; 0 is as many as the store can.
    #[arg(long, default_value_t = 0)]
    rate: u32,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let soak = Soak {
        duration: Duration::from_secs(arguments.seconds),
        keys: arguments.keys,
        writers: arguments.writers,
        rate: arguments.rate,
        samples: (arguments.seconds / 5).clamp(24, 720) as u32,
        ..Soak::default()
    };
    if arguments.store == "memory" {
        return run(Memory::builder().history(usize::MAX).build(), soak).await;
    }
    run(Durable::open(&arguments.store).await?, soak).await
}

async fn run(store: impl Store + Maintenance, soak: Soak) -> Result<(), Box<dyn Error>> {
    let store = Arc::new(store);
    let samples =
        soak::run(Arc::clone(&store), soak, Random::from_entropy(), resident, |sample| println!("{sample}")).await?;
    store.close().await?;
    let last = samples.last().map(ToString::to_string).unwrap_or_default();
    println!("nothing grew: {last}");
    Ok(())
}

/// The resident memory of this process in bytes, where the system tells it.
fn resident() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or_default() * 4096
}
