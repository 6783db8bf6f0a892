//! Jobs.
//!
//! Upstream: `pkg/registry/batch/job/strategy.go`, `pkg/apis/batch/v1/defaults.go`.

mod failure;
mod indexes;
mod status;
mod success;
mod update;
mod validation;

use std::collections::BTreeMap;

use k8s_api::field::ErrorList;
use k8s_api_kinds::{At, Facts, Strategy, canonical, count, tidy};
use k8s_openapi::api::batch::v1::{Job as Object, JobSpec, JobStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::blank::{items_mut, or_text};
use crate::pod::{defaults, warnings};
use crate::template;

pub(crate) use validation::spec_without_selector;

/// The labels by which the pods of a job are found, as old releases named them and as they are named now.
const NAME_LABELS: [&str; 2] = ["job-name", "batch.kubernetes.io/job-name"];
const UID_LABELS: [&str; 2] = ["controller-uid", "batch.kubernetes.io/controller-uid"];

/// The strategy of Jobs.
///
/// The selector of a new job is made from its uid, which must be set before [`Strategy::prepare_for_create`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Job;

impl Strategy for Job {
    type Object = Object;

    fn facts(&self) -> Facts {
        Facts { field_labels: &["status.successful"], orphans_by_default: true, ..Facts::new() }
    }

    fn default(&self, job: &mut Object) {
        canonical::meta(&mut job.metadata);
        let spec = job.spec.get_or_insert_default();
        default_parts(spec);
        default_spec(spec);
        let status = job.status.get_or_insert_default();
        tidy!(status => active, completed_indexes, conditions, failed, succeeded);
    }

    fn prepare_for_create(&self, job: &mut Object) {
        job.status = Some(JobStatus::default());
        job.metadata.generation = Some(1);
        let Some(spec) = &mut job.spec else { return };
        if spec.manual_selector != Some(true) {
            generate_selector(spec, &job.metadata);
        }
        template::drop_fields(&mut spec.template, None);
        label_like_pods(&mut job.metadata, spec);
    }

    fn validate_create(&self, job: &Object) -> ErrorList {
        validation::job(job, &template::options(None), true)
    }

    fn prepare_for_update(&self, new: &mut Object, old: &Object) {
        new.status.clone_from(&old.status);
        if let Some(spec) = &mut new.spec {
            template::drop_fields(&mut spec.template, old.spec.as_ref().map(|spec| &spec.template));
            label_like_pods(&mut new.metadata, spec);
        }
        let changed = new.spec != old.spec;
        count(&mut new.metadata, &old.metadata, changed);
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        update::validate(new, old)
    }

    fn prepare_for_subresource_update(&self, _: &str, new: &mut Object, old: &Object) {
        new.spec.clone_from(&old.spec);
        count(&mut new.metadata, &old.metadata, false);
    }

    fn validate_subresource_update(&self, _: &str, new: &Object, old: &Object) -> ErrorList {
        status::validate(new, old)
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        let mut all = Vec::new();
        match old {
            None => {
                let name = new.metadata.name.as_deref().unwrap_or_default();
                all.extend(warnings::name("Pod names and hostnames", name));
            }
            Some(old) if old.metadata.generation == new.metadata.generation => return all,
            Some(_) => {}
        }
        if let Some(spec) = &new.spec {
            spec_warnings(spec, &At::new("spec"), &mut all);
        }
        all
    }

    fn field_labels(&self, job: &Object) -> Vec<(&'static str, String)> {
        let succeeded = job.status.as_ref().and_then(|status| status.succeeded).unwrap_or_default();
        vec![("status.successful", succeeded.to_string())]
    }
}

/// Warnings about a job's spec, wherever it stands.
pub(crate) fn spec_warnings(spec: &JobSpec, at: &At<'_>, all: &mut Vec<String>) {
    let many = spec.completions.unwrap_or_default() > 100_000 && spec.parallelism.unwrap_or_default() > 10_000;
    if is_indexed(spec) && many {
        all.push(format!(
            "{at}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, \
             Kubernetes might not be able to track completedIndexes when a big number of indexes fail"
        ));
    }
    all.extend(warnings::template(&spec.template, &at.child("template")));
}

/// Whether the completions of a job are told apart by an index.
fn is_indexed(spec: &JobSpec) -> bool {
    spec.completion_mode.as_deref() == Some("Indexed")
}

/// Defaults of the parts of a job's spec, which a CronJob's template has as well.
pub(crate) fn default_parts(spec: &mut JobSpec) {
    template::default(&mut spec.template);
    spec.selector.iter_mut().for_each(defaults::selector);
    for rule in spec.pod_failure_policy.iter_mut().flat_map(|policy| &mut policy.rules) {
        for pattern in items_mut(&mut rule.on_pod_conditions) {
            or_text(&mut pattern.status, "True");
        }
    }
}

fn default_spec(spec: &mut JobSpec) {
    if spec.completions.is_none() && spec.parallelism.is_none() {
        spec.completions = Some(1);
    }
    spec.parallelism.get_or_insert(1);
    let limit = if spec.backoff_limit_per_index.is_some() { i32::MAX } else { 6 };
    spec.backoff_limit.get_or_insert(limit);
    spec.completion_mode.get_or_insert_with(|| "NonIndexed".to_owned());
    spec.suspend.get_or_insert(false);
    let policy = if spec.pod_failure_policy.is_some() { "Failed" } else { "TerminatingOrFailed" };
    spec.pod_replacement_policy.get_or_insert_with(|| policy.to_owned());
    spec.manual_selector.get_or_insert(false);
}

/// A job without labels of its own has those of its pods, the generated ones among them.
fn label_like_pods(metadata: &mut ObjectMeta, spec: &JobSpec) {
    if metadata.labels.is_none() {
        metadata.labels = template::labels(&spec.template).cloned();
    }
}

/// Gives the pods of a job labels of its own and the job a selector for them.
fn generate_selector(spec: &mut JobSpec, metadata: &ObjectMeta) {
    let name = metadata.name.clone().unwrap_or_default();
    let uid = metadata.uid.clone().unwrap_or_default();
    let labels = spec.template.metadata.get_or_insert_default().labels.get_or_insert_default();
    for label in NAME_LABELS {
        labels.entry(label.to_owned()).or_insert_with(|| name.clone());
    }
    for label in UID_LABELS {
        labels.entry(label.to_owned()).or_insert_with(|| uid.clone());
    }
    let selector = spec.selector.get_or_insert_default();
    let labels = selector.match_labels.get_or_insert_with(BTreeMap::new);
    labels.entry(UID_LABELS[1].to_owned()).or_insert(uid);
}
