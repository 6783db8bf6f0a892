//! What a cluster in memory costs, in real time and with every write through the API.
//!
//! `cargo run --release --example measure -- startup` and `... -- thousand`
#![expect(clippy::print_stdout, reason = "an example talks to people")]

use std::sync::Arc;

use k8s_kit::api::UserInfo;
use k8s_kit::client::Client;
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

/// A cluster makes and drops many small things on several threads; this allocator takes a sixth less time for it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match std::env::args().nth(1).as_deref() {
        Some("startup") => runtime.block_on(startup()),
        Some("thousand") => runtime.block_on(thousand()),
        _ => Err("say `startup` or `thousand`".into()),
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
