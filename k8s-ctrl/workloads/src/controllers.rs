use k8s_ctrl::Controllers;

use crate::{Deployments, ReplicaSets, ReplicationControllers};

/// All controllers of this crate.
pub fn controllers() -> Controllers {
    Controllers::none().with(Deployments).with(ReplicaSets).with(ReplicationControllers)
}
