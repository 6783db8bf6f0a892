//! Steady use for as long as one likes, to see that nothing grows.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use k8s_env::{Random, Tasks};
use k8s_store::{Delete, Error, KeyRange, Maintenance, Put, RangeOptions, Revision, Store, Txn, WatchOptions};
use tokio::time::{Instant, Interval, interval, sleep};

/// What is done, and how closely it is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Soak {
    /// For how long.
    pub duration: Duration,
    /// How many keys there are, sooner or later all.
    pub keys: u64,
    /// How long a value is, in bytes.
    pub value: usize,
    /// How many clients write at once.
    pub writers: u64,
    /// How many transactions a second all of them make together, if the store can; 0 is as many as it can.
    pub rate: u32,
    /// How many revisions compaction leaves.
    pub kept: u64,
    /// How many samples are taken.
    pub samples: u32,
}

impl Default for Soak {
    fn default() -> Self {
        let duration = Duration::from_secs(3600);
        Self { duration, keys: 10_000, value: 512, writers: 4, rate: 0, kept: 10_000, samples: 120 }
    }
}

/// What was seen at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// Since the beginning.
    pub at: Duration,
    /// Resident memory in bytes, by the caller's account; 0 is unknown.
    pub memory: u64,
    /// What the store says it occupies, in bytes.
    pub size: u64,
    /// How many transactions were committed since the beginning.
    pub transactions: u64,
    /// How many keys there are.
    pub keys: u64,
}

/// What grew, though nothing should.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// More is used at the end than at the beginning, by more than a quarter and 16 MiB.
    #[error("{what} grew from {before} to {after} bytes")]
    Grew {
        /// What did.
        what: &'static str,
        /// The most in the second quarter.
        before: u64,
        /// The least in the last quarter.
        after: u64,
    },
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] Error),
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let (at, memory, size) = (self.at.as_secs_f64(), mebibytes(self.memory), mebibytes(self.size));
        let (keys, transactions) = (self.keys, self.transactions);
        write!(f, "{at:8.1} s  memory {memory:8.1} MiB  store {size:8.1} MiB  {keys} keys  {transactions} transactions")
    }
}

/// Writes, deletes, reads and watches for the time given, compacts and defragments, and calls `seen` with each sample.
/// `memory` tells the resident memory of the process that the store is in.
///
/// # Errors
/// [`Failure::Grew`], and the store's.
pub async fn run<S: Store + Maintenance>(
    store: Arc<S>,
    soak: Soak,
    random: Random,
    memory: impl Fn() -> u64,
    mut seen: impl FnMut(&Sample),
) -> Result<Vec<Sample>, Failure> {
    let tasks = Tasks::new();
    for writer in 0..soak.writers {
        let (store, random) = (Arc::clone(&store) as Arc<dyn Store>, random.fork());
        tasks.spawn(async move { drop(write(&*store, soak, writer, &random).await) });
    }
    for reader in 0..4 {
        let (store, random) = (Arc::clone(&store) as Arc<dyn Store>, random.fork());
        tasks.spawn(async move { drop(follow(&*store, reader, &random).await) });
    }
    let (start, first) = (Instant::now(), store.status().await?.revision);
    let mut samples = Vec::new();
    for n in 0..soak.samples {
        sleep(soak.duration / soak.samples).await;
        let revision = store.status().await?.revision;
        match store.compact(Revision(revision.0.saturating_sub(soak.kept))).await {
            Ok(()) | Err(Error::Compacted { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        if n % 4 == 3 {
            store.defragment().await?;
        }
        let keys = store.range(KeyRange::all(), RangeOptions::latest().count_only()).await?.count;
        let (size, transactions) = (store.status().await?.size, revision.0 - first.0);
        let sample = Sample { at: start.elapsed(), memory: memory(), size, transactions, keys };
        seen(&sample);
        samples.push(sample);
    }
    tasks.stop().await;
    grew("memory", &samples, |sample| sample.memory)?;
    grew("the store", &samples, |sample| sample.size)?;
    Ok(samples)
}

/// The least at the end is compared with the most after the start, so that what goes up and down does not count.
fn grew(what: &'static str, samples: &[Sample], of: impl Fn(&Sample) -> u64) -> Result<(), Failure> {
    let quarter = samples.len() / 4;
    let before = samples[quarter..2 * quarter].iter().map(&of).max().unwrap_or_default();
    let after = samples[3 * quarter..].iter().map(&of).min().unwrap_or_default();
    if after > before + before / 4 + (16 << 20) { Err(Failure::Grew { what, before, after }) } else { Ok(()) }
}

/// When one writer makes its next transaction, if not at once.
fn pace(soak: Soak) -> Option<Interval> {
    let every = Duration::from_secs(soak.writers).checked_div(soak.rate)?;
    (!every.is_zero()).then(|| interval(every))
}

async fn write(store: &dyn Store, soak: Soak, writer: u64, random: &Random) -> Result<(), Error> {
    let key = |n: u64| format!("k/{n:08}");
    let mut pace = pace(soak);
    for n in 0_u64.. {
        if let Some(pace) = &mut pace {
            pace.tick().await;
        }
        // First all keys of its own, then any.
        let mine = n * soak.writers + writer;
        let at = if mine < soak.keys { mine } else { random.below(soak.keys) };
        let mut value = vec![0; soak.value];
        value[..8.min(soak.value)].copy_from_slice(&n.to_le_bytes()[..8.min(soak.value)]);
        let mut txn = Txn::always(Put::new(key(at), Bytes::from(value)));
        if mine >= soak.keys && random.below(8) == 0 {
            // One goes for one that comes.
            txn = Txn::always(Delete::one(key(at))).then(Put::new(key((at + 1) % soak.keys), "moved"));
        }
        store.txn(txn).await?;
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// Watches come and go; some are never read.
async fn follow(store: &dyn Store, reader: u64, random: &Random) -> Result<(), Error> {
    loop {
        let options = WatchOptions::from_now().prev().buffer(256);
        let mut watch = store.watch(KeyRange::prefix("k/"), options).await?;
        let mut left = 1000 + random.below(10_000);
        while reader > 0 && left > 0 {
            match watch.next().await {
                Some(Ok(_)) => left -= 1,
                Some(Err(Error::Overflowed | Error::Compacted { .. })) | None => break,
                Some(Err(error)) => return Err(error),
            }
        }
        sleep(Duration::from_millis(20)).await;
    }
}
