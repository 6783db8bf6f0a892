use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use k8s_api::Kind;
use k8s_api_client::ObjectKey;
use k8s_api_client::events::EventType;
use k8s_ctrl::{Action, Error, pod};
use k8s_openapi::api::batch::v1::{Job, JobCondition, JobSpec, JobStatus};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::backoff::{self, Failures};
use super::facts::{FAILED, FAILURE_TARGET, SUCCESS_CRITERIA_MET, new_condition};
use super::indexes::Indexes;
use super::policy::Verdict;
use super::{Sync, facts, policy};
use crate::time;

/// One round about one job: what there is, and what is to be written about it.
pub(super) struct Round<'a> {
    pub(super) ctx: &'a Sync,
    pub(super) key: &'a ObjectKey,
    /// As it will be.
    pub(super) job: Job,
    pub(super) spec: JobSpec,
    pub(super) pods: Vec<Arc<Pod>>,
    pub(super) active: Vec<Arc<Pod>>,
    pub(super) n_active: i32,
    pub(super) n_ready: i32,
    pub(super) n_terminating: i32,
    pub(super) n_succeeded: i32,
    n_failed: i32,
    /// Pods whose finalizer is gone already, though not in the cache.
    pub(super) removing: BTreeSet<String>,
    /// Pods that the status names as ended and not counted, as it was at the beginning.
    pub(super) told_succeeded: BTreeSet<String>,
    pub(super) told_failed: BTreeSet<String>,
    pub(super) succeeded_before: Indexes,
    pub(super) succeeded: Indexes,
    pub(super) failed: Option<Indexes>,
    /// Failed pods by index, that stay until another has taken over how often the index has failed.
    pub(super) delayed: BTreeMap<i32, Arc<Pod>>,
    pub(super) failures: Failures,
    pub(super) finish: Option<JobCondition>,
    pub(super) now: Time,
    wake: Option<Duration>,
}

impl<'a> Round<'a> {
    pub(super) fn new(ctx: &'a Sync, key: &'a ObjectKey, job: &Job, pods: Vec<Arc<Pod>>) -> Self {
        let spec = job.spec.clone().unwrap_or_default();
        let mut job = job.clone();
        let told = job.status.get_or_insert_default().uncounted_terminated_pods.get_or_insert_default();
        let set = |uids: &Option<Vec<String>>| uids.iter().flatten().cloned().collect::<BTreeSet<_>>();
        let (told_succeeded, told_failed) = (set(&told.succeeded), set(&told.failed));
        let active: Vec<_> = pods.iter().filter(|pod| pod::is_active(pod)).cloned().collect();
        let mut round = Self {
            n_active: active.len() as i32,
            n_ready: active.iter().filter(|pod| pod::is_ready(pod)).count() as i32,
            n_terminating: facts::n_terminating(&pods),
            removing: ctx.removals.of(key),
            now: time::now(&ctx.env),
            succeeded_before: Indexes::default(),
            succeeded: Indexes::default(),
            failed: None,
            delayed: BTreeMap::new(),
            failures: Failures::default(),
            finish: None,
            wake: None,
            n_succeeded: 0,
            n_failed: 0,
            ctx,
            key,
            job,
            spec,
            pods,
            active,
            told_succeeded,
            told_failed,
        };
        round.count();
        round
    }

    fn count(&mut self) {
        let new = |told: &BTreeSet<String>, ended: &dyn Fn(&Pod) -> bool| -> Vec<Arc<Pod>> {
            let new = self.pods.iter().filter(|pod| self.is_countable(pod) && !told.contains(pod.uid()) && ended(pod));
            new.cloned().collect()
        };
        let succeeded = new(&self.told_succeeded, &facts::has_succeeded);
        let failed = new(&self.told_failed, &|pod| facts::is_failed(&self.spec, pod));
        let n_counting = failed.iter().filter(|pod| policy::judge(&self.spec, pod) != Verdict::Ignore).count();
        let status = self.job.status.as_ref();
        let number = |read: fn(&JobStatus) -> Option<i32>| status.and_then(read).unwrap_or_default();
        self.n_succeeded = number(|status| status.succeeded) + (succeeded.len() + self.told_succeeded.len()) as i32;
        self.n_failed = number(|status| status.failed) + (n_counting + self.told_failed.len()) as i32;
        self.failures = self.ctx.backoffs.with(self.key, &succeeded, &failed);
    }

