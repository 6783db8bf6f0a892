//! Making and deleting the pods of a job.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use k8s_api::Kind;
use k8s_ctrl::batch::slow_start;
use k8s_ctrl::{Error, pod};
use k8s_openapi::api::core::v1::{Container, EnvVar, EnvVarSource, ObjectFieldSelector, Pod};

use super::backoff::Failures;
use super::policy::Verdict;
use super::round::Round;
use super::{facts, policy, track};
use crate::{pods, rank};

/// So many pods are made or deleted in one round. Upstream: `MaxPodCreateDeletePerSync`.
const BURST: i32 = 500;

/// The longest prefix of a generated name.
const PREFIX_MAX: usize = 58;

impl Round<'_> {
    /// Makes the pods that are missing, or deletes those that are too many.
    pub(super) async fn manage(&mut self) -> Result<(), Error> {
        if facts::is_suspended(&self.spec) {
            let doomed = self.doomed(self.n_active);
            return self.delete(doomed).await;
        }
        let parallelism = self.spec.parallelism.unwrap_or(1);
        let wanted = match self.spec.completions {
            None if self.n_succeeded > 0 => self.n_active,
            None => parallelism,
            Some(completions) => (completions - self.n_succeeded).clamp(0, parallelism.max(0)),
        };
        let mut doomed = self.doomed((self.n_active - wanted).max(0));
        doomed.truncate(BURST as usize);
        if !doomed.is_empty() {
            return self.delete(doomed).await;
        }
        let going = if facts::replaces_only_failed(&self.spec) { self.n_terminating } else { 0 };
        let missing = wanted - going - self.n_active;
        if missing > 0 { self.create(missing.min(BURST)).await } else { Ok(()) }
    }

    /// Deletes all that still runs, since the job is over. What cannot be deleted yet keeps it from being finished.
    pub(super) async fn stop(&mut self, satisfied: bool) -> Result<(), Error> {
        let active = std::mem::take(&mut self.active);
        let deletions: FuturesUnordered<_> = active.iter().map(async |pod| (pod, self.delete_one(pod).await)).collect();
        let (n_deleted, n_ready, outcome) = outcome_of(deletions.collect().await);
        if n_deleted != self.n_active || !satisfied {
            self.finish = None;
        }
        self.deleted(n_deleted, n_ready);
        outcome
    }

    async fn delete(&mut self, doomed: Vec<Arc<Pod>>) -> Result<(), Error> {
        self.ctx.expectations.expect_deletions(self.key, doomed.iter().map(|pod| pod.uid().to_owned()));
        let delete = async |pod: &Arc<Pod>| {
            // It need not be counted: it has not ended.
            track::remove_finalizer(&self.ctx.control.client, pod).await?;
            self.delete_one(pod).await
        };
        let deletions: FuturesUnordered<_> = doomed.iter().map(async |pod| (pod, delete(pod).await)).collect();
        let outcomes: Vec<(&Arc<Pod>, Result<bool, Error>)> = deletions.collect().await;
        for (pod, outcome) in &outcomes {
            if !matches!(outcome, Ok(true)) {
                self.ctx.expectations.deletion_observed(self.key, pod.uid());
            }
        }
        let (n_deleted, n_ready, outcome) = outcome_of(outcomes);
        self.deleted(n_deleted, n_ready);
        outcome
    }

    async fn delete_one(&self, pod: &Pod) -> Result<bool, Error> {
        self.ctx.control.delete(&self.job, pod.name()).await
    }

    fn deleted(&mut self, n: i32, n_ready: i32) {
        self.n_active -= n;
        self.n_terminating += n;
        self.n_ready -= n_ready;
    }

    /// Pods that are to go: those without a valid index or with one that another has, and at least `n`.
    fn doomed(&self, n: i32) -> Vec<Arc<Pod>> {
        let n = usize::try_from(n).unwrap_or_default();
        let (mut doomed, mut left) = (Vec::new(), Vec::new());
        if facts::is_indexed(&self.spec) {
            let mut by_index: BTreeMap<i32, Vec<Arc<Pod>>> = BTreeMap::new();
            for pod in &self.active {
                match facts::index(pod).filter(|index| *index < self.completions()) {
                    Some(index) => by_index.entry(index).or_default().push(pod.clone()),
                    None => doomed.push(pod.clone()),
                }
            }
            for mut same in by_index.into_values() {
                rank::by_worth(&mut same);
                left.extend(same.pop());
                doomed.append(&mut same);
            }
        } else {
            left.clone_from(&self.active);
        }
        if doomed.len() < n {
            rank::by_worth(&mut left);
            let more = n - doomed.len();
            doomed.extend(left.into_iter().take(more));
        }
        doomed
    }

    async fn create(&mut self, n: i32) -> Result<(), Error> {
        let now = self.ctx.env.clock.now();
        let per_index = self.spec.backoff_limit_per_index.is_some();
        if !per_index && !self.failures.remaining(now).is_zero() {
            self.wake_after(self.failures.remaining(now));
            // As upstream has it: what waits for others counts as not running.
            self.n_active = 0;
            return Ok(());
        }
        if !facts::is_indexed(&self.spec) {
            let pod = self.pod();
            return self.create_all(n as usize, |_| pod.clone()).await;
        }
        let mut indexes = self.pending(n as usize);
        if per_index {
            let remaining = |index: &i32| {
                let last = self.delayed.get(index);
                last.map(|last| Failures::of_index(total_failures(last), last).remaining(now)).unwrap_or_default()
            };
            let first = indexes.iter().map(remaining).min().unwrap_or_default();
            indexes.retain(|index| remaining(index).is_zero());
            if indexes.is_empty() {
                self.wake_after(first);
                self.n_active = 0;
                return Ok(());
            }
        }
        let pods: Vec<_> = indexes.iter().map(|index| self.indexed_pod(*index)).collect();
        self.create_all(pods.len(), |place| pods[place].clone()).await
    }

    async fn create_all(&mut self, n: usize, pod: impl Fn(usize) -> Pod) -> Result<(), Error> {
        self.ctx.expectations.expect_creations(self.key, n);
        let (n_made, failure) = slow_start(n, 1, |place| self.ctx.control.create(&self.job, pod(place))).await;
        self.ctx.expectations.creations_observed(self.key, n - n_made);
        self.n_active += n_made as i32;
        match failure {
            // Whatever is tried in such a namespace fails, and soon nobody wants it any more.
            Some(error) if !pods::is_namespace_terminating(&error) => Err(error),
            _ => Ok(()),
        }
    }

    /// The first indexes that nobody works on and that are not done.
    fn pending(&self, n: usize) -> Vec<i32> {
        let mut taken: BTreeSet<_> = self.active.iter().filter_map(|pod| facts::index(pod)).collect();
        if facts::replaces_only_failed(&self.spec) {
            let going = self.pods.iter().filter(|pod| pods::is_terminating(pod));
            taken.extend(going.filter_map(|pod| facts::index(pod)));
        }
        let mut taken = self.succeeded.with(taken);
        if let Some(failed) = &self.failed {
            taken = taken.union(failed);
        }
        taken.first_missing(n, self.completions())
    }

    fn pod(&self) -> Pod {
        let mut pod = pods::from_template(&self.job, &self.spec.template);
        let finalizers = pod.metadata.finalizers.get_or_insert_default();
        if !finalizers.iter().any(|finalizer| finalizer == facts::FINALIZER) {
            finalizers.push(facts::FINALIZER.to_owned());
        }
        pod
    }

    fn indexed_pod(&self, index: i32) -> Pod {
        let mut pod = self.pod();
        let (name, suffix) = (self.job.name(), format!("-{index}-"));
        let cut = name.len().min(PREFIX_MAX - suffix.len());
        pod.metadata.generate_name = Some(format!("{}{suffix}", name.get(..cut).unwrap_or(name)));
        pod.metadata.labels.get_or_insert_default().insert(facts::INDEX.to_owned(), index.to_string());
        let annotations = pod.metadata.annotations.get_or_insert_default();
        annotations.insert(facts::INDEX.to_owned(), index.to_string());
        if self.spec.backoff_limit_per_index.is_some() {
            let (failures, ignored) =
                self.delayed.get(&index).map(|last| self.failures_after(last)).unwrap_or_default();
            annotations.insert(facts::INDEX_FAILURES.to_owned(), failures.to_string());
            if ignored > 0 {
                annotations.insert(facts::INDEX_IGNORED.to_owned(), ignored.to_string());
            }
        }
        if let Some(spec) = &mut pod.spec {
            spec.hostname = Some(format!("{name}-{index}"));
            let init = spec.init_containers.iter_mut().flatten();
            init.chain(&mut spec.containers).for_each(tell_index);
        }
        pod
    }

    /// How often an index has failed, and how often that was ignored, with this pod.
    fn failures_after(&self, last: &Pod) -> (i32, i32) {
        let (failures, ignored) = facts::index_failures(last);
        match policy::judge(&self.spec, last) {
            Verdict::Ignore => (failures, ignored + 1),
            _ => (failures + 1, ignored),
        }
    }
}

