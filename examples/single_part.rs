//! Our scheduler on any cluster, over HTTPS, beside the scheduler that is there.
//!
//! `cargo run --release --example single_part -- path/to/kubeconfig` schedules until it is interrupted; without a path
//! it makes a cluster in memory, serves it on a loopback port, and lets one pod find its node.
#![expect(clippy::print_stdout, reason = "an example talks to people")]

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use k8s_kit::api::UserInfo;
use k8s_kit::client::Client;
use k8s_kit::env::{Env, Tasks};
use k8s_kit::https::{self, Kubeconfig};
use k8s_kit::node_agent::HollowNode;
use k8s_kit::sched::Scheduler;
use k8s_kit::{Cluster, pod_ready};
use k8s_openapi::api::core::v1::Pod;
use k8s_sched_plugins::default_profile;

/// What pods ask for with `schedulerName`.
const NAME: &str = "single-part";

const POD: &str = "
apiVersion: v1
kind: Pod
metadata: {name: ours, namespace: default}
spec: {schedulerName: single-part, containers: [{name: c, image: registry.example/web:1}]}
";

/// A scheduler for the pods of a cluster that ask for `schedulerName: single-part`.
#[derive(Debug, Parser)]
struct Arguments {
    /// The cluster's kubeconfig; without it a cluster in memory is made.
    kubeconfig: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let env = Env::system();
    match Arguments::parse().kubeconfig {
        Some(path) => {
            let client = https::client(&Kubeconfig::read(path)?, &env)?;
            println!("Scheduling pods with `schedulerName: {NAME}` until Ctrl-C");
            schedule(client, env, async { drop(tokio::signal::ctrl_c().await) }).await
        }
        None => demonstrate(env).await,
    }
}

/// The part: everything else on this page is a cluster to try it on.
async fn schedule(client: Client, env: Env, stop: impl Future<Output = ()>) -> Result<(), Box<dyn std::error::Error>> {
    Ok(Scheduler::new(client).env(env).profile(NAME, default_profile()).run(stop).await?)
}

async fn demonstrate(env: Env) -> Result<(), Box<dyn std::error::Error>> {
    // `single-part` is nobody's name there.
    let cluster = Cluster::builder().nodes(["node-1", "node-2"].map(HollowNode::new)).start().await?;
    let served = cluster.serve("127.0.0.1:0").await?;
    println!("A cluster in memory is up at https://{}", served.local_addr());
    let admin = cluster.client_as(UserInfo::admin());
    println!("{}", admin.apply(POD).await?[0]);
    println!("   nobody schedules it: {:?}", node_of(&admin).await?);

    let client = https::client(served.kubeconfig(), &env)?;
    let tasks = Tasks::new();
    tasks.spawn(async move {
        if let Err(error) = schedule(client, env, std::future::pending()).await {
            println!("   the scheduler ended: {error}");
        }
    });
    println!("-- Our scheduler joins, over HTTPS");
    tokio::time::timeout(Duration::from_secs(20), cluster.until(pod_ready("default", "ours"))).await??;
    println!("   it runs on {}", node_of(&admin).await?.unwrap_or_default());

    tasks.stop().await;
    served.stop().await;
    cluster.stop().await;
    Ok(())
}

async fn node_of(admin: &Client) -> Result<Option<String>, Box<dyn std::error::Error>> {
    let pod = admin.namespaced::<Pod>("default").get("ours").await?;
    Ok(pod.spec.as_ref().and_then(|spec| spec.node_name.clone()))
}