    /// Whether a pod is to be counted: it bears the finalizer, and its index is one of the job's.
    fn is_countable(&self, pod: &Pod) -> bool {
        let in_range = || facts::index(pod).is_some_and(|index| index < self.completions());
        facts::is_tracked(pod) && !self.removing.contains(pod.uid()) && (!facts::is_indexed(&self.spec) || in_range())
    }

    pub(super) fn completions(&self) -> i32 {
        self.spec.completions.unwrap_or(i32::MAX)
    }

    pub(super) fn status(&mut self) -> &mut JobStatus {
        self.job.status.get_or_insert_default()
    }

    pub(super) fn wake_after(&mut self, delay: Duration) {
        self.wake = Some(self.wake.map_or(delay, |wake| wake.min(delay)));
    }

    pub(super) async fn run(mut self, satisfied: bool) -> Result<Action, Error> {
        let mode = self.spec.completion_mode.as_deref();
        if !matches!(mode, None | Some("NonIndexed" | "Indexed")) {
            let message = "Skipped Job sync because completion mode is unknown";
            self.ctx.control.recorder.event(&self.job, EventType::Warning, "UnknownCompletionMode", message);
            return Ok(Action::Done);
        }
        if !facts::is_suspended(&self.spec) {
            let now = self.now.clone();
            self.status().start_time.get_or_insert(now);
        }
        self.judge();
        if facts::is_indexed(&self.spec) {
            self.judge_indexes();
        }
        let (outcome, is_held) =
            if self.finish.is_some() { (self.stop(satisfied).await, false) } else { self.go_on(satisfied).await };
        let (active, ready, terminating) = (some(self.n_active), Some(self.n_ready), Some(self.n_terminating));
        let status = self.status();
        let flush = is_held || status.active != active || status.ready != ready || status.terminating != terminating;
        status.active = active;
        status.ready = ready;
        status.terminating = terminating;
        self.track(flush).await?;
        outcome?;
        Ok(self.wake.map_or(Action::Done, Action::RequeueAfter))
    }

    /// Finds out whether the job is to end: what was decided before, then failure by policy, limit and deadline.
    fn judge(&mut self) {
        let status = self.job.status.clone().unwrap_or_default();
        self.finish = facts::condition(&status, SUCCESS_CRITERIA_MET).cloned();
        if self.finish.is_none()
            && let Some(target) = facts::condition(&status, FAILURE_TARGET)
        {
            self.finish = Some(renamed(target, FAILED, &self.now));
        }
        if self.finish.is_none() {
            let failed = self.pods.iter().filter(|pod| facts::is_failed(&self.spec, pod));
            let message = failed.map(|pod| policy::judge(&self.spec, pod)).find_map(|verdict| match verdict {
                Verdict::FailJob(message) => Some(message),
                _ => None,
            });
            self.finish = message.map(|message| self.failure("PodFailurePolicy", &message));
        }
        if self.finish.is_none() {
            self.finish = self.limits();
        }
    }

    fn limits(&mut self) -> Option<JobCondition> {
        let limit = self.spec.backoff_limit.unwrap_or(6);
        if self.n_failed > limit || facts::is_past_limit_by_restarts(&self.spec, &self.pods) {
            return Some(self.failure("BackoffLimitExceeded", "Job has reached the specified backoff limit"));
        }
        let deadline = self.spec.active_deadline_seconds.filter(|_| !facts::is_suspended(&self.spec))?;
        let started = self.status().start_time.as_ref()?.0;
        let left = time::until(self.ctx.env.clock.now(), started, deadline);
        if left.is_zero() {
            return Some(self.failure("DeadlineExceeded", "Job was active longer than specified deadline"));
        }
        self.wake_after(left);
        None
    }

    fn failure(&self, reason: &str, message: &str) -> JobCondition {
        new_condition(FAILURE_TARGET, "True", reason, message, &self.now)
    }

