//! What may be reported of a job.
//!
//! Upstream: `getStatusValidationOptions` in `pkg/registry/batch/job/strategy.go` and `validateJobStatus`,
//! `ValidateJobStatusUpdate` in `pkg/apis/batch/validation/validation.go`.

use std::collections::BTreeSet;

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, internal, shown};
use k8s_openapi::api::batch::v1::{Job, JobSpec, JobStatus};

use super::failure::without_value;
use super::{indexes, is_indexed};
use crate::blank::{items, text};
use crate::checks::non_negatives;

/// Whether a suspended job has no pods and its spec may still be adjusted.
pub(super) fn nothing_runs(job: &Job) -> bool {
    job.status.as_ref().is_none_or(|status| {
        (status.start_time.is_none() || is(status, "Suspended")) && status.active.unwrap_or_default() == 0
    })
}

fn is(status: &JobStatus, condition: &str) -> bool {
    has(status, condition, "True")
}

fn has(status: &JobStatus, condition: &str, value: &str) -> bool {
    items(&status.conditions).iter().any(|known| known.type_ == condition && known.status == value)
}

fn is_finished(status: &JobStatus) -> bool {
    is(status, "Complete") || is(status, "Failed")
}

pub(super) fn validate(new: &Job, old: &Job) -> ErrorList {
    let (mut errors, none, no_spec) = (ErrorList::new(), JobStatus::default(), JobSpec::default());
    let update = Update {
        spec: new.spec.as_ref().unwrap_or(&no_spec),
        new: new.status.as_ref().unwrap_or(&none),
        old: old.status.as_ref().unwrap_or(&none),
        at: At::new("status"),
    };
    update.counts(&mut errors);
    update.uncounted(&mut errors);
    update.completion(&mut errors);
    update.finished(&mut errors);
    update.indexes(&mut errors);
    update.pods(&mut errors);
    update.success(&mut errors);
    update.changes(&mut errors);
    errors
}

/// A change of a status. Rules newer than stored jobs hold only for what changes.
struct Update<'a> {
    spec: &'a JobSpec,
    new: &'a JobStatus,
    old: &'a JobStatus,
    at: At<'static>,
}

