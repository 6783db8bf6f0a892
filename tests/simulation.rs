//! A whole cluster in simulated time: what happens when a node dies, and that the same seed gives the same history.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use k8s_kit::api::UserInfo;
use k8s_kit::client::ListOptions;
use k8s_kit::env::Env;
use k8s_kit::node_agent::HollowNode;
use k8s_kit::store::{KeyRange, Memory, Revision, Store, WatchOptions};
use k8s_kit::{Cluster, rolled_out};
use k8s_openapi::api::core::v1::Pod;

const WEB: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default}
spec:
  replicas: 4
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: c, image: registry.example/web:1, readinessProbe: {httpGet: {port: 80}}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: default}
spec: {selector: {app: web}, ports: [{port: 80}]}
";

/// Longer than the grace period of a silent node and the toleration of its pods together.
const GIVEN_UP: Duration = Duration::from_secs(400);
const SEEDS: u64 = 100;
const CHILD: &str = "SIMULATION_CHILD";

fn run<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(future)
}

async fn cluster(seed: u64, store: Arc<Memory>) -> Cluster {
    let nodes = (1..=3).map(|i| HollowNode::new(format!("node-{i}")).cpu(8).memory("32Gi"));
    Cluster::builder().env(Env::simulated(seed)).store(store).nodes(nodes).start().await.unwrap()
}

/// A roll-out, a lost node and the replacement of its pods.
async fn story(cluster: &Cluster) {
    cluster.client_as(UserInfo::admin()).apply(WEB).await.unwrap();
    cluster.until(rolled_out("default", "web")).await.unwrap();
    cluster.crash_node("node-2").await.unwrap();
    tokio::time::sleep(GIVEN_UP).await;
    cluster.until(rolled_out("default", "web")).await.unwrap();
}

#[test]
fn the_pods_of_a_dead_node_are_replaced_after_their_toleration() {
    run(async {
        let cluster = cluster(1, Arc::new(Memory::new())).await;
        story(&cluster).await;
        let pods = cluster.client_as(UserInfo::admin()).namespaced::<Pod>("default");
        let pods = pods.list(ListOptions::default().labels("app=web")).await.unwrap().items;
        let on = |pod: &Arc<Pod>| pod.spec.as_ref().unwrap().node_name.clone().unwrap();
        let (lost, alive): (Vec<_>, Vec<_>) = pods.iter().partition(|pod| on(pod) == "node-2");
        assert_eq!(alive.len(), 4);
        assert!(lost.iter().all(|pod| pod.metadata.deletion_timestamp.is_some()), "{lost:?}");
        cluster.stop().await;
    });
}

/// Every change of the store from the first on, one line each.
fn history(seed: u64) -> Vec<String> {
    run(async {
        let store = Arc::new(Memory::builder().history(1_000_000).build());
        let cluster = cluster(seed, store.clone()).await;
        story(&cluster).await;
        let end = store.status().await.unwrap().revision;
        let mut watch =
            store.watch(KeyRange::all(), WatchOptions::since(Revision(2)).buffer(usize::MAX)).await.unwrap();
        let mut lines = Vec::new();
        loop {
            let batch = watch.next().await.unwrap().unwrap();
            for event in &batch.events {
                let (key, value) = (String::from_utf8_lossy(&event.kv.key), String::from_utf8_lossy(&event.kv.value));
                lines.push(format!("{} {:?} {key} {value}", batch.revision, event.kind));
            }
            if batch.revision >= end {
                break;
            }
        }
        cluster.stop().await;
        lines
    })
}

fn digest(lines: &[String]) -> u64 {
    // FNV-1a: the same in every process, unlike the hashers of the standard library's maps.
    let bytes = lines.iter().flat_map(|line| line.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// What the other process runs: it prints a digest for each seed.
#[test]
fn child_prints_its_histories() {
    if std::env::var_os(CHILD).is_some() {
        for seed in 0..SEEDS {
            println!("seed {seed} {:016x}", digest(&history(seed)));
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_history_in_another_process() {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_prints_its_histories", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let printed = String::from_utf8(child.stdout).unwrap();
    let theirs: Vec<&str> = printed.lines().filter_map(|l| l.split_once("seed ").map(|(_, rest)| rest)).collect();
    assert_eq!(theirs.len() as u64, SEEDS, "{printed}");
    let differing: Vec<u64> = (0..SEEDS)
        .filter(|seed| theirs[*seed as usize] != format!("{seed} {:016x}", digest(&history(*seed))))
        .collect();
    assert!(differing.is_empty(), "histories of these seeds differ: {differing:?}");
    println!("{SEEDS} seeds compared across processes, all equal");
}
