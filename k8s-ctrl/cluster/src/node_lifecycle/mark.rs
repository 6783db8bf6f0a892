//! What is written to nodes and their pods.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_api::{Kind, Status};
use k8s_api_client::events::EventType;
use k8s_api_client::{Client, PatchKind, Recorder};
use k8s_ctrl::pod;
use k8s_env::Env;
use k8s_openapi::api::core::v1::{Node, Pod, Taint};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::json;

use super::taints;
use crate::node::{NOT_READY, UNREACHABLE, condition, has_taint};

/// The conditions that speak for a node; silence makes them unknown.
const SPOKEN: [&str; 4] = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

/// The taints of conditions: type, status, key.
const TAINTS: [(&str, &str, &str); 6] = [
    ("Ready", "False", NOT_READY),
    ("Ready", "Unknown", UNREACHABLE),
    ("MemoryPressure", "True", "node.kubernetes.io/memory-pressure"),
    ("DiskPressure", "True", "node.kubernetes.io/disk-pressure"),
    ("NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"),
    ("PIDPressure", "True", "node.kubernetes.io/pid-pressure"),
];

const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";

/// So often a write of taints begins again when somebody else was faster.
const TRIES: u32 = 5;

/// Makes the conditions of a silent node unknown. `None` when they are already.
pub(super) async fn silent(client: &Client, env: &Env, node: &Node) -> Result<Option<Arc<Node>>, Status> {
    let now = Time(env.clock.now());
    let mut changed = Vec::new();
    for kind in SPOKEN {
        match condition(node, kind) {
            None => changed.push(json!({
                "type": kind,
                "status": "Unknown",
                "reason": "NodeStatusNeverUpdated",
                "message": "Kubelet never posted node status.",
                "lastHeartbeatTime": node.metadata.creation_timestamp,
                "lastTransitionTime": now,
            })),
            Some(condition) if condition.status != "Unknown" => changed.push(json!({
                "type": kind,
                "status": "Unknown",
                "reason": "NodeStatusUnknown",
                "message": "Kubelet stopped posting node status.",
                "lastTransitionTime": now,
            })),
            Some(_) => {}
        }
    }
    // As upstream: the others alone are no reason to write.
    if !changed.iter().any(|condition| condition["type"] == "Ready") {
        return Ok(None);
    }
    let patch = json!({
        "metadata": { "resourceVersion": node.metadata.resource_version },
        "status": { "conditions": changed },
    });
    client.api::<Node>().patch_status(node.name(), PatchKind::Strategic, &patch).await.map(Some)
}

/// Gives the node the taints against scheduling that its conditions ask for, and takes away the others of that kind.
pub(super) async fn conditions_as_taints(client: &Client, env: &Env, node: &Node) -> Result<(), Status> {
    let holds = |(kind, status, _): &&(&str, &str, &str)| condition(node, kind).is_some_and(|c| c.status == *status);
    let mut wanted: Vec<_> = TAINTS.iter().filter(holds).map(|(_, _, key)| *key).collect();
    if node.spec.as_ref().and_then(|spec| spec.unschedulable).unwrap_or_default() {
        wanted.push(UNSCHEDULABLE);
    }
    let ours = |key: &str| key == UNSCHEDULABLE || TAINTS.iter().any(|(_, _, known)| *known == key);
    let missing = wanted.iter().any(|key| !has_taint(node, key, "NoSchedule"));
    let stale = |taint: &Taint| taint.effect == "NoSchedule" && ours(&taint.key) && !wanted.contains(&&*taint.key);
    if !missing && !taints(node).iter().any(stale) {
        return Ok(());
    }
    write_taints(client, node, |taints| {
        taints.retain(|taint| !stale(taint));
        for key in &wanted {
            add(taints, key, "NoSchedule", env);
        }
    })
    .await
}