impl Update<'_> {
    fn changed(&self, condition: &str) -> bool {
        is(self.new, condition) != is(self.old, condition)
    }

    fn refuse_conditions(&self, detail: &str, errors: &mut ErrorList) {
        errors.push(without_value(&self.at.child("conditions"), detail));
    }

    fn counts(&self, errors: &mut ErrorList) {
        let new = self.new;
        let counts = [
            ("active", new.active.map(i64::from)),
            ("succeeded", new.succeeded.map(i64::from)),
            ("failed", new.failed.map(i64::from)),
            ("ready", new.ready.map(i64::from)),
            ("terminating", new.terminating.map(i64::from)),
        ];
        non_negatives(counts, &self.at, errors);
    }

    fn uncounted(&self, errors: &mut ErrorList) {
        let Some(pods) = &self.new.uncounted_terminated_pods else { return };
        let (at, mut seen) = (self.at.child("uncountedTerminatedPods"), BTreeSet::new());
        for (uids, field) in [(&pods.succeeded, "succeeded"), (&pods.failed, "failed")] {
            let at = at.child(field);
            for (i, uid) in items(uids).iter().enumerate() {
                if uid.is_empty() {
                    errors.push(Error::invalid(&at.index(i), uid, "must not be empty"));
                } else if !seen.insert(uid) {
                    errors.push(Error::duplicate(&at.index(i), uid));
                }
            }
        }
    }

    fn completion(&self, errors: &mut ErrorList) {
        let (new, complete) = (self.new, is(self.new, "Complete"));
        let completion_changed = self.changed("Complete");
        if complete && is(new, "Failed") && (completion_changed || self.changed("Failed")) {
            self.refuse_conditions("cannot set Complete=True and Failed=true conditions", errors);
        }
        if complete && is(new, "FailureTarget") && (completion_changed || self.changed("FailureTarget")) {
            self.refuse_conditions("cannot set Complete=True and FailureTarget=true conditions", errors);
        }
        let time_changed = new.completion_time != self.old.completion_time;
        let (at, time) = (self.at.child("completionTime"), || shown::time(new.completion_time.as_ref()));
        if completion_changed || time_changed {
            if new.completion_time.is_some() && !complete {
                let detail = "cannot set completionTime when there is no Complete=True condition";
                errors.push(Error::invalid(&at, time(), detail));
            }
            if new.completion_time.is_none() && complete {
                errors.push(Error::required(&at, "completionTime is required for Complete jobs"));
            }
        }
        let start_changed = new.start_time != self.old.start_time;
        if let (Some(start), Some(end)) = (&new.start_time, &new.completion_time)
            && (start_changed || time_changed)
            && end.0 < start.0
        {
            errors.push(Error::invalid(&at, time(), "must be equal to or after `startTime`"));
        }
    }

    fn finished(&self, errors: &mut ErrorList) {
        let (new, old) = (self.new, self.old);
        let failed_indexes_changed = new.failed_indexes != old.failed_indexes;
        if is(new, "Failed") && !is(new, "FailureTarget") && (self.changed("Failed") || failed_indexes_changed) {
            let detail = "cannot set Failed=True condition without the FailureTarget=true condition";
            self.refuse_conditions(detail, errors);
        }
        let criteria_changed = self.changed("Complete") || self.changed("SuccessCriteriaMet");
        if is(new, "Complete") && !is(new, "SuccessCriteriaMet") && criteria_changed {
            let detail = "cannot set Complete=True condition without the SuccessCriteriaMet=true condition";
            self.refuse_conditions(detail, errors);
        }
        if !is_finished(new) {
            return;
        }
        let finished_changed = !is_finished(old);
        let active = new.active.unwrap_or_default();
        if active > 0 && (finished_changed || new.active != old.active) {
            errors.push(Error::invalid(&self.at.child("active"), active, "active>0 is invalid for finished job"));
        }
        let never_started = self.spec.suspend == Some(true) && self.spec.completions == Some(0);
        if new.start_time.is_none() && !never_started && (finished_changed || new.start_time != old.start_time) {
            errors.push(Error::required(&self.at.child("startTime"), "startTime is required for finished job"));
        }
        let uncounted = &new.uncounted_terminated_pods;
        if let Some(pods) = uncounted
            && (finished_changed || *uncounted != old.uncounted_terminated_pods)
            && items(&pods.failed).len() + items(&pods.succeeded).len() > 0
        {
            let shown = internal::show("UncountedTerminatedPods", pods);
            let at = self.at.child("uncountedTerminatedPods");
            errors.push(Error::invalid(&at, shown, "must be empty for finished job"));
        }
    }

    fn indexes(&self, errors: &mut ErrorList) {
        let (new, old) = (self.new, self.old);
        let (completed, failed) = (text(&new.completed_indexes), &new.failed_indexes);
        let (completed_at, failed_at) = (self.at.child("completedIndexes"), self.at.child("failedIndexes"));
        let completed_changed = completed != text(&old.completed_indexes);
        let failed_changed = *failed != old.failed_indexes;
        let completions = self.spec.completions;
        if let Some(completions) = completions {
            if let Err(why) = indexes::count(completed, completions)
                && completed_changed
            {
                let detail = format!("error parsing completedIndexes: {why}");
                errors.push(Error::invalid(&completed_at, completed, detail));
            }
            if let Some(failed) = failed.as_ref().filter(|_| self.spec.backoff_limit_per_index.is_some())
                && let Err(why) = indexes::count(failed, completions)
                && failed_changed
            {
                errors.push(Error::invalid(&failed_at, failed, format!("error parsing failedIndexes: {why}")));
            }
        }
        if completed_changed && !completed.is_empty() && !is_indexed(self.spec) {
            let detail = "cannot set non-empty completedIndexes when non-indexed completion mode";
            errors.push(Error::invalid(&completed_at, completed, detail));
        }
        let Some(failed) = failed else { return };
        if failed_changed && self.spec.backoff_limit_per_index.is_none() {
            let detail = "cannot set non-null failedIndexes when backoffLimitPerIndex is null";
            errors.push(Error::invalid(&failed_at, failed, detail));
        }
        if let Some(both) = completions.and_then(|completions| indexes::overlap(completed, failed, completions))
            && (failed_changed || completed_changed)
        {
            let detail = format!("failedIndexes and completedIndexes overlap at index: {both}");
            errors.push(Error::invalid(&failed_at, failed, detail));
        }
    }

    fn pods(&self, errors: &mut ErrorList) {
        let (new, old) = (self.new, self.old);
        let finished = is_finished(new);
        let changed = finished != is_finished(old) || new.terminating != old.terminating;
        if let Some(terminating) = new.terminating.filter(|terminating| *terminating > 0 && finished && changed) {
            let detail = "terminating>0 is invalid for finished job";
            errors.push(Error::invalid(&self.at.child("terminating"), terminating, detail));
        }
        let changed = new.ready != old.ready || new.active.unwrap_or_default() != old.active.unwrap_or_default();
        if let Some(ready) = new.ready.filter(|ready| changed && *ready > new.active.unwrap_or_default()) {
            let detail = "cannot set more ready pods than active";
            errors.push(Error::invalid(&self.at.child("ready"), ready, detail));
        }
    }

    fn success(&self, errors: &mut ErrorList) {
        let (new, met) = (self.new, is(self.new, "SuccessCriteriaMet"));
        if met && is(new, "Failed") {
            self.refuse_conditions("cannot set SuccessCriteriaMet=True and Failed=true conditions", errors);
        }
        if met && is(new, "FailureTarget") {
            self.refuse_conditions("cannot set SuccessCriteriaMet=True and FailureTarget=true conditions", errors);
        }
        if self.spec.success_policy.is_some() && !met && is(new, "Complete") {
            let detail = "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True";
            self.refuse_conditions(detail, errors);
        }
    }

    fn changes(&self, errors: &mut ErrorList) {
        let (new, old) = (self.new, self.old);
        for condition in ["Failed", "Complete", "FailureTarget"] {
            if is(old, condition) && !is(new, condition) {
                self.refuse_conditions(&format!("cannot disable the terminal {condition}=True condition"), errors);
            }
        }
        let failed = new.failed.unwrap_or_default();
        if failed < old.failed.unwrap_or_default() {
            errors.push(Error::invalid(&self.at.child("failed"), failed, "cannot decrease the failed counter"));
        }
        // An indexed job that shrinks forgets indexes that had succeeded.
        let elastic = is_indexed(self.spec) && self.spec.completions == self.spec.parallelism;
        let succeeded = new.succeeded.unwrap_or_default();
        if !elastic && succeeded < old.succeeded.unwrap_or_default() {
            let detail = "cannot decrease the succeeded counter";
            errors.push(Error::invalid(&self.at.child("succeeded"), succeeded, detail));
        }
        if new.completion_time.is_some() && old.completion_time.is_some() && new.completion_time != old.completion_time
        {
            let time = shown::time(new.completion_time.as_ref());
            errors.push(Error::invalid(&self.at.child("completionTime"), time, "field is immutable"));
        }
        let resumes = is(old, "Suspended") && has(new, "Suspended", "False");
        let restarted = old.start_time.is_some() && old.start_time != new.start_time;
        if restarted && !resumes && self.spec.suspend != Some(true) {
            let time = shown::time(new.start_time.as_ref());
            let detail = "field is immutable for unsuspended job once set";
            errors.push(Error::invalid(&self.at.child("startTime"), time, detail));
        }
        let (met, was_met) = (is(new, "SuccessCriteriaMet"), is(old, "SuccessCriteriaMet"));
        if was_met && !met {
            self.refuse_conditions("cannot disable the SuccessCriteriaMet=True condition", errors);
        }
        if is(old, "Complete") && !was_met && met {
            let detail = "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions";
            self.refuse_conditions(detail, errors);
        }
    }
}
