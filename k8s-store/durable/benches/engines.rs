//! The engines that could have been below the store, each with perfect grouping: `cargo bench -p k8s-store-durable
//! --bench engines`. One thread puts so many keys of 1 KiB in each transaction and waits for the disk.

#![expect(clippy::unwrap_used, reason = "a bench stops at the first surprise")]
#![expect(clippy::print_stdout, reason = "it prints a table")]

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fjall::{KeyspaceCreateOptions, PersistMode};
use k8s_store::{Put, Store, Txn};
use k8s_store_durable::Durable;
use redb::TableDefinition;
use tokio::time::Instant;

const VALUE: [u8; 1024] = [b'x'; 1024];
const TURN: Duration = Duration::from_secs(2);
const TABLE: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("table");

fn place(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-engines").join(name);
    let _before = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn key(n: usize) -> String {
    format!("/registry/pods/namespace-{:03}/deployment-6f7d8c9b5-{:07}", n % 100, n * 1013 % 20_000)
}

/// Keys in a second, put in groups.
fn rate(group: usize, mut put: impl FnMut(&[String])) -> f64 {
    let (begun, mut n) = (Instant::now(), 0);
    while begun.elapsed() < TURN {
        let keys: Vec<_> = (n..n + group).map(key).collect();
        put(&keys);
        n += group;
    }
    n as f64 / begun.elapsed().as_secs_f64()
}

fn bare(group: usize) -> f64 {
    let file = File::create(place("bare").join("file")).unwrap();
    let mut at = 0;
    rate(group, |keys| {
        let bytes = vec![b'x'; keys.len() * (VALUE.len() + 80)];
        file.write_all_at(&bytes, at).unwrap();
        file.sync_data().unwrap();
        at += bytes.len() as u64;
    })
}

fn durable(group: usize) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let store = runtime.block_on(Durable::open(place("durable"))).unwrap();
    rate(group, |keys| {
        let puts = keys.iter().map(|key| Put::new(key.clone(), VALUE.to_vec()).into());
        let txn = Txn { then: puts.collect(), ..Txn::default() };
        runtime.block_on(store.txn(txn)).unwrap();
    })
}

fn redb(group: usize) -> f64 {
    let database = redb::Database::create(place("redb").join("file")).unwrap();
    rate(group, |keys| {
        let txn = database.begin_write().unwrap();
        {
            let mut table = txn.open_table(TABLE).unwrap();
            for key in keys {
                table.insert(key.as_bytes(), &VALUE[..]).unwrap();
            }
        }
        txn.commit().unwrap();
    })
}

fn fjall(group: usize) -> f64 {
    let database = fjall::Database::builder(place("fjall")).open().unwrap();
    let keyspace = database.keyspace("table", KeyspaceCreateOptions::default).unwrap();
    rate(group, |keys| {
        let mut batch = database.batch();
        for key in keys {
            batch.insert(&keyspace, key.as_bytes(), &VALUE[..]);
        }
        batch.commit().unwrap();
        database.persist(PersistMode::SyncData).unwrap();
    })
}

fn main() {
    println!("{:>8} {:>10} {:>10} {:>10} {:>10}", "group", "bare/s", "durable/s", "redb/s", "fjall/s");
    for group in [1, 64, 1000] {
        let rates = [bare(group), durable(group), redb(group), fjall(group)];
        println!("{group:>8} {:>10.0} {:>10.0} {:>10.0} {:>10.0}", rates[0], rates[1], rates[2], rates[3]);
    }
    let _left_over = fs::remove_dir_all(Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-engines"));
}
