use k8s_api::Kind;
use k8s_openapi::api::apps::v1::{ControllerRevision, StatefulSet};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use serde_json::{Value, json};

use crate::support::World;

fn set(replicas: i32) -> Value {
    json!({
        "metadata": { "name": "db" },
        "spec": {
            "serviceName": "db", "replicas": replicas, "podManagementPolicy": "Parallel",
            "selector": { "matchLabels": { "app": "db" } },
            "template": {
                "metadata": { "labels": { "app": "db" } },
                "spec": { "containers": [{ "name": "db", "image": "registry.example/db:1" }] },
            },
        },
    })
}

async fn names(world: &World) -> Vec<String> {
    world.pods().await.iter().map(|pod| pod.name().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn pods_of_a_parallel_set_come_together_and_bear_upstreams_hash() {
    let world = World::start().await;
    world.create::<StatefulSet>(set(2)).await;
    assert_eq!(names(&world).await, ["db-0", "db-1"]);
    world.all_ready().await;
    let status = world.get::<StatefulSet>("db").await.status.clone().unwrap();
    assert_eq!(status.current_revision.as_deref(), Some("db-855b7b8bdb"));
    assert_eq!(status.update_revision.as_deref(), Some("db-855b7b8bdb"));
    assert_eq!((status.replicas, status.ready_replicas, status.available_replicas), (2, Some(2), Some(2)));
    assert_eq!((status.current_replicas, status.updated_replicas), (Some(2), Some(2)));
    assert_eq!((status.collision_count, status.observed_generation), (Some(0), Some(1)));
    let labels = world.get::<Pod>("db-1").await.metadata.labels.clone().unwrap();
    assert_eq!(labels["controller-revision-hash"], "db-855b7b8bdb");
    assert_eq!(labels["apps.kubernetes.io/pod-index"], "1");
    assert_eq!(labels["statefulset.kubernetes.io/pod-name"], "db-1");
    let events = world.events("StatefulSet", "db").await;
    let expected = "Normal SuccessfulCreate Create Pod db-0 in StatefulSet db successful\n\
                    Normal SuccessfulCreate Create Pod db-1 in StatefulSet db successful\n";
    assert_eq!(events, expected);
}

#[tokio::test(start_paused = true)]
async fn pods_come_one_after_the_other_with_their_claims_and_go_in_reverse() {
    let world = World::start().await;
    let mut value = set(2);
    value["spec"]["podManagementPolicy"] = json!("OrderedReady");
    value["spec"]["volumeClaimTemplates"] = json!([{
        "metadata": { "name": "data" },
        "spec": { "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } } },
    }]);
    world.create::<StatefulSet>(value).await;
    assert_eq!(names(&world).await, ["db-0"]);
    world.all_ready().await;
    assert_eq!(names(&world).await, ["db-0", "db-1"]);
    let claims = world.list::<PersistentVolumeClaim>().await;
    assert_eq!(claims.iter().map(|claim| claim.name()).collect::<Vec<_>>(), ["data-db-0", "data-db-1"]);
    let pod = world.get::<Pod>("db-1").await;
    let volume = &pod.spec.as_ref().unwrap().volumes.as_ref().unwrap()[0];
    assert_eq!(volume.persistent_volume_claim.as_ref().unwrap().claim_name, "data-db-1");
    world.patch::<StatefulSet>("db", json!({ "spec": { "replicas": 1 } })).await;
    world.all_ready().await;
    assert_eq!(names(&world).await, ["db-0"]);
    let events = world.events("StatefulSet", "db").await;
    assert!(events.starts_with("Normal SuccessfulCreate Create Claim data-db-0 Pod db-0 in StatefulSet db success\n"));
    assert!(events.ends_with("Normal SuccessfulDelete Delete Pod db-1 in StatefulSet db successful\n"), "{events}");
}

#[tokio::test(start_paused = true)]
async fn a_new_template_replaces_pods_from_the_last_to_the_first() {
    let world = World::start().await;
    let mut value = set(2);
    value["spec"]["podManagementPolicy"] = json!("OrderedReady");
    world.create::<StatefulSet>(value).await;
    world.all_ready().await;
    let image = json!({ "spec": { "template": { "spec": { "containers": [{ "name": "db", "image": "db:2" }] } } } });
    world.patch::<StatefulSet>("db", image).await;
    let goes = async |name: &str| world.get::<Pod>(name).await.metadata.deletion_timestamp.is_some();
    assert!(goes("db-1").await && !goes("db-0").await);
    world.all_ready().await;
    let status = world.get::<StatefulSet>("db").await.status.clone().unwrap();
    assert_eq!(status.current_revision, status.update_revision);
    assert_ne!(status.update_revision.as_deref(), Some("db-855b7b8bdb"));
    assert_eq!(status.updated_replicas, Some(2));
    let revisions = world.list::<ControllerRevision>().await;
    let mut numbers: Vec<_> = revisions.iter().map(|revision| revision.revision).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2]);
}