fn total_failures(pod: &Pod) -> i32 {
    let (failures, ignored) = facts::index_failures(pod);
    failures + ignored
}

/// Puts the index into a container's environment.
fn tell_index(container: &mut Container) {
    const NAME: &str = "JOB_COMPLETION_INDEX";
    let env = container.env.get_or_insert_default();
    if env.iter().any(|variable| variable.name == NAME) {
        return;
    }
    let field = ObjectFieldSelector { api_version: None, field_path: format!("metadata.labels['{}']", facts::INDEX) };
    env.push(EnvVar {
        name: NAME.to_owned(),
        value: None,
        value_from: Some(EnvVarSource { field_ref: Some(field), ..EnvVarSource::default() }),
    });
}

/// How many were deleted or gone already, how many of those were ready, and the first failure.
fn outcome_of(outcomes: Vec<(&Arc<Pod>, Result<bool, Error>)>) -> (i32, i32, Result<(), Error>) {
    let (mut n, mut n_ready, mut failure) = (0, 0, Ok(()));
    for (pod, outcome) in outcomes {
        n += i32::from(outcome.is_ok());
        n_ready += i32::from(outcome.is_ok() && pod::is_ready(pod));
        failure = failure.and(outcome.map(drop));
    }
    (n, n_ready, failure)
}
