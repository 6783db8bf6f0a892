//! Counting pods that have ended, each once: its uid goes into the status, then its finalizer goes, then it is a number.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use k8s_api::{Kind, Status};
use k8s_api_client::events::EventType;
use k8s_api_client::{Client, PatchKind};
use k8s_ctrl::{Error, pod};
use k8s_openapi::api::batch::v1::{Job, JobStatus};
use k8s_openapi::api::core::v1::Pod;
use serde_json::json;

use super::facts::{self, COMPLETE, FAILED, FAILURE_TARGET, SUCCESS_CRITERIA_MET};
use super::policy::{self, Verdict};
use super::round::{Round, renamed, some};

/// So many pods are counted in one round, so that the status stays small. Upstream: `MaxUncountedPods`.
const UNCOUNTED: usize = 500;

/// Pods that are to be counted now.
#[derive(Default)]
struct Batch {
    pods: Vec<Arc<Pod>>,
    indexes: Vec<i32>,
    is_full: bool,
    changed: bool,
}

/// Removes the finalizer of a pod, if it bears it and is there.
pub(super) async fn remove_finalizer(client: &Client, pod: &Pod) -> Result<(), Status> {
    if !facts::is_tracked(pod) {
        return Ok(());
    }
    let patch = json!({ "metadata": { "$deleteFromPrimitiveList/finalizers": [facts::FINALIZER] } });
    let api = client.namespaced::<Pod>(pod.namespace());
    match api.patch(pod.name(), PatchKind::Strategic, &patch).await {
        Err(status) if !status.is_not_found() => Err(status),
        _ => Ok(()),
    }
}

