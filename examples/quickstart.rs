//! A whole cluster in one process, without a port: three nodes, a Deployment behind a Service, and a node that fails.
//!
//! `cargo run --release --example quickstart`
#![expect(clippy::print_stdout, reason = "an example talks to people")]

use std::time::Duration;

use k8s_kit::api::UserInfo;
use k8s_kit::client::{Client, Informers, ListOptions};
use k8s_kit::env::Env;
use k8s_kit::node_agent::HollowNode;
use k8s_kit::{Cluster, Condition, rolled_out, tables};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use tokio::time::Instant;

const SHOP: &str = include_str!("quickstart/shop.yaml");

// Time stands still while anything can happen, and jumps to the next moment when something is due. So the five minutes
// that Kubernetes waits before it gives up on a lost node pass in a moment.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let begun = Instant::now();
    let cluster = Cluster::builder()
        .env(Env::simulated(7))
        .nodes((1..=3).map(|i| HollowNode::new(format!("node-{i}")).cpu(8).memory("32Gi")))
        .start()
        .await?;
    let admin = cluster.client_as(UserInfo::admin());

    println!("-- Apply a Namespace, a ConfigMap, a Deployment of six replicas and a Service");
    for applied in admin.apply(SHOP).await? {
        println!("{applied}");
    }
    cluster.until(rolled_out("shop", "web")).await?;
    // The endpoints follow within a moment of the cluster's time.
    tokio::time::sleep(Duration::from_secs(1)).await;
    println!("\n-- Rolled out after {} of the cluster's time", seconds(begun));
    show(&cluster, &admin).await?;

    println!("\n-- node-2 loses its power");
    cluster.crash_node("node-2").await?;
    let failed = Instant::now();
    cluster.until(replaced("node-2")).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    println!("   ... {} later Kubernetes has replaced its pods on the others", seconds(failed));
    show(&cluster, &admin).await?;

    cluster.stop().await;
    Ok(())
}

/// Prints the pods and the endpoints of the Service as kubectl would.
async fn show(cluster: &Cluster, admin: &Client) -> Result<(), Box<dyn std::error::Error>> {
    let (pods, slices) = (admin.namespaced::<Pod>("shop"), admin.namespaced::<EndpointSlice>("shop"));
    for (api, wide) in [(pods.dynamic(), true), (slices.dynamic(), false)] {
        let list = api.list(ListOptions::default()).await?;
        println!("{}", tables::text(api.resource(), &list.items, cluster.env().clock.now(), wide));
    }
    Ok(())
}

/// All six pods are ready, and none of them on this node.
fn replaced(node: &'static str) -> Condition {
    Condition::new(move |client, env| async move {
        let informers = Informers::new(client, env);
        let pods = informers.get::<Pod>();
        let mut events = pods.subscribe();
        let elsewhere = |pod: &Pod| {
            let on = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref());
            let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
            let ready = conditions.into_iter().flatten().any(|c| c.type_ == "Ready" && c.status == "True");
            ready && on != Some(node)
        };
        while pods.reader().list_namespace("shop").iter().filter(|pod| elsewhere(pod)).count() < 6 {
            events.next().await;
        }
        Ok(())
    })
}

fn seconds(since: Instant) -> String {
    format!("{:.0} s", since.elapsed().as_secs_f64())
}
