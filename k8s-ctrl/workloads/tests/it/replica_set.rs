use std::time::Duration;

use k8s_api::Kind;
use k8s_api_client::DeleteOptions;
use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::{Pod, ReplicationController};
use serde_json::{Value, json};

use crate::support::World;

fn set(replicas: i32) -> Value {
    json!({
        "metadata": { "name": "web" },
        "spec": { "replicas": replicas, "selector": { "matchLabels": { "app": "web" } }, "template": template() },
    })
}

fn template() -> Value {
    json!({
        "metadata": { "labels": { "app": "web" } },
        "spec": { "containers": [{ "name": "web", "image": "web:1" }] },
    })
}

#[tokio::test(start_paused = true)]
async fn a_replica_set_makes_its_pods_and_counts_them() {
    let world = World::start().await;
    world.create::<ReplicaSet>(set(3)).await;
    let pods = world.pods().await;
    assert_eq!(pods.len(), 3);
    assert!(pods[0].name().starts_with("web-") && pods[0].name().len() == "web-".len() + 5);
    let owner = &pods[0].metadata.owner_references.as_ref().unwrap()[0];
    assert_eq!((&*owner.kind, &*owner.name, owner.controller), ("ReplicaSet", "web", Some(true)));
    world.ready(&pods[..2], true).await;
    world.settle().await;
    let status = world.get::<ReplicaSet>("web").await.status.clone().unwrap();
    assert_eq!((status.replicas, status.ready_replicas, status.available_replicas), (3, Some(2), Some(2)));
    assert_eq!((status.fully_labeled_replicas, status.terminating_replicas), (Some(3), Some(0)));
    assert_eq!(status.observed_generation, Some(1));
    let events = world.events("ReplicaSet", "web").await;
    assert_eq!(events.lines().count(), 3);
    assert!(events.contains(&format!("Normal SuccessfulCreate Created pod: {}\n", pods[0].name())), "{events}");
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_goes_is_replaced_at_once() {
    let world = World::start().await;
    world.create::<ReplicaSet>(set(2)).await;
    let gone = world.pods().await[0].name().to_owned();
    world.client.namespaced::<Pod>("shop").delete(&gone, DeleteOptions::default().grace(0)).await.unwrap();
    world.settle().await;
    let pods = world.pods().await;
    assert!(pods.len() == 2 && pods.iter().all(|pod| pod.name() != gone));
}

#[tokio::test(start_paused = true)]
async fn a_smaller_set_keeps_the_pods_that_are_ready() {
    let world = World::start().await;
    world.create::<ReplicaSet>(set(4)).await;
    let pods = world.pods().await;
    world.ready(&pods[1..2], true).await;
    world.settle().await;
    world.patch::<ReplicaSet>("web", json!({ "spec": { "replicas": 1 } })).await;
    let left: Vec<_> = world.pods().await.into_iter().filter(|pod| pod.metadata.deletion_timestamp.is_none()).collect();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].name(), pods[1].name());
    let events = world.events("ReplicaSet", "web").await;
    assert_eq!(events.lines().filter(|line| line.starts_with("Normal SuccessfulDelete Deleted pod: web-")).count(), 3);
}

#[tokio::test(start_paused = true)]
async fn pods_that_match_are_adopted_and_those_that_match_no_longer_let_go() {
    let world = World::start().await;
    let mut orphan = template();
    orphan["metadata"]["name"] = json!("lonely");
    world.create::<Pod>(orphan).await;
    world.create::<ReplicaSet>(set(2)).await;
    assert_eq!(world.pods().await.len(), 2);
    let owner = world.get::<Pod>("lonely").await.metadata.owner_references.clone().unwrap();
    assert_eq!(owner[0].name, "web");
    world.patch::<Pod>("lonely", json!({ "metadata": { "labels": { "app": "other" } } })).await;
    assert_eq!(world.get::<Pod>("lonely").await.metadata.owner_references, None);
    assert_eq!(world.pods().await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn pods_count_as_available_after_their_time() {
    let world = World::start().await;
    let mut set = set(1);
    set["spec"]["minReadySeconds"] = json!(30);
    world.create::<ReplicaSet>(set).await;
    world.ready(&world.pods().await, true).await;
    world.settle().await;
    let status = world.get::<ReplicaSet>("web").await.status.clone().unwrap();
    assert_eq!((status.ready_replicas, status.available_replicas), (Some(1), None));
    tokio::time::sleep(Duration::from_secs(30)).await;
    let status = world.get::<ReplicaSet>("web").await.status.clone().unwrap();
    assert_eq!((status.ready_replicas, status.available_replicas), (Some(1), Some(1)));
}

#[tokio::test(start_paused = true)]
async fn pods_that_cannot_be_made_are_told_in_the_status() {
    let world = World::start().await;
    let mut set = set(1);
    set["spec"]["template"]["spec"]["serviceAccountName"] = json!("nobody");
    world.create::<ReplicaSet>(set).await;
    let status = world.get::<ReplicaSet>("web").await.status.clone().unwrap();
    let condition = &status.conditions.unwrap()[0];
    assert_eq!((&*condition.type_, &*condition.status), ("ReplicaFailure", "True"));
    assert_eq!(condition.reason.as_deref(), Some("FailedCreate"));
    let message = condition.message.clone().unwrap();
    assert!(message.starts_with("pods \"web-"), "{message}");
    let why = "is forbidden: error looking up service account shop/nobody: serviceaccount \"nobody\" not found";
    assert!(message.ends_with(why), "{message}");
    let events = world.events("ReplicaSet", "web").await;
    assert_eq!(events.lines().next().unwrap(), format!("Warning FailedCreate Error creating: {message}"));
    world.create::<k8s_openapi::api::core::v1::ServiceAccount>(json!({ "metadata": { "name": "nobody" } })).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(world.pods().await.len(), 1);
    assert_eq!(world.get::<ReplicaSet>("web").await.status.as_ref().unwrap().conditions, None);
}

#[tokio::test(start_paused = true)]
async fn a_replication_controller_does_the_same() {
    let world = World::start().await;
    let value = json!({
        "metadata": { "name": "old" },
        "spec": { "replicas": 2, "selector": { "app": "web" }, "template": template() },
    });
    world.create::<ReplicationController>(value).await;
    world.all_ready().await;
    let status = world.get::<ReplicationController>("old").await.status.clone().unwrap();
    assert_eq!((status.replicas, status.available_replicas), (2, Some(2)));
}