/// Removes what says that the node is not there.
pub(super) async fn reachable(client: &Client, node: &Node) -> Result<(), Status> {
    if !has_taint(node, NOT_READY, "NoExecute") && !has_taint(node, UNREACHABLE, "NoExecute") {
        return Ok(());
    }
    write_taints(client, node, |taints| {
        remove(taints, NOT_READY);
        remove(taints, UNREACHABLE);
    })
    .await
}

/// Evicts what does not tolerate `taint`, for this reason instead of the `opposite`.
pub(super) async fn swap(client: &Client, env: &Env, node: &Node, taint: &str, opposite: &str) -> Result<(), Status> {
    write_taints(client, node, |taints| {
        remove(taints, opposite);
        add(taints, taint, "NoExecute", env);
    })
    .await
}

/// The older names of the labels for operating system and architecture.
pub(super) async fn labels(client: &Client, node: &Node) -> Result<(), Status> {
    let Some(labels) = node.metadata.labels.as_ref() else { return Ok(()) };
    let pairs = [("kubernetes.io/os", "beta.kubernetes.io/os"), ("kubernetes.io/arch", "beta.kubernetes.io/arch")];
    let missing: BTreeMap<_, _> = pairs
        .iter()
        .filter_map(|(primary, secondary)| Some((*secondary, labels.get(*primary)?)))
        .filter(|(secondary, value)| labels.get(*secondary) != Some(value))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let patch = json!({ "metadata": { "labels": missing } });
    client.api::<Node>().patch(node.name(), PatchKind::Strategic, &patch).await.map(drop)
}

/// Says of a pod that it is not ready, since its node is not.
pub(super) async fn pod_not_ready(client: &Client, env: &Env, recorder: &Recorder, pod: &Pod) -> Result<(), Status> {
    if pod::condition(pod, "Ready").is_none_or(|ready| ready.status == "False") {
        return Ok(());
    }
    let condition = json!({ "type": "Ready", "status": "False", "lastTransitionTime": Time(env.clock.now()) });
    let patch = json!({ "metadata": { "uid": pod.uid() }, "status": { "conditions": [condition] } });
    let api = client.namespaced::<Pod>(pod.namespace());
    match api.patch_status(pod.name(), PatchKind::Strategic, &patch).await {
        Err(status) if status.is_not_found() => return Ok(()),
        outcome => outcome.map(drop)?,
    }
    recorder.event(pod, EventType::Warning, "NodeNotReady", "Node is not ready");
    Ok(())
}

fn add(taints: &mut Vec<Taint>, key: &str, effect: &str, env: &Env) {
    if !taints.iter().any(|taint| taint.key == key && taint.effect == effect) {
        let time_added = Some(Time(env.clock.now()));
        taints.push(Taint { key: key.to_owned(), effect: effect.to_owned(), time_added, value: None });
    }
}

fn remove(taints: &mut Vec<Taint>, key: &str) {
    taints.retain(|taint| taint.key != key || taint.effect != "NoExecute");
}

/// Changes the taints of a node, beginning again when somebody else has changed the node meanwhile.
async fn write_taints(client: &Client, node: &Node, change: impl Fn(&mut Vec<Taint>)) -> Result<(), Status> {
    let api = client.api::<Node>();
    let mut tries = 0;
    loop {
        let fresh = match api.get(node.name()).await {
            Err(status) if status.is_not_found() => return Ok(()),
            fresh => fresh?,
        };
        let mut wanted = taints(&fresh).to_vec();
        change(&mut wanted);
        if wanted == taints(&fresh) {
            return Ok(());
        }
        let patch = json!({
            "metadata": { "resourceVersion": fresh.metadata.resource_version },
            "spec": { "taints": if wanted.is_empty() { json!(null) } else { json!(wanted) } },
        });
        tries += 1;
        match api.patch(node.name(), PatchKind::Strategic, &patch).await {
            Err(status) if status.is_conflict() && tries < TRIES => {}
            outcome => return outcome.map(drop),
        }
    }
}
