#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use k8s_api::Kind;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use serde_json::{Value, json};

use crate::support::World;

fn deployment(replicas: i32) -> Value {
    json!({
        "metadata": { "name": "web" },
        "spec": {
            "replicas": replicas,
            "selector": { "matchLabels": { "app": "web" } },
            "template": {
                "metadata": { "labels": { "app": "web" } },
                "spec": { "containers": [{ "name": "web", "image": "web:1" }] },
            },
        },
    })
}

fn budget(field: &str, value: Value) -> Value {
    json!({
        "metadata": { "name": "web" },
        "spec": { "selector": { "matchLabels": { "app": "web" } }, field: value },
    })
}

/// `ALLOWED CURRENT/DESIRED of EXPECTED CONDITION`.
async fn summary(world: &World) -> String {
    let budget = world.get::<PodDisruptionBudget>("web").await;
    let status = budget.status.clone().unwrap();
    let condition = &status.conditions.unwrap()[0];
    format!(
        "{} {}/{} of {} {}={}/{}",
        status.disruptions_allowed.unwrap(),
        status.current_healthy.unwrap(),
        status.desired_healthy.unwrap(),
        status.expected_pods.unwrap(),
        condition.type_,
        condition.status,
        condition.reason
    )
}

#[tokio::test(start_paused = true)]
async fn a_budget_counts_what_is_healthy() {
    let world = World::start().await;
    world.create::<PodDisruptionBudget>(budget("minAvailable", json!(2))).await;
    assert_eq!(summary(&world).await, "0 0/2 of 0 DisruptionAllowed=False/InsufficientPods");
    let events = world.events("PodDisruptionBudget", "web").await;
    assert!(events.starts_with("Normal NoPods No matching pods found\n"), "{events}");
    world.create::<Deployment>(deployment(3)).await;
    world.all_ready().await;
    assert_eq!(summary(&world).await, "1 3/2 of 3 DisruptionAllowed=True/SufficientPods");
    world.ready(&world.pods().await[..1], false).await;
    world.settle().await;
    assert_eq!(summary(&world).await, "0 2/2 of 3 DisruptionAllowed=False/InsufficientPods");
}

#[tokio::test(start_paused = true)]
async fn shares_are_of_the_size_of_the_deployment() {
    let world = World::start().await;
    world.create::<Deployment>(deployment(5)).await;
    world.all_ready().await;
    world.create::<PodDisruptionBudget>(budget("maxUnavailable", json!("30%"))).await;
    assert_eq!(summary(&world).await, "2 5/3 of 5 DisruptionAllowed=True/SufficientPods");
}

#[tokio::test(start_paused = true)]
async fn evicted_pods_that_stay_count_again() {
    let world = World::start().await;
    world.create::<Deployment>(deployment(3)).await;
    world.all_ready().await;
    world.create::<PodDisruptionBudget>(budget("minAvailable", json!(1))).await;
    let name = world.pods().await[0].name().to_owned();
    let now = world.env.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let told = json!({ "status": { "disruptedPods": { &name: now } } });
    let api = world.client.namespaced::<PodDisruptionBudget>("shop");
    api.patch_status("web", k8s_api_client::PatchKind::Merge, &told).await.unwrap();
    world.settle().await;
    assert_eq!(summary(&world).await, "1 2/1 of 3 DisruptionAllowed=True/SufficientPods");
    tokio::time::sleep(Duration::from_secs(121)).await;
    assert_eq!(summary(&world).await, "2 3/1 of 3 DisruptionAllowed=True/SufficientPods");
    let events = world.events("Pod", &name).await;
    assert!(events.contains("Warning NotDeleted Pod was expected by PDB shop/shop to be deleted but it wasn't"));
}

#[tokio::test(start_paused = true)]
async fn pods_without_a_known_owner_allow_nothing() {
    let world = World::start().await;
    let owner = json!({
        "apiVersion": "apps/v1", "kind": "DaemonSet", "name": "d", "uid": "1234", "controller": true,
    });
    let pod = json!({
        "metadata": { "name": "p", "labels": { "app": "web" }, "ownerReferences": [owner] },
        "spec": { "containers": [{ "name": "web", "image": "web:1" }] },
    });
    world.create::<Pod>(pod).await;
    world.create::<PodDisruptionBudget>(budget("maxUnavailable", json!(1))).await;
    assert_eq!(summary(&world).await, "0 0/0 of 0 DisruptionAllowed=False/SyncFailed");
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_was_to_go_and_did_not_is_told_so() {
    let world = World::start().await;
    let pod = json!({
        "metadata": { "name": "p", "labels": { "app": "web" } },
        "spec": { "containers": [{ "name": "web", "image": "web:1" }] },
    });
    world.create::<Pod>(pod).await;
    let now = world.env.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let target = json!({
        "type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI", "lastTransitionTime": now,
    });
    world.end("p", json!({ "conditions": [target] })).await;
    let holds = async || {
        let pod = world.get::<Pod>("p").await;
        k8s_ctrl::pod::condition(&pod, "DisruptionTarget").unwrap().status.clone()
    };
    assert_eq!(holds().await, "True");
    tokio::time::sleep(Duration::from_secs(121)).await;
    assert_eq!(holds().await, "False");
}
