use std::sync::Arc;

use jiff::Timestamp;
use k8s_api::Kind;
use k8s_api_client::ObjectKey;
use k8s_ctrl::batch::slow_start;
use k8s_ctrl::{Action, Error, pod};
use k8s_openapi::api::apps::v1::{ControllerRevision, StatefulSet};
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};

use super::revisions::Revisions;
use super::{Sync, identity, status};
use crate::{history, time};

/// One round about one stateful set.
pub(super) struct Round<'a> {
    ctx: &'a Sync,
    key: &'a ObjectKey,
    set: &'a StatefulSet,
    pods: Vec<Arc<Pod>>,
    all_revisions: Vec<Arc<ControllerRevision>>,
    revisions: Revisions,
    /// By place, those included that are not made yet.
    replicas: Vec<Arc<Pod>>,
    /// Beyond the last place, the last first.
    condemned: Vec<Arc<Pod>>,
    /// The first of all that does not work.
    first_unavailable: Option<String>,
    min_ready: i32,
    now: Timestamp,
}

/// Whether the round can go on to the next pod.
#[derive(PartialEq, Eq)]
enum Next {
    GoOn,
    Wait,
}

impl<'a> Round<'a> {
    pub(super) async fn begin(
        ctx: &'a Sync,
        key: &'a ObjectKey,
        set: &'a StatefulSet,
        pods: Vec<Arc<Pod>>,
        all_revisions: Vec<Arc<ControllerRevision>>,
    ) -> Result<Self, Error> {
        let revisions = ctx.revisions(set, &all_revisions).await?;
        let min_ready = set.spec.as_ref().and_then(|spec| spec.min_ready_seconds).unwrap_or_default();
        let mut round = Self {
            ctx,
            key,
            set,
            pods,
            all_revisions,
            revisions,
            replicas: Vec::new(),
            condemned: Vec::new(),
            first_unavailable: None,
            min_ready,
            now: ctx.env.clock.now(),
        };
        round.sort_pods();
        Ok(round)
    }

    fn sort_pods(&mut self) {
        let spec = self.set.spec.as_ref();
        let start = spec.and_then(|spec| spec.ordinals.as_ref()?.start).unwrap_or_default();
        let end = start + spec.and_then(|spec| spec.replicas).unwrap_or(1);
        let find = |ordinal: i32| self.pods.iter().find(|pod| identity::ordinal(pod) == ordinal).cloned();
        self.replicas =
            (start..end).map(|ordinal| find(ordinal).unwrap_or_else(|| self.new_pod(start, ordinal))).collect();
        let beyond = |pod: &&Arc<Pod>| {
            let ordinal = identity::ordinal(pod);
            ordinal >= 0 && !(start..end).contains(&ordinal)
        };
        self.condemned = self.pods.iter().filter(beyond).cloned().collect();
        self.condemned.sort_by_key(|pod| std::cmp::Reverse(identity::ordinal(pod)));
        let mut in_order = self.replicas.iter().chain(self.condemned.iter().rev());
        self.first_unavailable = in_order.find(|pod| self.is_unavailable(pod)).map(|pod| pod.name().to_owned());
    }

    /// The pod of a place that has none: of the old template where a rolling update has not come yet.
    fn new_pod(&self, start: i32, ordinal: i32) -> Arc<Pod> {
        let stays = match (self.rolls(), self.partition()) {
            (true, Some(partition)) => ordinal < start + partition,
            (true, None) => {
                let status = self.set.status.as_ref();
                ordinal < start + status.and_then(|status| status.current_replicas).unwrap_or_default()
            }
            (false, partition) => partition.is_some_and(|partition| ordinal < start + partition),
        };
        let revision = if stays { &self.revisions.current } else { &self.revisions.update };
        let own = || self.set.spec.as_ref().map(|spec| spec.template.clone());
        let template: PodTemplateSpec = history::template(revision).or_else(own).unwrap_or_default();
        Arc::new(identity::pod(self.set, &template, revision.name(), ordinal))
    }

    fn rolls(&self) -> bool {
        let strategy = self.set.spec.as_ref().and_then(|spec| spec.update_strategy.as_ref());
        strategy.and_then(|strategy| strategy.type_.as_deref()) != Some("OnDelete")
    }

    fn partition(&self) -> Option<i32> {
        let strategy = self.set.spec.as_ref().and_then(|spec| spec.update_strategy.as_ref())?;
        Some(strategy.rolling_update.as_ref()?.partition.unwrap_or_default())
    }

    fn is_monotonic(&self) -> bool {
        let policy = self.set.spec.as_ref().and_then(|spec| spec.pod_management_policy.as_deref());
        policy != Some("Parallel")
    }

    fn is_available(&self, pod: &Pod) -> bool {
        pod::is_available(pod, self.min_ready, self.now)
    }

    fn is_unavailable(&self, pod: &Pod) -> bool {
        !self.is_available(pod) || pod.metadata.deletion_timestamp.is_some()
    }

    pub(super) async fn run(self) -> Result<Action, Error> {
        let outcome = match self.set.metadata.deletion_timestamp {
            Some(_) => Ok(()),
            None => self.act().await,
        };
        self.write().await?;
        outcome?;
        let (current, update) = (self.revisions.current.name(), self.revisions.update.name());
        let is_live = |name: &str| {
            name == current || name == update || self.pods.iter().any(|pod| identity::revision(pod) == name)
        };
        self.ctx.truncate(self.set, &self.all_revisions, is_live).await?;
        Ok(self.next_check())
    }

