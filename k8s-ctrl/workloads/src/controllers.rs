use k8s_ctrl::Controllers;

use crate::{Deployments, Disruption, Jobs, ReplicaSets, ReplicationControllers};

/// All controllers of this crate.
pub fn controllers() -> Controllers {
    Controllers::none().with(Deployments).with(ReplicaSets).with(ReplicationControllers).with(Jobs).with(Disruption)
}