    /// The same for a job whose completions have numbers: which have succeeded and failed, and what that means.
    fn judge_indexes(&mut self) {
        let completions = self.completions();
        let status = self.job.status.clone().unwrap_or_default();
        let read = |text: &Option<String>| Indexes::parse(text.as_deref().unwrap_or_default(), completions);
        let tracked = || self.pods.iter().filter(|pod| facts::is_tracked(pod));
        let indexes = |pods: Vec<&Arc<Pod>>| -> Vec<i32> {
            pods.into_iter().filter_map(|pod| facts::index(pod)).filter(|index| *index < completions).collect()
        };
        self.succeeded_before = read(&status.completed_indexes);
        let succeeded = tracked().filter(|pod| facts::has_succeeded(pod)).collect();
        self.succeeded = self.succeeded_before.with(indexes(succeeded));
        self.n_succeeded = self.succeeded.total();
        if self.spec.backoff_limit_per_index.is_some() {
            let failed = indexes(tracked().filter(|pod| facts::fails_index(&self.spec, pod)).collect());
            let failed = read(&status.failed_indexes).with(failed);
            let n = failed.total();
            if self.finish.is_none() && self.spec.max_failed_indexes.is_some_and(|max| n > max) {
                let message = "Job has exceeded the specified maximal number of failed indexes";
                self.finish = Some(self.failure("MaxFailedIndexesExceeded", message));
            } else if self.finish.is_none() && n > 0 && n + self.n_succeeded >= completions {
                self.finish = Some(self.failure("FailedIndexes", "Job has failed indexes"));
            }
            self.failed = Some(failed);
            self.delay();
        }
        if self.finish.is_none()
            && let Some(message) = policy::success(&self.spec, &self.succeeded)
        {
            let met = new_condition(SUCCESS_CRITERIA_MET, "True", "SuccessPolicy", &message, &self.now);
            self.finish = Some(met);
        }
    }

    /// Finds the failed pods that must stay until their index has another pod.
    fn delay(&mut self) {
        let active: BTreeSet<_> = self.active.iter().filter_map(|pod| facts::index(pod)).collect();
        let total = |pod: &Pod| facts::index_failures(pod).0 + facts::index_failures(pod).1;
        let mut delayed: BTreeMap<i32, Arc<Pod>> = BTreeMap::new();
        for pod in self.pods.iter().filter(|pod| self.is_countable(pod) && facts::is_failed(&self.spec, pod)) {
            let Some(index) = facts::index(pod) else { continue };
            let is_settled = self.succeeded.has(index)
                || self.failed.as_ref().is_some_and(|failed| failed.has(index))
                || active.contains(&index);
            let is_later = delayed.get(&index).is_none_or(|last| {
                total(last) <= total(pod) && backoff::finished_at(last) <= backoff::finished_at(pod)
            });
            if !is_settled && is_later {
                delayed.insert(index, pod.clone());
            }
        }
        self.delayed = delayed;
    }

    /// Makes and deletes pods, and finds out whether the job is complete. Returns whether it was held or let go on, too.
    async fn go_on(&mut self, satisfied: bool) -> (Result<(), Error>, bool) {
        let manages = satisfied && self.job.metadata.deletion_timestamp.is_none();
        let outcome = if manages { self.manage().await } else { Ok(()) };
        let enough = match self.spec.completions {
            None => self.n_succeeded > 0,
            Some(completions) => self.n_succeeded >= completions,
        };
        if enough && self.n_active == 0 {
            let message = "Reached expected number of succeeded pods";
            self.finish = Some(new_condition(SUCCESS_CRITERIA_MET, "True", "CompletionsReached", message, &self.now));
            return (outcome, false);
        }
        (outcome, manages && self.tell_suspension())
    }

    fn tell_suspension(&mut self) -> bool {
        let is_suspended = facts::is_suspended(&self.spec);
        let (is, reason, message, event) = if is_suspended {
            ("True", "JobSuspended", "Job suspended", "Suspended")
        } else {
            ("False", "JobResumed", "Job resumed", "Resumed")
        };
        let condition = new_condition("Suspended", is, reason, message, &self.now);
        let changed = facts::set_condition(self.status(), condition);
        if changed {
            self.ctx.control.recorder.event(&self.job, EventType::Normal, event, message);
            // What a job was held for does not count towards its deadline.
            self.status().start_time = (!is_suspended).then(|| self.now.clone());
        }
        changed
    }
}

/// The same under another name, from now on.
pub(super) fn renamed(condition: &JobCondition, kind: &str, now: &Time) -> JobCondition {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    new_condition(kind, "True", &text(&condition.reason), &text(&condition.message), now)
}

/// Numbers of zero are left out.
pub(super) fn some(count: i32) -> Option<i32> {
    (count != 0).then_some(count)
}
