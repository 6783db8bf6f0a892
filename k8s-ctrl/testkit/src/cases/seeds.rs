//! Chance comes from the seed alone.

use std::time::Duration;

use k8s_store::{KeyRange, Revision, WatchOptions};

use super::{Make, faults};
use crate::stage::{Stage, simulate};

const STORM: Duration = Duration::from_secs(40);

/// Two runs of one seed, with faults, are the same: each request, its moment, its answer, and each change of the store.
pub fn the_same_seed_gives_the_same_history(make: Make<'_>) {
    let (one, other) = (history(make, 7), history(make, 7));
    let differing = one.iter().zip(&other).find(|(one, other)| one != other);
    if let Some((one, other)) = differing {
        panic!("two runs of one seed part ways:\n{one}\n{other}");
    }
    assert_eq!(one.len(), other.len(), "one run of a seed is longer than another");
}

fn history(make: Make<'_>, seed: u64) -> Vec<String> {
    simulate(async {
        let mut stage = Stage::set(make(), seed).await;
        let everything = WatchOptions::since(Revision(2)).buffer(usize::MAX);
        let watch = stage.world().store().watch(KeyRange::all(), everything).await;
        let mut watch = watch.expect("a young store remembers all");
        let ledger = stage.start();
        stage.rest().await;
        for step in 0..stage.n_steps() {
            stage.step(step).await;
            stage.storm(faults::any(), STORM).await;
        }
        let mut lines = ledger.lines();
        let status = stage.world().store().status().await.expect("a store in memory answers");
        loop {
            let batch = watch.next().await.expect("the store is open").expect("the watch has room for all");
            for event in &batch.events {
                let (key, value) = (String::from_utf8_lossy(&event.kv.key), String::from_utf8_lossy(&event.kv.value));
                lines.push(format!("{} {:?} {key} {value}", batch.revision, event.kind));
            }
            if batch.revision >= status.revision {
                return lines;
            }
        }
    })
}
