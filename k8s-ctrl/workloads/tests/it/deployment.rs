#![expect(clippy::unwrap_used, reason = "tests")]

use std::fmt::Write;
use std::time::Duration;

use k8s_api::Kind;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
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

fn image(name: &str) -> Value {
    json!({ "spec": { "template": { "spec": { "containers": [{ "name": "web", "image": name }] } } } })
}

/// The replica sets with pods or with a history, as `REVISION:SIZE`, and the deployment's conditions.
async fn summary(world: &World) -> String {
    let mut text = String::new();
    let mut sets = world.list::<ReplicaSet>().await;
    let annotation = |set: &ReplicaSet, key: &str| set.metadata.annotations.as_ref().unwrap().get(key).cloned();
    sets.sort_by_key(|set| annotation(set, "deployment.kubernetes.io/revision"));
    for set in sets {
        let revision = annotation(&set, "deployment.kubernetes.io/revision").unwrap();
        write!(text, "{revision}:{} ", set.spec.as_ref().unwrap().replicas.unwrap()).unwrap();
    }
    let deployment = world.get::<Deployment>("web").await;
    for condition in deployment.status.as_ref().unwrap().conditions.iter().flatten() {
        write!(text, "{}={}/{} ", condition.type_, condition.status, condition.reason.as_ref().unwrap()).unwrap();
    }
    text.trim_end().to_owned()
}

const DONE: &str = "Available=True/MinimumReplicasAvailable Progressing=True/NewReplicaSetAvailable";

#[tokio::test(start_paused = true)]
async fn a_deployment_gets_a_replica_set_of_its_size() {
    let world = World::start().await;
    world.create::<Deployment>(deployment(3)).await;
    let pending = "1:3 Available=False/MinimumReplicasUnavailable Progressing=True/ReplicaSetUpdated";
    assert_eq!(summary(&world).await, pending);
    world.all_ready().await;
    assert_eq!(summary(&world).await, format!("1:3 {DONE}"));
    let web = world.get::<Deployment>("web").await;
    let status = web.status.as_ref().unwrap();
    assert_eq!((status.replicas, status.updated_replicas, status.ready_replicas), (Some(3), Some(3), Some(3)));
    assert_eq!((status.available_replicas, status.unavailable_replicas), (Some(3), None));
    assert_eq!((status.terminating_replicas, status.observed_generation), (Some(0), Some(1)));
    assert_eq!(web.metadata.annotations.as_ref().unwrap()["deployment.kubernetes.io/revision"], "1");
    let set = &world.list::<ReplicaSet>().await[0];
    let hash = &set.metadata.labels.as_ref().unwrap()["pod-template-hash"];
    assert_eq!(set.name(), format!("web-{hash}"));
    let annotations = set.metadata.annotations.as_ref().unwrap();
    assert_eq!(annotations["deployment.kubernetes.io/desired-replicas"], "3");
    assert_eq!(annotations["deployment.kubernetes.io/max-replicas"], "4");
    let messages: Vec<_> = status.conditions.iter().flatten().map(|c| c.message.clone().unwrap()).collect();
    let progressed = format!("ReplicaSet \"{}\" has successfully progressed.", set.name());
    assert_eq!(messages, ["Deployment has minimum availability.", &progressed]);
    let events = world.events("Deployment", "web").await;
    assert_eq!(events, format!("Normal ScalingReplicaSet Scaled up replica set {} from 0 to 3\n", set.name()));
}

#[tokio::test(start_paused = true)]
async fn a_rolling_update_stays_within_its_fenceposts() {
    let world = World::start().await;
    world.create::<Deployment>(deployment(4)).await;
    world.all_ready().await;
    world.patch::<Deployment>("web", image("web:2")).await;
    // One more than four, one fewer available.
    assert_eq!(
        summary(&world).await,
        "1:3 2:2 Available=True/MinimumReplicasAvailable Progressing=True/ReplicaSetUpdated"
    );
    world.all_ready().await;
    assert_eq!(summary(&world).await, format!("1:0 2:4 {DONE}"));
    let sets = world.list::<ReplicaSet>().await;
    let name = |revision: &str| {
        let is = |set: &&std::sync::Arc<ReplicaSet>| {
            set.metadata.annotations.as_ref().unwrap()["deployment.kubernetes.io/revision"] == revision
        };
        sets.iter().find(is).unwrap().name().to_owned()
    };
    let (old, new) = (name("1"), name("2"));
    let expected = format!(
        "Normal ScalingReplicaSet Scaled up replica set {old} from 0 to 4\n\
         Normal ScalingReplicaSet Scaled up replica set {new} from 0 to 1\n\
         Normal ScalingReplicaSet Scaled down replica set {old} from 4 to 3\n\
         Normal ScalingReplicaSet Scaled up replica set {new} from 1 to 2\n"
    );
    let events = world.events("Deployment", "web").await;
    assert!(events.starts_with(&expected), "{events}");
    assert!(events.ends_with(&format!("Scaled down replica set {old} from 1 to 0\n")), "{events}");
}

#[tokio::test(start_paused = true)]
async fn going_back_gives_the_old_replica_set_a_new_revision_and_a_history() {
    let world = World::start().await;
    world.create::<Deployment>(deployment(1)).await;
    world.all_ready().await;
    world.patch::<Deployment>("web", image("web:2")).await;
    world.all_ready().await;
    world.patch::<Deployment>("web", image("web:1")).await;
    world.all_ready().await;
    assert_eq!(summary(&world).await, format!("2:0 3:1 {DONE}"));
    let sets = world.list::<ReplicaSet>().await;
    let history = sets.iter().find_map(|set| {
        set.metadata.annotations.as_ref().unwrap().get("deployment.kubernetes.io/revision-history").cloned()
    });
    assert_eq!(history.as_deref(), Some("1"));
}

