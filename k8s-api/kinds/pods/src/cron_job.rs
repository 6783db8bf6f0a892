//! CronJobs.
//!
//! Upstream: `pkg/registry/batch/cronjob/strategy.go`, `pkg/apis/batch/validation`.

mod schedule;
mod time_zone;

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, Facts, Strategy, canonical, count, shown, tidy};
use k8s_openapi::api::batch::v1::{CronJob as Object, CronJobSpec, CronJobStatus, JobTemplateSpec};

use crate::blank::{or_text, text};
use crate::checks::non_negatives;
use crate::pod::validation::Options;
use crate::pod::{defaults, warnings};
use crate::{job, template};

/// Eleven bytes less than a label: what the names of a CronJob's jobs have beside its own.
const MAX_NAME: usize = 52;

/// The strategy of CronJobs.
#[derive(Clone, Copy, Debug, Default)]
pub struct CronJob;

impl Strategy for CronJob {
    type Object = Object;

    fn facts(&self) -> Facts {
        Facts::new()
    }

    fn default(&self, cron_job: &mut Object) {
        canonical::meta(&mut cron_job.metadata);
        let spec = &mut cron_job.spec;
        or_text(&mut spec.concurrency_policy, "Allow");
        spec.suspend.get_or_insert(false);
        spec.successful_jobs_history_limit.get_or_insert(3);
        spec.failed_jobs_history_limit.get_or_insert(1);
        defaults::inner_metadata(&mut spec.job_template.metadata);
        job::default_parts(spec.job_template.spec.get_or_insert_default());
        let status = cron_job.status.get_or_insert_default();
        tidy!(status => active);
    }

    fn prepare_for_create(&self, cron_job: &mut Object) {
        cron_job.status = Some(CronJobStatus::default());
        cron_job.metadata.generation = Some(1);
        drop_fields(cron_job, None);
    }

    fn validate_create(&self, cron_job: &Object) -> ErrorList {
        let mut errors = ErrorList::new();
        validate(&cron_job.spec, None, &template::options(None), &mut errors);
        let name = cron_job.metadata.name.as_deref().unwrap_or_default();
        if name.len() > MAX_NAME {
            let detail = format!("must be no more than {MAX_NAME} characters");
            errors.push(Error::invalid("metadata.name", name, detail));
        }
        errors
    }

    fn prepare_for_update(&self, new: &mut Object, old: &Object) {
        new.status.clone_from(&old.status);
        drop_fields(new, Some(old));
        let changed = new.spec != old.spec;
        count(&mut new.metadata, &old.metadata, changed);
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        let mut errors = ErrorList::new();
        let options = template::options(old.spec.job_template.spec.as_ref().map(|spec| &spec.template));
        validate(&new.spec, Some(&old.spec), &options, &mut errors);
        errors
    }

    fn prepare_for_subresource_update(&self, _: &str, new: &mut Object, old: &Object) {
        new.spec.clone_from(&old.spec);
        count(&mut new.metadata, &old.metadata, false);
    }

    fn validate_subresource_update(&self, _: &str, _: &Object, _: &Object) -> ErrorList {
        ErrorList::new()
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        let (mut all, spec) = (Vec::new(), &new.spec);
        if old.is_none() {
            let name = new.metadata.name.as_deref().unwrap_or_default();
            all.extend(warnings::name("Pod names and hostnames", name));
        }
        if let Some(job) = &spec.job_template.spec
            && old.is_none_or(|old| old.metadata.generation != new.metadata.generation)
        {
            job::spec_warnings(job, &At::new("spec.jobTemplate.spec"), &mut all);
        }
        if old.is_some() && spec.schedule.contains("TZ") {
            all.push(
                "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see \
                 https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"
                    .to_owned(),
            );
        }
        all
    }

    fn field_labels(&self, _: &Object) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

fn drop_fields(new: &mut Object, old: Option<&Object>) {
    let old = old.and_then(|old| old.spec.job_template.spec.as_ref());
    if let Some(spec) = &mut new.spec.job_template.spec {
        template::drop_fields(&mut spec.template, old.map(|spec| &spec.template));
    }
}

fn validate(spec: &CronJobSpec, old: Option<&CronJobSpec>, options: &Options, errors: &mut ErrorList) {
    let at = At::new("spec");
    schedule(spec, old, &at.child("schedule"), errors);
    non_negatives([("startingDeadlineSeconds", spec.starting_deadline_seconds)], &at, errors);
    if let Some(zone) = &spec.time_zone
        && old.is_none_or(|old| old.time_zone != spec.time_zone)
    {
        time_zone::validate(zone, &at.child("timeZone"), errors);
    }
    let (policy, policies) = (text(&spec.concurrency_policy), ["Allow", "Forbid", "Replace"]);
    if policy.is_empty() {
        errors.push(Error::required(&at.child("concurrencyPolicy"), ""));
    } else if !policies.contains(&policy) {
        errors.push(Error::not_supported(&at.child("concurrencyPolicy"), policy, &policies));
    }
    job_template(&spec.job_template, options, &at.child("jobTemplate"), errors);
    let limits = [
        ("successfulJobsHistoryLimit", spec.successful_jobs_history_limit.map(i64::from)),
        ("failedJobsHistoryLimit", spec.failed_jobs_history_limit.map(i64::from)),
    ];
    non_negatives(limits, &at, errors);
}

fn schedule(spec: &CronJobSpec, old: Option<&CronJobSpec>, at: &At<'_>, errors: &mut ErrorList) {
    let schedule = &spec.schedule;
    if schedule.is_empty() {
        errors.push(Error::required(at, ""));
        return;
    }
    if let Err(detail) = schedule::check(schedule) {
        errors.push(Error::invalid(at, schedule, detail));
    }
    if schedule.contains("TZ") {
        let had_zone = old.is_some_and(|old| old.schedule.contains("TZ"));
        let detail = match (had_zone, &spec.time_zone) {
            (true, Some(_)) => "cannot use both timeZone field and TZ or CRON_TZ in schedule",
            (true, None) => return,
            (false, _) => "cannot use TZ or CRON_TZ in schedule, use timeZone field instead",
        };
        errors.push(Error::invalid(at, schedule, detail));
    }
}

fn job_template(template: &JobTemplateSpec, options: &Options, at: &At<'_>, errors: &mut ErrorList) {
    let Some(spec) = &template.spec else { return };
    let at = at.child("spec");
    job::spec_without_selector(spec, options, &at, errors);
    if let Some(selector) = &spec.selector {
        let shown = shown::label_selector(selector);
        errors.push(Error::invalid(&at.child("selector"), shown, "`selector` will be auto-generated"));
    }
    if spec.manual_selector == Some(true) {
        errors.push(Error::not_supported(&at.child("manualSelector"), true, &["nil", "false"]));
    }
}
