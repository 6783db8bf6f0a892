use k8s_api::GroupVersionResource;
use k8s_api_tables::row;
use serde_json::{Value, json};

use crate::golden::{now, object};

fn pod(spec: Value, status: Value) -> Vec<String> {
    deletable_pod(json!({"name": "p"}), spec, status)
}

/// Ready, status and restarts.
fn deletable_pod(metadata: Value, spec: Value, status: Value) -> Vec<String> {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status});
    let row = row(&GroupVersionResource::new("", "v1", "pods"), &object(&pod.to_string()), now());
    row.cells[1..4].iter().map(|cell| cell.as_str().unwrap().to_owned()).collect()
}

fn two() -> Value {
    json!({"containers": [{"name": "a"}, {"name": "b"}]})
}

fn status_of(state: Value, more: Value) -> Value {
    let mut status =
        json!({"name": "a", "ready": false, "restartCount": 0, "image": "", "imageID": "", "state": state});
    for (key, value) in more.as_object().unwrap() {
        status[key] = value.clone();
    }
    status
}

#[test]
fn containers_make_the_status() {
    let running = || status_of(json!({"running": {}}), json!({"ready": true}));
    let completed = || status_of(json!({"terminated": {"exitCode": 0, "reason": "Completed"}}), json!({}));
    let ready = json!([{"type": "Ready", "status": "True"}]);
    for (status, want) in [
        (json!({"phase": "Pending"}), ["0/2", "Pending", "0"]),
        (json!({"phase": "Failed", "reason": "Evicted"}), ["0/2", "Evicted", "0"]),
        (json!({"phase": "Running", "containerStatuses": [running(), running()]}), ["2/2", "Running", "0"]),
        (
            json!({"phase": "Running", "containerStatuses": [
                status_of(json!({"waiting": {"reason": "CrashLoopBackOff"}}), json!({"restartCount": 3,
                    "lastState": {"terminated": {"exitCode": 1, "finishedAt": "2023-12-31T23:59:00Z"}}})),
                running()]}),
            ["1/2", "CrashLoopBackOff", "3 (60s ago)"],
        ),
        (
            json!({"phase": "Failed", "containerStatuses": [status_of(json!({"terminated": {"exitCode": 137, "signal": 9}}), json!({}))]}),
            ["0/2", "Signal:9", "0"],
        ),
        (
            json!({"phase": "Failed", "containerStatuses": [status_of(json!({"terminated": {"exitCode": 3}}), json!({}))]}),
            ["0/2", "ExitCode:3", "0"],
        ),
        (
            json!({"phase": "Running", "conditions": ready, "containerStatuses": [completed(), running()]}),
            ["1/2", "Running", "0"],
        ),
        (json!({"phase": "Running", "containerStatuses": [completed(), running()]}), ["1/2", "NotReady", "0"]),
        (
            json!({"phase": "Failed", "containerStatuses": [completed(),
                status_of(json!({"terminated": {"exitCode": 1, "reason": "Error"}}), json!({}))]}),
            ["0/2", "Error", "0"],
        ),
        (
            json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]}),
            ["0/2", "SchedulingGated", "0"],
        ),
    ] {
        assert_eq!(pod(two(), status.clone()), want, "{status}");
    }
}

#[test]
fn init_containers_come_first() {
    let spec = json!({"containers": [{"name": "main"}], "initContainers": [{"name": "a"}, {"name": "side", "restartPolicy": "Always"}]});
    let done = status_of(json!({"terminated": {"exitCode": 0}}), json!({"restartCount": 2}));
    let side =
        status_of(json!({"running": {}}), json!({"name": "side", "ready": true, "started": true, "restartCount": 1}));
    for (init, want) in [
        (json!([status_of(json!({"running": {}}), json!({}))]), ["0/2", "Init:0/2", "0"]),
        (
            json!([status_of(json!({"waiting": {"reason": "ErrImagePull"}}), json!({}))]),
            ["0/2", "Init:ErrImagePull", "0"],
        ),
        (
            json!([status_of(json!({"terminated": {"exitCode": 2}}), json!({"restartCount": 4}))]),
            ["0/2", "Init:ExitCode:2", "4"],
        ),
        (json!([done, side]), ["1/2", "Pending", "1"]),
    ] {
        assert_eq!(pod(spec.clone(), json!({"phase": "Pending", "initContainerStatuses": init})), want, "{init}");
    }
}

#[test]
fn deletion_has_the_last_word() {
    let metadata = json!({"name": "p", "deletionTimestamp": "2024-01-01T00:00:00Z"});
    for (status, want) in [
        (json!({"phase": "Running"}), "Terminating"),
        (json!({"phase": "Succeeded"}), "Succeeded"),
        (json!({"phase": "Running", "reason": "NodeLost"}), "Unknown"),
    ] {
        assert_eq!(deletable_pod(metadata.clone(), two(), status)[1], want);
    }
}
