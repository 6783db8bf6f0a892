use std::sync::Arc;

use k8s_api_client::{Client, DeleteOptions};
use k8s_env::Clock;
use k8s_openapi::api::core::v1::Pod;

use super::report::{Condition, Reporter, write_status};
use crate::PodInfo;

/// Evicts pods in favour of another.
pub(super) struct Eviction {
    pub(super) client: Client,
    pub(super) clock: Clock,
    pub(super) reporter: Reporter,
    pub(super) preemptor: Arc<PodInfo>,
    pub(super) node: Arc<str>,
}

impl Eviction {
    /// Evicts one pod; one that has gone by itself is as good.
    pub(super) async fn run(&self, victim: &PodInfo, object: &Pod) -> Result<(), k8s_api::Status> {
        let condition = Condition {
            kind: "DisruptionTarget",
            status: "True",
            reason: "PreemptionByScheduler",
            message: format!("{}: preempting to accommodate a higher priority pod", self.preemptor.scheduler_name),
        };
        let marked = match condition.patch(object, None, self.clock.now()) {
            Some(patch) => write_status(&self.client, object, &patch).await,
            None => Ok(()),
        };
        let api = self.client.namespaced::<Pod>(&victim.namespace);
        let evicted = match marked {
            Ok(()) => api.delete(&victim.name, DeleteOptions::default().uid(&*victim.uid)).await.map(drop),
            Err(status) => Err(status),
        };
        match evicted {
            Ok(()) => self.reporter.preempted(victim, &self.preemptor, &self.node),
            Err(status) if status.is_not_found() => {}
            Err(status) => return Err(status),
        }
        Ok(())
    }
}
