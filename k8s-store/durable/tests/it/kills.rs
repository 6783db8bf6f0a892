//! A loaded process is killed, again and again, and the store has what it had answered.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use k8s_env::{Random, Tasks};
use k8s_store::{KeyRange, Put, RangeOptions, Store, StoreExt, Txn};
use k8s_store_durable::{Durable, tools};

use crate::scratch::scratch;

const KILLS: u64 = 220;
const THREADS: u64 = 2;
const WRITERS: usize = 8;

/// Where the process that is to be killed finds its directory.
const DIRECTORY: &str = "DURABLE_KILL_DIRECTORY";

async fn open(directory: &Path) -> Durable {
    Durable::builder().segment_size(256 << 10).history(2_000).open(directory).await.unwrap()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

fn number(value: &[u8]) -> u64 {
    let digits = value.split(|byte| *byte == b' ').next().unwrap();
    std::str::from_utf8(digits).unwrap().parse().unwrap()
}

/// The process that is killed: writers that count, each in two keys, and say how far they were told that they came.
#[test]
#[ignore = "it is the other process, which never ends"]
fn writes_until_it_is_killed() {
    #[expect(clippy::disallowed_methods, reason = "this is a process of its own")]
    let Ok(directory) = std::env::var(DIRECTORY) else { return };
    runtime().block_on(async {
        let store = Arc::new(open(Path::new(&directory)).await);
        let tasks = Tasks::new();
        for writer in 0..WRITERS {
            let store = Arc::clone(&store);
            tasks.spawn(async move {
                let key = format!("counter/{writer}");
                let before = store.get(key.clone().into()).await.unwrap();
                let mut n = before.map_or(0, |kv| number(&kv.value));
                loop {
                    n += 1;
                    let value = format!("{n} {}", "x".repeat((n as usize * 37) % 900));
                    let txn = Txn::always(Put::new(key.clone(), value.clone()))
                        .then(Put::new(format!("log/{writer}/{}", n % 50), value));
                    let revision = store.txn(txn).await.unwrap().revision;
                    println!("told {writer} {n}");
                    if n.is_multiple_of(200) {
                        // Others compact, too.
                        let _already = store.compact(revision).await;
                    }
                }
            });
        }
        std::future::pending::<()>().await;
    });
}

/// Lets a process work for a while, kills it, and returns what each writer was told last.
fn killed_after(directory: &Path, time: Duration) -> Vec<u64> {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kills::writes_until_it_is_killed", "--ignored", "--nocapture"])
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut told = vec![0; WRITERS];
    let killer = thread::spawn(move || {
        thread::sleep(time);
        process.kill().unwrap();
        process.wait().unwrap()
    });
    for line in lines.map_while(Result::ok) {
        let words: Vec<_> = line.split(' ').collect();
        if let ["told", writer, n] = words[..]
            && let (Ok(writer), Ok(n)) = (writer.parse::<usize>(), n.parse())
        {
            told[writer] = n;
        }
    }
    assert!(!killer.join().unwrap().success(), "it ended by itself");
    told
}

/// Compares, and returns how many transactions there are by now and how many of them nobody was told of.
fn check(directory: &Path, told: &[u64], before: &mut [u64]) -> (u64, u64) {
    let report = tools::verify(&k8s_store_durable::disk::Directory::existing(directory).unwrap()).unwrap();
    runtime().block_on(async {
        let store = open(directory).await;
        assert_eq!(store.status().await.unwrap().revision, report.revision);
        let mut more = 0;
        for writer in 0..WRITERS {
            let kv = store.get(format!("counter/{writer}").into()).await.unwrap();
            let n = kv.as_ref().map_or(0, |kv| number(&kv.value));
            let least = told[writer].max(before[writer]);
            assert!(n >= least, "writer {writer} was told {least} and finds {n}");
            assert!(n <= least + 1, "writer {writer} never wrote {n} after {least}");
            more += n - least;
            before[writer] = n;
            if let Some(kv) = kv {
                assert_eq!(kv.version, n);
                let other = store.get(format!("log/{writer}/{}", n % 50).into()).await.unwrap().unwrap();
                assert_eq!((other.mod_revision, other.value), (kv.mod_revision, kv.value), "half a transaction");
            }
        }
        let logs = store.range(KeyRange::prefix("log/"), RangeOptions::latest()).await.unwrap();
        assert_eq!(logs.count, before.iter().map(|n| (*n).min(50)).sum::<u64>());
        (before.iter().sum(), more)
    })
}

#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed_by_seed() {
    let share = |thread: u64| {
        let (directory, random, mut before) = (scratch(), Random::seeded(thread), vec![0; WRITERS]);
        let (mut all, mut more) = (0, 0);
        for _ in 0..KILLS / THREADS {
            let told = killed_after(&directory, Duration::from_millis(30 + random.below(120)));
            let (total, untold) = check(&directory, &told, &mut before);
            (all, more) = (total, more + untold);
        }
        (all, more)
    };
    let (all, more) = thread::scope(|threads| {
        let workers: Vec<_> = (0..THREADS).map(|thread| threads.spawn(move || share(thread))).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    });
    println!("{KILLS} kills of a loaded writer compared, all equal: {all} transactions kept, {more} of them untold");
    assert!(all > KILLS);
}
