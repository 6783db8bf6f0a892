use k8s_ctrl::Controllers;

use crate::{
    DaemonSets, Deployments, Disruption, Jobs, ReplicaSets, ReplicationControllers, StatefulSets, TtlAfterFinished,
};

/// All controllers of this crate.
pub fn controllers() -> Controllers {
    Controllers::none()
        .with(Deployments)
        .with(ReplicaSets)
        .with(ReplicationControllers)
        .with(Jobs)
        .with(Disruption)
        .with(StatefulSets)
        .with(DaemonSets)
        .with(TtlAfterFinished)
}