#[tokio::test(start_paused = true)]
async fn the_old_annotation_asks_for_a_rollback() {
    let world = World::start().await;
    world.create::<Deployment>(deployment(1)).await;
    world.all_ready().await;
    world.patch::<Deployment>("web", image("web:2")).await;
    world.all_ready().await;
    let ask = json!({ "metadata": { "annotations": { "deprecated.deployment.rollback.to": "0" } } });
    world.patch::<Deployment>("web", ask).await;
    world.all_ready().await;
    assert_eq!(summary(&world).await, format!("2:0 3:1 {DONE}"));
    let events = world.events("Deployment", "web").await;
    assert!(events.contains("Normal DeploymentRollback Rolled back deployment \"web\" to revision 1\n"), "{events}");
}

#[tokio::test(start_paused = true)]
async fn recreation_waits_until_the_old_pods_are_gone() {
    let world = World::start().await;
    let mut value = deployment(2);
    value["spec"]["strategy"] = json!({ "type": "Recreate" });
    world.create::<Deployment>(value).await;
    world.all_ready().await;
    world.patch::<Deployment>("web", image("web:2")).await;
    let pods = world.pods().await;
    assert!(pods.len() == 2 && pods.iter().all(|pod| pod.metadata.deletion_timestamp.is_some()));
    let between = "1:0 Progressing=True/NewReplicaSetAvailable Available=False/MinimumReplicasUnavailable";
    assert_eq!(summary(&world).await, between);
    let status = world.get::<Deployment>("web").await.status.clone().unwrap();
    assert_eq!(status.terminating_replicas, Some(2));
    world.gone(&pods).await;
    world.settle().await;
    world.all_ready().await;
    assert_eq!(summary(&world).await, format!("1:0 2:2 {DONE}"));
}

#[tokio::test(start_paused = true)]
async fn no_progress_in_time_is_told() {
    let world = World::start().await;
    let mut value = deployment(1);
    value["spec"]["progressDeadlineSeconds"] = json!(60);
    world.create::<Deployment>(value).await;
    tokio::time::sleep(Duration::from_secs(50)).await;
    assert!(summary(&world).await.ends_with("Progressing=True/ReplicaSetUpdated"));
    tokio::time::sleep(Duration::from_secs(15)).await;
    assert!(summary(&world).await.ends_with("Progressing=False/ProgressDeadlineExceeded"));
    let name = world.list::<ReplicaSet>().await[0].name().to_owned();
    let status = world.get::<Deployment>("web").await.status.clone().unwrap();
    let message = status.conditions.unwrap()[1].message.clone().unwrap();
    assert_eq!(message, format!("ReplicaSet \"{name}\" has timed out progressing."));
    world.all_ready().await;
    assert_eq!(summary(&world).await, format!("1:1 {DONE}"));
}

#[tokio::test(start_paused = true)]
async fn a_paused_deployment_scales_but_does_not_roll_out() {
    let world = World::start().await;
    world.create::<Deployment>(deployment(1)).await;
    world.all_ready().await;
    world.patch::<Deployment>("web", json!({ "spec": { "paused": true } })).await;
    world.patch::<Deployment>("web", image("web:2")).await;
    world.patch::<Deployment>("web", json!({ "spec": { "replicas": 3 } })).await;
    world.all_ready().await;
    // What changed last stands last.
    let paused = "1:3 Progressing=Unknown/DeploymentPaused Available=True/MinimumReplicasAvailable";
    assert_eq!(summary(&world).await, paused);
    world.patch::<Deployment>("web", json!({ "spec": { "paused": false } })).await;
    world.all_ready().await;
    assert_eq!(summary(&world).await, format!("1:0 2:3 {DONE}"));
}

#[tokio::test(start_paused = true)]
async fn a_new_size_in_the_middle_of_a_rollout_is_spread_in_proportion() {
    let world = World::start().await;
    let mut value = deployment(10);
    value["spec"]["strategy"] = json!({ "rollingUpdate": { "maxSurge": 3, "maxUnavailable": 2 } });
    world.create::<Deployment>(value).await;
    world.all_ready().await;
    world.patch::<Deployment>("web", image("web:2")).await;
    assert!(summary(&world).await.starts_with("1:8 2:5 "), "{}", summary(&world).await);
    world.patch::<Deployment>("web", json!({ "spec": { "replicas": 15 } })).await;
    assert!(summary(&world).await.starts_with("1:11 2:7 "), "{}", summary(&world).await);
    world.all_ready().await;
    assert_eq!(summary(&world).await, format!("1:0 2:15 {DONE}"));
}

#[tokio::test(start_paused = true)]
async fn old_replica_sets_beyond_the_limit_are_deleted() {
    let world = World::start().await;
    let mut value = deployment(1);
    value["spec"]["revisionHistoryLimit"] = json!(1);
    world.create::<Deployment>(value).await;
    for n in 2..=4 {
        world.all_ready().await;
        world.patch::<Deployment>("web", image(&format!("web:{n}"))).await;
    }
    world.all_ready().await;
    assert_eq!(summary(&world).await, format!("3:0 4:1 {DONE}"));
}

#[tokio::test(start_paused = true)]
async fn a_failure_to_make_pods_reaches_the_deployment() {
    let world = World::start().await;
    let mut value = deployment(1);
    value["spec"]["template"]["spec"]["serviceAccountName"] = json!("nobody");
    world.create::<Deployment>(value).await;
    assert!(summary(&world).await.contains("ReplicaFailure=True/FailedCreate"), "{}", summary(&world).await);
}
