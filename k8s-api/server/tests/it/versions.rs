//! Objects that are served in two versions and stored once.

use futures_util::StreamExt;
use k8s_api::{DynamicObject, GroupVersionResource};
use k8s_api_client::{DynamicApi, ListOptions, PatchKind, WatchEvent, WriteOptions};
use serde_json::{Value, json};

use crate::harness::server;

async fn create(api: &DynamicApi, object: Value) {
    let object: DynamicObject = serde_json::from_value(object).unwrap();
    api.create(Box::new(object), WriteOptions::default()).await.unwrap();
}

async fn merge(api: &DynamicApi, name: &str, patch: Value) {
    api.patch(name, "", PatchKind::Merge, &patch, WriteOptions::default()).await.unwrap();
}

async fn get(api: &DynamicApi, name: &str) -> Value {
    api.get(name).await.unwrap().to_value().unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_event_is_one_object_in_both_groups() {
    let (_server, client) = server().await;
    let core = client.dynamic(GroupVersionResource::new("", "v1", "events"), "default");
    let events = client.dynamic(GroupVersionResource::new("events.k8s.io", "v1", "events"), "default");
    let mut watch = core.watch(ListOptions::default()).await.unwrap();
    let event = json!({
        "metadata": {"name": "e"}, "eventTime": "2026-01-01T00:00:00.000000Z", "reportingController": "test.io/c",
        "reportingInstance": "i", "action": "Act", "reason": "Because", "type": "Normal", "note": "said",
        "regarding": {"kind": "Pod", "namespace": "default", "name": "p"},
    });
    create(&events, event).await;
    let seen = get(&core, "e").await;
    assert_eq!((&seen["apiVersion"], &seen["message"]), (&json!("v1"), &json!("said")));
    assert_eq!(seen["involvedObject"]["name"], "p");
    assert!(matches!(watch.next().await, Some(WatchEvent::Added(added)) if added.meta().name == "e"));

    merge(&core, "e", json!({"message": "heard"})).await;
    let seen = get(&events, "e").await;
    assert_eq!((&seen["apiVersion"], &seen["note"]), (&json!("events.k8s.io/v1"), &json!("heard")));
    let series = json!({"count": 2, "lastObservedTime": "2026-01-01T00:00:01.000000Z"});
    merge(&events, "e", json!({"series": series})).await;
    assert_eq!(get(&core, "e").await["series"]["count"], 2);

    let about = ListOptions::default().fields("regarding.name=p");
    assert_eq!(events.list(about).await.unwrap().items.len(), 1);
    let about = ListOptions::default().fields("involvedObject.name=p");
    assert_eq!(core.list(about).await.unwrap().items.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_autoscaler_keeps_in_v1_what_v2_says() {
    let (_server, client) = server().await;
    let of = |version| GroupVersionResource::new("autoscaling", version, "horizontalpodautoscalers");
    let (v1, v2) = (client.dynamic(of("v1"), "default"), client.dynamic(of("v2"), "default"));
    let autoscaler = json!({
        "metadata": {"name": "h"},
        "spec": {"maxReplicas": 3, "targetCPUUtilizationPercentage": 50,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}},
    });
    create(&v1, autoscaler).await;
    let seen = get(&v2, "h").await;
    assert_eq!(seen["apiVersion"], "autoscaling/v2");
    assert_eq!(seen["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"], 50);
    merge(&v2, "h", json!({"spec": {"maxReplicas": 5}})).await;
    let seen = get(&v1, "h").await;
    assert_eq!((&seen["apiVersion"], &seen["spec"]["maxReplicas"]), (&json!("autoscaling/v1"), &json!(5)));
    assert_eq!(seen["spec"]["targetCPUUtilizationPercentage"], 50);
}
