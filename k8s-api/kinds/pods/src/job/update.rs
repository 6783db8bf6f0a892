//! What may change in a job: nearly nothing while it runs, its template while it waits.

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, internal, shown};
use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{Affinity, Container, PodTemplateSpec};

use super::{NAME_LABELS, UID_LABELS, is_indexed, status, validation};
use crate::template;
use k8s_api_kinds::labels::has_invalid_values;

const IMMUTABLE: &str = "field is immutable";

pub(super) fn validate(new: &Job, old: &Job) -> ErrorList {
    let (Some(spec), Some(old_spec)) = (&new.spec, &old.spec) else { return ErrorList::new() };
    let mut options = template::options(Some(&old_spec.template));
    options.invalid_selector_values |= has_invalid_values(old_spec.selector.as_ref());
    let labels = template::labels(&old_spec.template);
    let has = |label: &str| labels.is_some_and(|labels| labels.contains_key(label));
    let mut errors = validation::job(new, &options, has(NAME_LABELS[1]) && has(UID_LABELS[1]));
    validation::spec(spec, &options, &mut errors);
    completions(spec, old_spec, &mut errors);
    let at = At::new("spec");
    let mut fixed = |same: bool, field: &str, shown: shown::Literal| {
        if !same {
            errors.push(Error::invalid(&at.child(field), shown, IMMUTABLE));
        }
    };
    let selector = spec.selector.as_ref().map_or_else(null, shown::label_selector);
    fixed(spec.selector == old_spec.selector, "selector", selector);
    template_update(spec, old, old_spec, &at, &mut errors);
    let mut fixed = |same: bool, field: &str, shown: shown::Literal| {
        if !same {
            errors.push(Error::invalid(&at.child(field), shown, IMMUTABLE));
        }
    };
    let mode = &spec.completion_mode;
    fixed(*mode == old_spec.completion_mode, "completionMode", shown::json(mode));
    let policy = &spec.pod_failure_policy;
    let shown = policy.as_ref().map_or_else(null, |policy| internal::show("PodFailurePolicy", policy));
    fixed(*policy == old_spec.pod_failure_policy, "podFailurePolicy", shown);
    let limit = &spec.backoff_limit_per_index;
    fixed(*limit == old_spec.backoff_limit_per_index, "backoffLimitPerIndex", shown::json(limit));
    fixed(spec.managed_by == old_spec.managed_by, "managedBy", shown::json(&spec.managed_by));
    let policy = &spec.success_policy;
    let shown = policy.as_ref().map_or_else(null, |policy| internal::show("SuccessPolicy", policy));
    fixed(*policy == old_spec.success_policy, "successPolicy", shown);
    errors
}

fn null() -> shown::Literal {
    shown::Literal("null".to_owned())
}

/// An indexed job may grow and shrink in both its numbers at once.
fn completions(new: &JobSpec, old: &JobSpec, errors: &mut ErrorList) {
    if new.completions == old.completions {
        return;
    }
    let at = At::new("spec");
    let at = at.child("completions");
    if !is_indexed(new) {
        errors.push(Error::invalid(&at, shown::json(&new.completions), IMMUTABLE));
    } else if let Some(completions) = new.completions.filter(|_| new.completions != new.parallelism) {
        errors.push(Error::invalid(&at, completions, "can only be modified in tandem with spec.parallelism"));
    }
}

/// While a job is suspended and nothing of it runs, its template may still be adjusted.
fn template_update(new: &JobSpec, old_job: &Job, old: &JobSpec, at: &At<'_>, errors: &mut ErrorList) {
    let suspended = old.suspend == Some(true);
    let adjustable = suspended && status::nothing_runs(old_job);
    let mut expected = old.template.clone();
    if adjustable {
        take_scheduling(&mut expected, &new.template);
    }
    if !adjustable {
        if new.template != expected {
            let shown = internal::show("PodTemplateSpec", &new.template);
            errors.push(Error::invalid(&at.child("template"), shown, IMMUTABLE));
        }
        return;
    }
    let (Some(new), Some(mut expected)) = (new.template.spec.clone(), expected.spec) else { return };
    take_resources(&mut expected.containers, &new.containers);
    let init_containers = expected.init_containers.as_deref_mut().unwrap_or_default();
    take_resources(init_containers, new.init_containers.as_deref().unwrap_or_default());
    if new != expected {
        errors.push(Error::invalid(&at.child("template.spec"), internal::show("PodSpec", &new), IMMUTABLE));
    }
}

/// Allows what says where pods run.
fn take_scheduling(template: &mut PodTemplateSpec, new: &PodTemplateSpec) {
    let (metadata, new_metadata) =
        (template.metadata.get_or_insert_default(), new.metadata.clone().unwrap_or_default());
    metadata.annotations = new_metadata.annotations;
    metadata.labels = new_metadata.labels;
    let (Some(spec), Some(new)) = (&mut template.spec, &new.spec) else { return };
    match (&mut spec.affinity, &new.affinity) {
        (Some(old), None) => {
            old.node_affinity = None;
            spec.affinity.take_if(|affinity| *affinity == Affinity::default());
        }
        (Some(old), Some(new)) => old.node_affinity.clone_from(&new.node_affinity),
        (None, Some(new)) => {
            spec.affinity = Some(Affinity { node_affinity: new.node_affinity.clone(), ..Default::default() });
        }
        (None, None) => {}
    }
    spec.node_selector.clone_from(&new.node_selector);
    spec.tolerations.clone_from(&new.tolerations);
    spec.scheduling_gates.clone_from(&new.scheduling_gates);
}

/// Allows what says how much containers may use.
fn take_resources(old: &mut [Container], new: &[Container]) {
    if old.len() == new.len() {
        for (old, new) in old.iter_mut().zip(new).filter(|(old, new)| old.name == new.name) {
            old.resources.clone_from(&new.resources);
        }
    }
}
