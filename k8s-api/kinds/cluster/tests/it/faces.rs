//! Kinds that two versions show differently.
#![expect(clippy::unwrap_used, reason = "tests")]

use k8s_api::DynamicObject;
use k8s_api_kinds_cluster::autoscaler::{to_v1, to_v2};
use k8s_api_kinds_cluster::event::{from_events_v1, to_events_v1};
use k8s_openapi::api::core::v1::Event;
use serde_json::{Value, json};

#[test]
fn an_event_keeps_everything_on_its_way_and_back() {
    let event: Event = serde_json::from_value(json!({
        "metadata": {"name": "e", "namespace": "n"},
        "involvedObject": {"kind": "Pod", "name": "p"},
        "reason": "Killing", "message": "m", "count": 3, "type": "Normal", "action": "A",
        "source": {"component": "kubelet", "host": "h"},
        "firstTimestamp": "2001-01-01T00:00:00Z", "lastTimestamp": "2001-01-01T00:00:01Z",
        "eventTime": "2001-01-01T00:00:00.000001Z",
        "series": {"count": 2, "lastObservedTime": "2001-01-01T00:00:00.000002Z"},
        "related": {"kind": "Node", "name": "n"},
        "reportingComponent": "kubelet", "reportingInstance": "i",
    }))
    .unwrap();
    let other = to_events_v1(event.clone());
    assert_eq!(other.note.as_deref(), Some("m"));
    assert_eq!(other.regarding.as_ref().unwrap().name.as_deref(), Some("p"));
    assert_eq!(other.deprecated_count, Some(3));
    assert_eq!(from_events_v1(other), event);
}

fn autoscaler(version: &str, spec: Value) -> DynamicObject {
    let kind = "HorizontalPodAutoscaler";
    serde_json::from_value(json!({"apiVersion": version, "kind": kind, "metadata": {"name": "a"}, "spec": spec}))
        .unwrap()
}

#[test]
fn an_autoscaler_keeps_in_annotations_what_v1_has_no_field_for() {
    let cpu = json!({"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}});
    let pods = json!({"type": "Pods", "pods": {"metric": {"name": "m"}, "target": {"type": "AverageValue", "averageValue": "1"}}});
    let behavior =
        json!({"scaleUp": {"selectPolicy": "Max", "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}]}});
    let v2 = autoscaler("autoscaling/v2", json!({"maxReplicas": 3, "metrics": [pods, cpu], "behavior": behavior}));
    let v1 = to_v1(v2.clone());
    assert_eq!(v1.rest["spec"]["targetCPUUtilizationPercentage"], 50);
    assert_eq!(v1.metadata.annotations.as_ref().unwrap().len(), 2);
    assert_eq!(to_v2(v1), v2);
}

#[test]
fn an_autoscaler_of_v1_looks_at_cpu() {
    let v2 = to_v2(autoscaler("autoscaling/v1", json!({"maxReplicas": 3})));
    assert_eq!(v2.rest["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"], 80);
}

#[test]
fn who_approves_says_so_and_nothing_else() {
    let all = k8s_api_kinds_cluster::strategies();
    let (_, requests) = all.iter().find(|(gvr, _)| gvr.resource == "certificatesigningrequests").unwrap();
    let condition = |kind: &str| json!({"type": kind, "status": "True"});
    let with = |spec: &str, conditions: Vec<Value>| {
        let tree = json!({"spec": {"signerName": spec}, "status": {"conditions": conditions}});
        requests.decode(tree).unwrap()
    };
    let old = with("a.b/c", vec![condition("Failed")]);
    let mut new = with("x.y/z", vec![condition("Approved"), condition("Other")]);
    requests.prepare_for_subresource_update("approval", new.as_mut(), old.as_ref());
    let tree = new.to_value().unwrap();
    assert_eq!(tree["spec"]["signerName"], "a.b/c");
    assert_eq!(tree["status"]["conditions"], json!([condition("Approved"), condition("Failed")]));
}
