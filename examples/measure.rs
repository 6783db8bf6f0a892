//! What a cluster in memory costs, in real time and with every write through the API.
//!
//! `cargo run --release --example measure -- startup`, `... -- thousand` and `... -- eviction`
#![expect(clippy::print_stdout, reason = "an example talks to people")]

use std::sync::Arc;

use k8s_kit::api::UserInfo;
use k8s_kit::client::{Client, Informers};
use k8s_kit::env::Env;
use k8s_kit::node_agent::HollowNode;
use k8s_kit::{Cluster, Condition, rolled_out};
use k8s_openapi::api::core::v1::{Node, Pod};
use tokio::time::Instant;

const THOUSAND: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: thousand, namespace: default}
spec:
  replicas: 1000
  selector: {matchLabels: {app: thousand}}
  template:
    metadata: {labels: {app: thousand}}
    spec:
      containers:
      - {name: c, image: registry.example/pause:1, resources: {requests: {cpu: 10m, memory: 16Mi}}}
";

const FIRST: &str = "
apiVersion: v1
kind: Pod
metadata: {name: first, namespace: default}
spec: {containers: [{name: c, image: registry.example/pause:1}]}
";

/// Of these pods a third runs on the node that dies.
const THIRTY: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: thirty, namespace: default}
spec:
  replicas: 30
  selector: {matchLabels: {app: thirty}}
  template:
    metadata: {labels: {app: thirty}}
    spec: {containers: [{name: c, image: registry.example/pause:1}]}
";

/// A cluster makes and drops many small things on several threads; this allocator takes a sixth less time for it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let real = || tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let simulated = || tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    match std::env::args().nth(1).as_deref() {
        Some("startup") => real()?.block_on(startup()),
        Some("thousand") => real()?.block_on(thousand()),
        Some("eviction") => simulated()?.block_on(eviction()),
        _ => Err("say `startup`, `thousand` or `eviction`".into()),
    }
}

/// Five nodes, from the start of the process to discovery served, nodes ready and a first pod bound.
async fn startup() -> Result<(), Box<dyn std::error::Error>> {
    let begun = Instant::now();
    let cluster = Cluster::builder().nodes(nodes(5)).start().await?;
    let admin = cluster.client_as(UserInfo::admin());
    admin.get_path("/apis").await?;
    report("discovery served", begun);
    for i in 1..=5 {
        cluster.until(ready(format!("node-{i}"))).await?;
    }
    report("five nodes ready", begun);
    admin.apply(FIRST).await?;
    cluster.until(bound("first")).await?;
    report("first pod bound", begun);
    println!("{:28} {:>8.1} MiB", "resident memory", resident_mib());
    cluster.stop().await;
    Ok(())
}

/// A Deployment of 1,000 pods on 10 nodes, from accepted to all available in its status.
async fn thousand() -> Result<(), Box<dyn std::error::Error>> {
    let cluster = Cluster::builder().nodes(nodes(10)).start().await?;
    let admin = cluster.client_as(UserInfo::admin());
    for i in 1..=10 {
        cluster.until(ready(format!("node-{i}"))).await?;
    }
    admin.apply(THOUSAND).await?;
    let begun = Instant::now();
    cluster.until(rolled_out("default", "thousand")).await?;
    report("1,000 pods available", begun);
    println!("{:28} {:>8.1} MiB", "resident memory", resident_mib());
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    println!("{:28} {:>8}", "events recorded", count_events(&admin).await?);
    cluster.stop().await;
    Ok(())
}

/// One of three nodes dies: until its pods are evicted, after the five minutes that they tolerate it, and others are ready
/// in their place.
async fn eviction() -> Result<(), Box<dyn std::error::Error>> {
    let cluster = Cluster::builder().env(Env::simulated(7)).nodes(nodes(3)).start().await?;
    let admin = cluster.client_as(UserInfo::admin());
    admin.apply(THIRTY).await?;
    cluster.until(rolled_out("default", "thirty")).await?;
    let lost = pods_on(&admin, "node-2").await?;
    cluster.crash_node("node-2").await?;
    let (simulated, real) = (Instant::now(), real_time());
    cluster.until(elsewhere("node-2", 30)).await?;
    println!("{:28} {:>8.1} ms", format!("{lost} of 30 pods replaced"), real.elapsed().as_secs_f64() * 1000.0);
    println!("{:28} {:>8.1} s", "... in simulated time", simulated.elapsed().as_secs_f64());
    cluster.stop().await;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "how long simulated time really takes")]
fn real_time() -> std::time::Instant {
    std::time::Instant::now()
}

async fn pods_on(admin: &Client, node: &str) -> Result<usize, Box<dyn std::error::Error>> {
    let pods = admin.namespaced::<Pod>("default").list(k8s_kit::client::ListOptions::default()).await?;
    Ok(pods.items.iter().filter(|pod| node_of(pod) == Some(node)).count())
}

fn node_of(pod: &Pod) -> Option<&str> {
    pod.spec.as_ref()?.node_name.as_deref()
}

/// So many pods are ready on other nodes than this.
fn elsewhere(node: &'static str, wanted: usize) -> Condition {
    Condition::new(move |client, env| async move {
        let informers = Informers::new(client, env);
        let pods = informers.get::<Pod>();
        let mut events = pods.subscribe();
        let counts = |pod: &Pod| {
            let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
            let ready = conditions.into_iter().flatten().any(|c| c.type_ == "Ready" && c.status == "True");
            ready && node_of(pod) != Some(node)
        };
        while pods.reader().list_namespace("default").iter().filter(|pod| counts(pod)).count() < wanted {
            events.next().await;
        }
        Ok(())
    })
}

fn nodes(n: usize) -> impl Iterator<Item = HollowNode> {
    (1..=n).map(|i| HollowNode::new(format!("node-{i}")).cpu(64).memory("256Gi").pods(250))
}

fn ready(name: String) -> Condition {
    Condition::new(move |client, env| async move {
        let done = |found: Option<&Arc<Node>>| {
            let conditions = found?.status.as_ref()?.conditions.as_ref()?;
            let ready = conditions.iter().any(|c| c.type_ == "Ready" && c.status == "True");
            ready.then_some(())
        };
        client.until(&env, "", &name, done).await
    })
}

fn bound(name: &'static str) -> Condition {
    Condition::new(move |client, env| async move {
        let done = |found: Option<&Arc<Pod>>| found?.spec.as_ref()?.node_name.as_ref().map(|_| ());
        client.until(&env, "default", name, done).await
    })
}

async fn count_events(admin: &Client) -> Result<usize, Box<dyn std::error::Error>> {
    let events = admin.api::<k8s_openapi::api::core::v1::Event>();
    Ok(events.dynamic().list(k8s_kit::client::ListOptions::default()).await?.items.len())
}

fn report(what: &str, since: Instant) {
    println!("{what:28} {:>8.1} ms", since.elapsed().as_secs_f64() * 1000.0);
}

/// What the kernel says this process holds in memory.
fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().unwrap_or_default();
    kib / 1024.0
}