    async fn act(&self) -> Result<(), Error> {
        if self.is_monotonic() {
            for replica in &self.replicas {
                if self.process(replica).await? == Next::Wait {
                    return Ok(());
                }
            }
            for pod in &self.condemned {
                if self.condemn(pod).await? == Next::Wait {
                    return Ok(());
                }
            }
        } else if self.act_at_once().await? {
            // What was done now is seen first.
            return Ok(());
        }
        if self.rolls() { self.roll().await } else { Ok(()) }
    }

    /// All pods together; returns whether any was made or deleted.
    async fn act_at_once(&self) -> Result<bool, Error> {
        let n_new = self.replicas.iter().filter(|pod| !is_created(pod)).count();
        let ended = self.replicas.iter().filter(|pod| pod::is_terminal(pod));
        let doomed = ended.chain(&self.condemned).filter(|pod| pod.metadata.deletion_timestamp.is_none());
        let doomed: Vec<_> = doomed.map(|pod| pod.uid().to_owned()).collect();
        let acts = n_new > 0 || !doomed.is_empty();
        if acts {
            self.ctx.expectations.expect(self.key, n_new, doomed);
        }
        let outcome = async {
            let replicas = async |place: usize| self.process(&self.replicas[place]).await.map(drop);
            if let (_, Some(error)) = slow_start(self.replicas.len(), 1, replicas).await {
                return Err(error);
            }
            let condemned = async |place: usize| self.condemn(&self.condemned[place]).await.map(drop);
            let (_, failure) = slow_start(self.condemned.len(), 1, condemned).await;
            failure.map_or(Ok(()), Err)
        };
        let outcome: Result<(), Error> = outcome.await;
        if outcome.is_err() {
            // Not all of it was tried: what was is seen in the cache when this comes again.
            self.ctx.expectations.forget(self.key);
        }
        outcome.map(|()| acts)
    }

    async fn process(&self, replica: &Arc<Pod>) -> Result<Next, Error> {
        let goes = replica.metadata.deletion_timestamp.is_some();
        if pod::is_terminal(replica) {
            if !goes {
                self.delete(replica).await?;
            }
            return Ok(Next::Wait);
        }
        if !is_created(replica) {
            self.create(replica).await?;
            return Ok(Next::Wait);
        }
        if pod::phase(replica) == "Pending" {
            self.ctx.create_claims(self.set, replica).await?;
        }
        let runs = pod::phase(replica) == "Running" && pod::is_ready(replica) && self.is_available(replica);
        if self.is_monotonic() && (goes || !runs) {
            return Ok(Next::Wait);
        }
        if !identity::is_labelled(replica) {
            self.ctx.relabel(self.set, replica).await?;
        }
        Ok(Next::GoOn)
    }

    async fn condemn(&self, pod: &Arc<Pod>) -> Result<Next, Error> {
        if pod.metadata.deletion_timestamp.is_some() {
            return Ok(if self.is_monotonic() { Next::Wait } else { Next::GoOn });
        }
        let runs = pod::phase(pod) == "Running" && pod::is_ready(pod) && self.is_available(pod);
        let is_first = self.first_unavailable.as_deref() == Some(pod.name());
        if !self.is_monotonic() || runs || is_first {
            self.delete(pod).await?;
        }
        Ok(Next::Wait)
    }

    /// Deletes the last pod of an old template, when all after it work.
    async fn roll(&self) -> Result<(), Error> {
        let first = usize::try_from(self.partition().unwrap_or_default()).unwrap_or_default();
        for replica in self.replicas.iter().skip(first).rev() {
            let goes = replica.metadata.deletion_timestamp.is_some();
            if identity::revision(replica) != self.revisions.update.name() && !goes {
                if !self.is_monotonic() {
                    self.ctx.expectations.expect_deletions(self.key, [replica.uid().to_owned()]);
                }
                return self.delete(replica).await;
            }
            if self.is_unavailable(replica) {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn create(&self, replica: &Arc<Pod>) -> Result<(), Error> {
        if self.is_monotonic() {
            self.ctx.expectations.expect_creations(self.key, 1);
        }
        let outcome = self.ctx.create(self.set, Pod::clone(replica)).await;
        if outcome.is_err() {
            self.ctx.expectations.creation_observed(self.key);
        }
        outcome
    }

    async fn delete(&self, pod: &Pod) -> Result<(), Error> {
        if self.is_monotonic() {
            self.ctx.expectations.expect_deletions(self.key, [pod.uid().to_owned()]);
        }
        let outcome = self.ctx.delete(self.set, pod).await;
        if outcome.is_err() {
            self.ctx.expectations.deletion_observed(self.key, pod.uid());
        }
        outcome
    }

    async fn write(&self) -> Result<(), Error> {
        let status = status::calculate(self.set, &self.revisions, &self.pods, self.now);
        if self.set.status.as_ref() == Some(&status) {
            return Ok(());
        }
        let mut changed = self.set.clone();
        changed.status = Some(status);
        let api = self.ctx.client.namespaced::<StatefulSet>(self.key.namespace());
        let written = api.update_status(changed).await?;
        self.ctx.latest.wrote(self.key, written);
        Ok(())
    }

    /// When the next pod that is ready becomes available.
    fn next_check(&self) -> Action {
        let waiting = self.pods.iter().filter(|pod| !self.is_available(pod));
        let ready = waiting.filter_map(|pod| pod::condition(pod, "Ready").filter(|ready| ready.status == "True"));
        let since = ready.filter_map(|ready| ready.last_transition_time.as_ref()).map(|time| time.0).min();
        since.map_or(Action::Done, |since| Action::RequeueAfter(time::until(self.now, since, self.min_ready.into())))
    }
}

/// Whether a pod is one of the server's, not one that is to be made.
fn is_created(pod: &Pod) -> bool {
    !pod::phase(pod).is_empty()
}
