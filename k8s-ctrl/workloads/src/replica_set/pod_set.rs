use k8s_api::Kind;
use k8s_api::selector::{ParseError, Selector};
use k8s_openapi::api::apps::v1::{ReplicaSet, ReplicaSetCondition, ReplicaSetStatus};
use k8s_openapi::api::core::v1::{
    PodTemplateSpec, ReplicationController, ReplicationControllerCondition, ReplicationControllerStatus,
};

/// What the kinds that keep a number of pods have in common.
pub(super) trait PodSet: Kind {
    /// Whether its status says how many pods are on their way out.
    const TELLS_TERMINATING: bool;

    /// How many pods it asks for.
    fn replicas(&self) -> i32;
    /// How long a pod must be ready to count as available, in seconds.
    fn min_ready_seconds(&self) -> i32;
    /// Which pods are its own.
    fn selector(&self) -> Result<Selector, ParseError>;
    /// What its pods are made from.
    fn template(&self) -> Option<&PodTemplateSpec>;
    /// Its status, as that of a ReplicaSet.
    fn status(&self) -> ReplicaSetStatus;
    /// Takes a status.
    fn set_status(&mut self, status: ReplicaSetStatus);
}

impl PodSet for ReplicaSet {
    const TELLS_TERMINATING: bool = true;

    fn replicas(&self) -> i32 {
        self.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1)
    }

    fn min_ready_seconds(&self) -> i32 {
        self.spec.as_ref().and_then(|spec| spec.min_ready_seconds).unwrap_or_default()
    }

    fn selector(&self) -> Result<Selector, ParseError> {
        Selector::of(self.spec.as_ref().map(|spec| &spec.selector))
    }

    fn template(&self) -> Option<&PodTemplateSpec> {
        self.spec.as_ref()?.template.as_ref()
    }

    fn status(&self) -> ReplicaSetStatus {
        self.status.clone().unwrap_or_default()
    }

    fn set_status(&mut self, status: ReplicaSetStatus) {
        self.status = Some(status);
    }
}

impl PodSet for ReplicationController {
    const TELLS_TERMINATING: bool = false;

    fn replicas(&self) -> i32 {
        self.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1)
    }

    fn min_ready_seconds(&self) -> i32 {
        self.spec.as_ref().and_then(|spec| spec.min_ready_seconds).unwrap_or_default()
    }

    fn selector(&self) -> Result<Selector, ParseError> {
        let labels = self.spec.as_ref().and_then(|spec| spec.selector.as_ref());
        Ok(labels.map_or_else(Selector::nothing, Selector::of_map))
    }

    fn template(&self) -> Option<&PodTemplateSpec> {
        self.spec.as_ref()?.template.as_ref()
    }

    fn status(&self) -> ReplicaSetStatus {
        let Some(status) = &self.status else { return ReplicaSetStatus::default() };
        let conditions = status.conditions.iter().flatten().map(|condition| ReplicaSetCondition {
            last_transition_time: condition.last_transition_time.clone(),
            message: condition.message.clone(),
            reason: condition.reason.clone(),
            status: condition.status.clone(),
            type_: condition.type_.clone(),
        });
        ReplicaSetStatus {
            available_replicas: status.available_replicas,
            conditions: status.conditions.is_some().then(|| conditions.collect()),
            fully_labeled_replicas: status.fully_labeled_replicas,
            observed_generation: status.observed_generation,
            ready_replicas: status.ready_replicas,
            replicas: status.replicas,
            terminating_replicas: None,
        }
    }

    fn set_status(&mut self, status: ReplicaSetStatus) {
        let conditions = status.conditions.map(|conditions| {
            let convert = |condition: ReplicaSetCondition| ReplicationControllerCondition {
                last_transition_time: condition.last_transition_time,
                message: condition.message,
                reason: condition.reason,
                status: condition.status,
                type_: condition.type_,
            };
            conditions.into_iter().map(convert).collect()
        });
        self.status = Some(ReplicationControllerStatus {
            available_replicas: status.available_replicas,
            conditions,
            fully_labeled_replicas: status.fully_labeled_replicas,
            observed_generation: status.observed_generation,
            ready_replicas: status.ready_replicas,
            replicas: status.replicas,
        });
    }
}
