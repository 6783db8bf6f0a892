#![expect(clippy::unwrap_used, reason = "tests")]

use k8s_api_client::PatchKind;
use k8s_openapi::api::core::v1::{Node, Pod};
use serde_json::json;

use crate::world::World;

fn taints(node: &Node) -> Vec<String> {
    let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_deref()).unwrap_or_default();
    taints.iter().map(|taint| format!("{}:{}", taint.key, taint.effect)).collect()
}

async fn taints_of(world: &World, node: &str) -> Vec<String> {
    taints(&world.admin.api::<Node>().get(node).await.unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_silent_node_is_unknown_and_its_pods_go() {
    let world = World::all().await;
    world.node("well").await;
    world.node("ill").await;
    world.pod("a", "web", "ill", "10.0.0.1").await;
    world.pod("b", "web", "well", "10.0.0.2").await;
    for _ in 0..4 {
        world.pass(15).await;
        world.heartbeat("well").await;
    }
    let expected = ["node.kubernetes.io/unreachable:NoSchedule", "node.kubernetes.io/unreachable:NoExecute"];
    assert_eq!(taints_of(&world, "ill").await, expected);
    assert!(taints_of(&world, "well").await.is_empty());
    let pod = world.admin.namespaced::<Pod>("default").get("a").await.unwrap();
    assert!(!k8s_ctrl::pod::is_ready(&pod));
    let events = world.events("default").await;
    assert!(events.contains(&"NodeNotReady: Node is not ready".to_owned()), "{events:?}");
    assert!(events.contains(&"NodeNotReady: Node ill status is now: NodeNotReady".to_owned()), "{events:?}");
    assert!(events.contains(&"RegisteredNode: Node ill event: Registered Node ill in Controller".to_owned()));

    // The default tolerations bear it for five minutes.
    for _ in 0..20 {
        world.pass(16).await;
        world.heartbeat("well").await;
    }
    let events = world.events("default").await;
    assert!(events.contains(&"TaintManagerEviction: Marking for deletion Pod default/a".to_owned()), "{events:?}");
    let pod = world.admin.namespaced::<Pod>("default").find("a").await.unwrap();
    assert!(pod.is_none_or(|pod| pod.metadata.deletion_timestamp.is_some()));
    assert!(world.exists::<Pod>("default", "b").await);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_speaks_again_is_well() {
    let world = World::all().await;
    world.node("a").await;
    world.node("b").await;
    for _ in 0..5 {
        world.pass(15).await;
        world.heartbeat("a").await;
    }
    assert_eq!(taints_of(&world, "b").await.len(), 2);
    world.heartbeat("b").await;
    world.pass(1).await;
    assert!(taints_of(&world, "b").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn when_all_nodes_are_ill_no_pod_is_evicted() {
    let world = World::all().await;
    world.node("a").await;
    world.node("b").await;
    world.pass(120).await;
    for node in ["a", "b"] {
        assert_eq!(taints_of(&world, node).await, ["node.kubernetes.io/unreachable:NoSchedule"]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_unschedulable_node_is_tainted() {
    let world = World::all().await;
    world.node("a").await;
    let patch = json!({ "spec": { "unschedulable": true } });
    world.admin.api::<Node>().patch("a", PatchKind::Merge, &patch).await.unwrap();
    world.pass(1).await;
    assert_eq!(taints_of(&world, "a").await, ["node.kubernetes.io/unschedulable:NoSchedule"]);
}

#[tokio::test(start_paused = true)]
async fn pods_of_a_node_that_is_gone_go() {
    let world = World::all().await;
    world.node("a").await;
    world.pod("p", "web", "a", "10.0.0.1").await;
    world.admin.api::<Node>().delete("a", k8s_api_client::DeleteOptions::default()).await.unwrap();
    world.pass(30).await;
    assert!(world.exists::<Pod>("default", "p").await);
    world.pass(30).await;
    assert!(!world.exists::<Pod>("default", "p").await);
}