impl Round<'_> {
    /// Counts the pods that have ended, and finishes the job when all is counted.
    pub(super) async fn track(&mut self, mut flush: bool) -> Result<(), Error> {
        self.pods.sort_by_key(|pod| facts::index(pod));
        let is_tracked = |pod: &&Arc<Pod>| facts::is_tracked(pod) && !self.removing.contains(pod.uid());
        let mut tracked: BTreeSet<_> = self.pods.iter().filter(is_tracked).map(|pod| pod.uid().to_owned()).collect();
        flush |= settle(self.status(), &tracked);
        let batch = self.collect(&tracked);
        flush |= batch.changed;
        if facts::is_indexed(&self.spec) {
            flush |= self.tell_indexes(&batch);
        }
        flush |= self.tell_intent();
        if flush {
            self.write().await?;
            self.ctx.backoffs.set(self.key, self.failures);
        }
        let removed = self.remove_finalizers(&batch.pods, &mut tracked).await;
        let flush = settle(self.status(), &tracked);
        let is_finished = removed.is_ok() && !batch.is_full && self.finish();
        if flush || is_finished {
            self.write().await?;
        }
        if is_finished {
            self.announce();
        }
        removed
    }

    /// Takes the pods that can be counted, and names them in the status.
    fn collect(&mut self, tracked: &BTreeSet<String>) -> Batch {
        let mut batch = Batch::default();
        let mut uncounted = self.status().uncounted_terminated_pods.take().unwrap_or_default();
        for pod in self.pods.iter().filter(|pod| tracked.contains(pod.uid())) {
            let failed = facts::is_failed(&self.spec, pod);
            if !self.can_let_go(pod, failed) {
                continue;
            }
            batch.pods.push(pod.clone());
            let uid = pod.uid();
            let index = facts::index(pod).filter(|index| *index < self.completions());
            let is_indexed = facts::is_indexed(&self.spec);
            // When the job has failed, what did not end has failed as well.
            let fails_with_job = self.finish.as_ref().is_some_and(|finish| finish.type_ != SUCCESS_CRITERIA_MET);
            if facts::has_succeeded(pod) && !self.told_failed.contains(uid) {
                if is_indexed {
                    // The index alone keeps it from being counted twice.
                    let new = index.filter(|index| !self.succeeded_before.has(*index));
                    batch.changed |= new.is_some();
                    batch.indexes.extend(new);
                } else if !self.told_succeeded.contains(uid) {
                    uncounted.succeeded.get_or_insert_default().push(uid.to_owned());
                    batch.changed = true;
                }
            } else if (failed || fails_with_job)
                && !self.told_failed.contains(uid)
                && (!is_indexed || index.is_some())
                && policy::judge(&self.spec, pod) != Verdict::Ignore
            {
                uncounted.failed.get_or_insert_default().push(uid.to_owned());
                batch.changed = true;
            }
            let n = |uids: &Option<Vec<String>>| uids.as_ref().map_or(0, Vec::len);
            if batch.indexes.len() + n(&uncounted.succeeded) + n(&uncounted.failed) >= UNCOUNTED {
                batch.is_full = true;
                break;
            }
        }
        self.status().uncounted_terminated_pods = Some(uncounted);
        batch
    }

    fn can_let_go(&self, pod: &Pod, failed: bool) -> bool {
        if self.job.metadata.deletion_timestamp.is_some() || self.finish.is_some() || pod::phase(pod) == "Succeeded" {
            return true;
        }
        let is_delayed = || {
            let delayed = facts::index(pod).and_then(|index| self.delayed.get(&index));
            delayed.is_some_and(|delayed| delayed.uid() == pod.uid())
        };
        failed && !is_delayed()
    }

    fn tell_indexes(&mut self, batch: &Batch) -> bool {
        self.succeeded = self.succeeded.with(batch.indexes.iter().copied());
        let text = self.succeeded.to_string();
        let completed = (!text.is_empty()).then_some(text);
        let failed = self.failed.as_ref().map(ToString::to_string);
        let total = some(self.succeeded.total());
        let status = self.status();
        let changed = status.completed_indexes != completed || status.failed_indexes != failed;
        status.completed_indexes = completed;
        status.failed_indexes = failed;
        status.succeeded = total;
        changed
    }

    /// Says in the conditions how the job will end, before anything is lost from which that could be found out again.
    fn tell_intent(&mut self) -> bool {
        let Some(finish) = self.finish.clone() else { return false };
        let last = match &*finish.type_ {
            FAILURE_TARGET => FAILED,
            SUCCESS_CRITERIA_MET => COMPLETE,
            _ => return false,
        };
        self.finish = Some(renamed(&finish, last, &self.now));
        if facts::condition(self.status(), &finish.type_).is_some() {
            return false;
        }
        self.status().conditions.get_or_insert_default().push(finish);
        true
    }

    async fn remove_finalizers(&self, pods: &[Arc<Pod>], tracked: &mut BTreeSet<String>) -> Result<(), Error> {
        self.ctx.removals.expect(self.key, pods.iter().map(|pod| pod.uid()));
        let client = &self.ctx.control.client;
        let removals: FuturesUnordered<_> =
            pods.iter().map(async |pod| (pod, remove_finalizer(client, pod).await)).collect();
        let outcomes: Vec<_> = removals.collect().await;
        let mut failure = Ok(());
        for (pod, outcome) in outcomes {
            match outcome {
                Ok(()) => drop(tracked.remove(pod.uid())),
                Err(status) => {
                    self.ctx.removals.observed(self.key, pod.uid());
                    failure = failure.and(Err(status.into()));
                }
            }
        }
        failure
    }

    /// Sets the last condition when nothing is left to be counted or to go.
    fn finish(&mut self) -> bool {
        let Some(finish) = self.finish.clone() else { return false };
        let uncounted = self.status().uncounted_terminated_pods.clone().unwrap_or_default();
        let is_empty = |uids: Option<Vec<String>>| uids.is_none_or(|uids| uids.is_empty());
        if self.n_terminating > 0 || !is_empty(uncounted.succeeded) || !is_empty(uncounted.failed) {
            return false;
        }
        if finish.type_ == COMPLETE {
            self.status().completion_time.clone_from(&finish.last_transition_time);
        }
        facts::set_condition(self.status(), finish);
        true
    }

    fn announce(&self) {
        let Some(finish) = &self.finish else { return };
        let record = |kind, reason, message: &str| self.ctx.control.recorder.event(&self.job, kind, reason, message);
        if finish.type_ != COMPLETE {
            let message = finish.message.as_deref().unwrap_or_default();
            return record(EventType::Warning, known(finish.reason.as_deref().unwrap_or_default()), message);
        }
        let n = self.job.status.as_ref().and_then(|status| status.succeeded).unwrap_or_default();
        if self.spec.completions.is_some_and(|completions| n > completions) {
            let message = "Too many succeeded pods running after completion count reached";
            record(EventType::Warning, "TooManySucceededPods", message);
        }
        record(EventType::Normal, "Completed", "Job completed");
    }

    async fn write(&mut self) -> Result<(), Error> {
        let api = self.ctx.control.client.namespaced::<Job>(self.job.namespace());
        let written = api.update_status(self.job.clone()).await?;
        self.ctx.latest.wrote(self.key, written.clone());
        self.job = Job::clone(&written);
        self.status().uncounted_terminated_pods.get_or_insert_default();
        Ok(())
    }
}

/// Turns the uids of pods that have no finalizer any more into numbers.
fn settle(status: &mut JobStatus, tracked: &BTreeSet<String>) -> bool {
    let Some(uncounted) = &mut status.uncounted_terminated_pods else { return false };
    let mut changed = false;
    let lists = [(&mut uncounted.succeeded, &mut status.succeeded), (&mut uncounted.failed, &mut status.failed)];
    for (uids, number) in lists {
        let Some(list) = uids else { continue };
        let before = list.len();
        list.retain(|uid| tracked.contains(uid));
        if list.len() != before {
            changed = true;
            *number = some(number.unwrap_or_default() + (before - list.len()) as i32);
        }
        if list.is_empty() {
            *uids = None;
        }
    }
    changed
}

/// The reason of a failure as a word that lives as long as an event.
fn known(reason: &str) -> &'static str {
    let all =
        ["PodFailurePolicy", "BackoffLimitExceeded", "DeadlineExceeded", "MaxFailedIndexesExceeded", "FailedIndexes"];
    all.into_iter().find(|known| *known == reason).unwrap_or("Failed")
}
