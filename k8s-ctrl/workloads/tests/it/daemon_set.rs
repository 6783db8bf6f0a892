#![expect(clippy::unwrap_used, reason = "tests")]

use k8s_api::Kind;
use k8s_openapi::api::apps::v1::{ControllerRevision, DaemonSet};
use k8s_openapi::api::core::v1::{Node, Pod};
use serde_json::{Value, json};

use crate::support::{World, object};

fn set() -> Value {
    json!({
        "metadata": { "name": "agent" },
        "spec": {
            "selector": { "matchLabels": { "app": "agent" } },
            "template": {
                "metadata": { "labels": { "app": "agent" } },
                "spec": {
                    "nodeSelector": { "tier": "work" },
                    "containers": [{ "name": "agent", "image": "agent:1" }],
                },
            },
        },
    })
}

async fn add_node(world: &World, name: &str, tier: &str) {
    let node = json!({ "metadata": { "name": name, "labels": { "tier": tier } } });
    world.client.api::<Node>().create(object(node)).await.unwrap();
    // Until it is ready, a node is tainted; kubelets remove that.
    let free = json!({ "spec": { "taints": null } });
    world.client.api::<Node>().patch(name, k8s_api_client::PatchKind::Merge, &free).await.unwrap();
    world.settle().await;
}

/// `DESIRED CURRENT READY UPDATED AVAILABLE MISSCHEDULED`.
async fn summary(world: &World) -> String {
    let status = world.get::<DaemonSet>("agent").await.status.clone().unwrap();
    let number = |count: Option<i32>| count.unwrap_or_default();
    format!(
        "{} {} {} {} {} {}",
        status.desired_number_scheduled,
        status.current_number_scheduled,
        status.number_ready,
        number(status.updated_number_scheduled),
        number(status.number_available),
        status.number_misscheduled
    )
}

#[tokio::test(start_paused = true)]
async fn every_node_that_is_meant_gets_a_pod() {
    let world = World::start().await;
    add_node(&world, "a", "work").await;
    add_node(&world, "b", "rest").await;
    world.create::<DaemonSet>(set()).await;
    let pods = world.pods().await;
    assert_eq!(pods.len(), 1);
    let spec = pods[0].spec.as_ref().unwrap();
    let affinity = spec.affinity.as_ref().unwrap().node_affinity.as_ref().unwrap();
    let required = affinity.required_during_scheduling_ignored_during_execution.as_ref().unwrap();
    let field = &required.node_selector_terms[0].match_fields.as_ref().unwrap()[0];
    assert_eq!((&*field.key, field.values.as_deref().unwrap()), ("metadata.name", &["a".to_owned()][..]));
    add_node(&world, "c", "work").await;
    world.all_ready().await;
    assert_eq!(summary(&world).await, "2 2 2 2 2 0");
    let relabel = json!({ "metadata": { "labels": { "tier": "rest" } } });
    world.client.api::<Node>().patch("c", k8s_api_client::PatchKind::Merge, &relabel).await.unwrap();
    world.settle().await;
    world.all_ready().await;
    assert_eq!(summary(&world).await, "1 1 1 1 1 0");
    let events = world.events("DaemonSet", "agent").await;
    assert!(events.starts_with("Normal SuccessfulCreate Created pod: agent-"), "{events}");
}

#[tokio::test(start_paused = true)]
async fn a_new_template_replaces_one_pod_after_the_other() {
    let world = World::start().await;
    add_node(&world, "a", "work").await;
    add_node(&world, "b", "work").await;
    world.create::<DaemonSet>(set()).await;
    world.all_ready().await;
    let image =
        json!({ "spec": { "template": { "spec": { "containers": [{ "name": "agent", "image": "agent:2" }] } } } });
    world.patch::<DaemonSet>("agent", image).await;
    let going = world.pods().await.iter().filter(|pod| pod.metadata.deletion_timestamp.is_some()).count();
    assert_eq!(going, 1);
    world.all_ready().await;
    assert_eq!(summary(&world).await, "2 2 2 2 2 0");
    let image = |pod: &Pod| pod.spec.as_ref().unwrap().containers[0].image.clone().unwrap();
    assert!(world.pods().await.iter().all(|pod| image(pod) == "agent:2"));
    assert_eq!(world.list::<ControllerRevision>().await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_failed_pod_is_replaced() {
    let world = World::start().await;
    add_node(&world, "a", "work").await;
    world.create::<DaemonSet>(set()).await;
    let name = world.pods().await[0].name().to_owned();
    world.bind(&name).await;
    world.end(&name, json!({ "phase": "Failed" })).await;
    world.all_ready().await;
    assert_ne!(world.pods().await[0].name(), name);
    let events = world.events("DaemonSet", "agent").await;
    let whose = format!("Found failed daemon pod shop/{name} on node a, will try to kill it");
    assert!(events.contains(&format!("Warning FailedDaemonPod {whose}")), "{events}");
}
