//! A scheduler plugin: one trait, tried on a cluster that is a line of text, then at work in a cluster in memory.
//!
//! `cargo run --release --example scheduler_plugin`
#![expect(clippy::print_stdout, reason = "an example talks to people")]

use k8s_kit::api::UserInfo;
use k8s_kit::env::Env;
use k8s_kit::node_agent::HollowNode;
use k8s_kit::sched::{CycleState, MAX_SCORE, NodeInfo, PodInfo, Score, Simulation, Status};
use k8s_kit::{Cluster, pod_ready};
use k8s_openapi::api::core::v1::Pod;

/// Prefers the nodes on which little noise is measured.
struct PreferQuietNodes;

impl Score for PreferQuietNodes {
    fn name(&self) -> &'static str {
        "PreferQuietNodes"
    }

    fn score(&self, _: &CycleState, _: &PodInfo, node: &NodeInfo) -> Result<i64, Status> {
        let noise = if node.name() == "loud" { 90 } else { 5 };
        Ok(MAX_SCORE - noise)
    }
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Before anything runs: which node would it be, and why?
    let simulation = Simulation::new("node loud cpu=4; node quiet cpu=4; pod p cpu=1").with(PreferQuietNodes);
    println!("{}\n", simulation.explain("p"));

    // In a cluster, beside upstream's own plugins.
    let cluster = Cluster::builder()
        .env(Env::simulated(1))
        .scheduler(k8s_sched_plugins::default_profile().with(PreferQuietNodes))
        .nodes(["loud", "quiet"].map(HollowNode::new))
        .start()
        .await?;
    let admin = cluster.client_as(UserInfo::admin());
    for i in 1..=3 {
        admin.apply(&pod(i)).await?;
        cluster.until(pod_ready("default", &format!("p{i}"))).await?;
        let placed = admin.namespaced::<Pod>("default").get(&format!("p{i}")).await?;
        let node = placed.spec.as_ref().and_then(|spec| spec.node_name.clone()).unwrap_or_default();
        println!("p{i} runs on {node}");
    }
    cluster.stop().await;
    Ok(())
}

fn pod(i: usize) -> String {
    format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: p{i}, namespace: default}}, spec: {{containers: [{{name: c, image: x}}]}}}}"
    )
}
