//! Status goes to the API.
//!
//! Upstream: `pkg/kubelet/status.syncPod`, `mergePodStatus`.

use std::sync::Arc;

use k8s_api::{Kind, Status};
use k8s_api_client::DeleteOptions;
use k8s_openapi::api::core::v1::{Pod, PodCondition, PodStatus};

use super::conditions::OWN;
use crate::context::Context;

/// How often a write that conflicts is tried at once.
const TRIES: usize = 5;

/// Why a status was not written.
#[derive(Debug)]
pub(crate) enum Unwritten {
    /// The pod is gone, or another one of its name is there.
    Gone,
    /// The server failed: try later.
    Failed(Status),
}

/// Writes a status over the newest known state of the pod; answers the pod as it is then. Writes nothing when nothing
/// would change.
pub(crate) async fn write(context: Arc<Context>, known: Arc<Pod>, status: PodStatus) -> Result<Arc<Pod>, Unwritten> {
    let api = context.client.namespaced::<Pod>(known.namespace());
    let (name, uid) = (known.name().to_owned(), known.uid().to_owned());
    let mut base = known;
    for _ in 0..TRIES {
        let merged = merge(base.status.as_ref(), status.clone());
        if base.status.as_ref() == Some(&merged) {
            return Ok(base);
        }
        let mut pod = Pod::clone(&base);
        pod.status = Some(merged);
        match api.update_status(pod).await {
            Ok(written) => return Ok(written),
            Err(error) if error.is_conflict() => {
                base = api.get(&name).await.map_err(Unwritten::of)?;
                if base.uid() != uid {
                    return Err(Unwritten::Gone);
                }
            }
            Err(error) => return Err(Unwritten::of(error)),
        }
    }
    Err(Unwritten::Failed(Status::unavailable("the pod changes too fast")))
}

/// Takes the pod out of the API: all is stopped and cleaned up.
pub(crate) async fn delete(context: Arc<Context>, pod: Arc<Pod>) -> Result<(), Unwritten> {
    let api = context.client.namespaced::<Pod>(pod.namespace());
    let options = DeleteOptions::default().grace(0).uid(pod.uid());
    match api.delete(pod.name(), options).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_conflict() => Err(Unwritten::Gone),
        Err(error) => Err(Unwritten::of(error)),
    }
}

impl Unwritten {
    fn of(error: Status) -> Self {
        if error.is_not_found() { Self::Gone } else { Self::Failed(error) }
    }
}

/// The new status with what others own taken from the old one.
fn merge(old: Option<&PodStatus>, mut new: PodStatus) -> PodStatus {
    let Some(old) = old else { return new };
    let others = old.conditions.iter().flatten().filter(|condition| !OWN.contains(&condition.type_.as_str()));
    let mut conditions: Vec<PodCondition> = others.cloned().collect();
    for mut condition in new.conditions.take().into_iter().flatten() {
        let same = old.conditions.iter().flatten().find(|old| old.type_ == condition.type_);
        if let Some(same) = same.filter(|same| same.status == condition.status) {
            condition.last_transition_time.clone_from(&same.last_transition_time);
        }
        conditions.push(condition);
    }
    new.conditions = Some(conditions).filter(|conditions| !conditions.is_empty());
    new.nominated_node_name.clone_from(&old.nominated_node_name);
    new.resource_claim_statuses.clone_from(&old.resource_claim_statuses);
    new.extended_resource_claim_status.clone_from(&old.extended_resource_claim_status);
    new.node_allocatable_resource_claim_statuses.clone_from(&old.node_allocatable_resource_claim_statuses);
    if old.start_time.is_some() {
        new.start_time.clone_from(&old.start_time);
    }
    // What ended with a reason keeps it.
    if new.phase == old.phase {
        new.reason = new.reason.or_else(|| old.reason.clone());
        new.message = new.message.or_else(|| old.message.clone());
    }
    new
}
