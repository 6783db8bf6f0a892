//! What the disk allows, and what the store makes of it: `cargo bench -p k8s-store-durable --bench writes`.
//!
//! `-- million` measures opening a store of a million keys instead. Files go to the build directory.

#![expect(clippy::unwrap_used, reason = "a bench stops at the first surprise")]
#![expect(clippy::print_stdout, reason = "it prints a table")]

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use k8s_env::Tasks;
use k8s_store::{Maintenance, Put, Store, StoreExt, Txn};
use k8s_store_durable::Durable;
use tokio::time::Instant;

const VALUE: usize = 1024;

/// Each is measured in turns, so that both see the same machine.
const TURNS: usize = 4;
const TURN: Duration = Duration::from_millis(1500);

fn place(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _before = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn key(n: u64) -> Bytes {
    format!("/registry/pods/namespace-{:03}/deployment-6f7d8c9b5-{n:07}", n % 100).into()
}

/// A bare file, written before: one write and one sync for each group of so many records.
struct Ceiling {
    file: File,
    at: u64,
}

impl Ceiling {
    const SIZE: u64 = 64 << 20;

    fn new(directory: &Path) -> Self {
        let file = OpenOptions::new().create_new(true).read(true).write(true).open(directory.join("bare")).unwrap();
        for n in 0..64 {
            file.write_all_at(&vec![0; 1 << 20], n << 20).unwrap();
        }
        file.sync_all().unwrap();
        Self { file, at: 0 }
    }

    /// Records in a second.
    fn turn(&mut self, group: usize) -> f64 {
        let bytes = vec![b'x'; group * (VALUE + key(0).len() + 24)];
        let (begun, mut n) = (Instant::now(), 0);
        while begun.elapsed() < TURN {
            if self.at + bytes.len() as u64 > Self::SIZE {
                self.at = 0;
            }
            self.file.write_all_at(&bytes, self.at).unwrap();
            self.file.sync_data().unwrap();
            self.at += bytes.len() as u64;
            n += group;
        }
        n as f64 / begun.elapsed().as_secs_f64()
    }
}

async fn turn(store: &Arc<Durable>, writers: usize) -> f64 {
    let (stop, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let tasks = Tasks::new();
    let begun = Instant::now();
    for writer in 0..writers {
        let (store, stop, count) = (Arc::clone(store), Arc::clone(&stop), Arc::clone(&count));
        tasks.spawn(async move {
            // One for each writer: no two of them share anything outside the store.
            let value = Bytes::from(vec![b'y'; VALUE]);
            let mut n = writer as u64;
            while !stop.load(Ordering::Relaxed) {
                (*store).txn(Txn::always(Put::new(key(n % 20_000), value.clone()))).await.unwrap();
                count.fetch_add(1, Ordering::Relaxed);
                n += 1013;
            }
        });
    }
    tokio::time::sleep(TURN).await;
    let rate = count.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64();
    stop.store(true, Ordering::Relaxed);
    tasks.stop().await;
    rate
}

async fn writes() {
    let directory = place("bench-writes");
    let mut ceiling = Ceiling::new(&directory);
    let store = Arc::new(Durable::open(directory.join("store")).await.unwrap());
    println!("{:>8} {:>12} {:>12} {:>7}", "writers", "bare/s", "durable/s", "ratio");
    let counts: Vec<_> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    for writers in if counts.is_empty() { vec![1, 64, 1000] } else { counts } {
        // Warm, with files that were written before.
        turn(&store, writers).await;
        let (mut bare, mut ours) = (0.0, 0.0);
        for _ in 0..TURNS {
            bare += ceiling.turn(writers) / TURNS as f64;
            ours += turn(&store, writers).await / TURNS as f64;
        }
        println!("{writers:>8} {bare:>12.0} {ours:>12.0} {:>6.0}%", 100.0 * ours / bare);
    }
    store.close().await.unwrap();
    fs::remove_dir_all(directory).unwrap();
}

fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default().to_owned();
    line.split_whitespace().next().and_then(|kib| kib.parse().ok()).unwrap_or_default()
}

async fn million() {
    const KEYS: u64 = 1_000_000;
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-million");
    if !path.exists() {
        let store = Arc::new(Durable::open(&path).await.unwrap());
        let begun = Instant::now();
        let tasks = Tasks::new();
        let done = Arc::new(AtomicU64::new(0));
        for writer in 0..200 {
            let (store, done) = (Arc::clone(&store), Arc::clone(&done));
            tasks.spawn(async move {
                for n in (writer..KEYS).step_by(200) {
                    store.put(key(n), vec![n as u8; VALUE].into()).await.unwrap();
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        while done.load(Ordering::Relaxed) < KEYS {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        println!("filled in {:.1} s, {} MiB resident", begun.elapsed().as_secs_f64(), resident() >> 10);
        store.close().await.unwrap();
        println!("run again to measure opening");
        return;
    }
    let begun = Instant::now();
    let store = Durable::open(&path).await.unwrap();
    let took = begun.elapsed().as_secs_f64();
    let status = store.status().await.unwrap();
    println!(
        "opened at {} in {took:.2} s, {} MiB resident, {} MiB on disk",
        status.revision,
        resident() >> 10,
        status.size >> 20
    );
    let begun = Instant::now();
    store.defragment().await.unwrap();
    println!(
        "defragmented in {:.1} s, {} MiB on disk",
        begun.elapsed().as_secs_f64(),
        store.status().await.unwrap().size >> 20
    );
    store.close().await.unwrap();
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(if std::env::args().any(|a| a == "one") { 1 } else { 2 })
        .enable_time()
        .build()
        .unwrap();
    let wants_million = std::env::args().any(|argument| argument == "million");
    runtime.block_on(async { if wants_million { million().await } else { writes().await } });
}
