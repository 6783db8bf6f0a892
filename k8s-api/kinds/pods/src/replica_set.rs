//! ReplicaSets.
//!
//! Upstream: `pkg/registry/apps/replicaset/strategy.go`, `pkg/apis/apps/validation`.

use k8s_api::field::ErrorList;
use k8s_api_kinds::{At, Facts, Strategy, canonical, count, tidy};
use k8s_openapi::api::apps::v1::{ReplicaSet as Object, ReplicaSetSpec, ReplicaSetStatus};

use crate::checks::{non_negatives, not_greater};
use crate::deployment::of_template;
use crate::pod::validation::Options;
use crate::template;

/// The strategy of ReplicaSets.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReplicaSet;

impl Strategy for ReplicaSet {
    type Object = Object;

    fn facts(&self) -> Facts {
        Facts { field_labels: &["status.replicas"], ..Facts::new() }
    }

    fn default(&self, set: &mut Object) {
        canonical::meta(&mut set.metadata);
        let spec = set.spec.get_or_insert_default();
        tidy!(spec => min_ready_seconds);
        spec.replicas.get_or_insert(1);
        template::default_selector(&mut spec.selector);
        template::default(spec.template.get_or_insert_default());
        let status = set.status.get_or_insert_default();
        tidy!(status => available_replicas, conditions, fully_labeled_replicas, observed_generation, ready_replicas);
    }

    fn prepare_for_create(&self, set: &mut Object) {
        set.status = Some(ReplicaSetStatus::default());
        set.metadata.generation = Some(1);
        if let Some(template) = set.spec.as_mut().and_then(|spec| spec.template.as_mut()) {
            template::drop_fields(template, None);
        }
    }

    fn validate_create(&self, set: &Object) -> ErrorList {
        let mut errors = ErrorList::new();
        if let Some(spec) = &set.spec {
            validate(spec, &template::options(None), &mut errors);
        }
        errors
    }

    fn prepare_for_update(&self, new: &mut Object, old: &Object) {
        new.status.clone_from(&old.status);
        if let Some(template) = new.spec.as_mut().and_then(|spec| spec.template.as_mut()) {
            template::drop_fields(template, old.spec.as_ref().and_then(|spec| spec.template.as_ref()));
        }
        let changed = new.spec != old.spec;
        count(&mut new.metadata, &old.metadata, changed);
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        let mut errors = ErrorList::new();
        if let (Some(new), Some(old)) = (&new.spec, &old.spec) {
            validate(new, &template::options(old.template.as_ref()), &mut errors);
            template::same_selector(&new.selector, &old.selector, &mut errors);
        }
        errors
    }

    fn prepare_for_subresource_update(&self, _: &str, new: &mut Object, old: &Object) {
        new.spec.clone_from(&old.spec);
        count(&mut new.metadata, &old.metadata, false);
    }

    fn validate_subresource_update(&self, _: &str, new: &Object, _: &Object) -> ErrorList {
        new.status.as_ref().map(validate_status).unwrap_or_default()
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        let template = new.spec.as_ref().and_then(|spec| spec.template.as_ref());
        of_template(&new.metadata, old.map(|old| &old.metadata), template)
    }

    fn field_labels(&self, set: &Object) -> Vec<(&'static str, String)> {
        vec![("status.replicas", set.status.as_ref().map_or(0, |status| status.replicas).to_string())]
    }
}

fn validate(spec: &ReplicaSetSpec, options: &Options, errors: &mut ErrorList) {
    let at = At::new("spec");
    let counts =
        [("replicas", spec.replicas.map(i64::from)), ("minReadySeconds", spec.min_ready_seconds.map(i64::from))];
    non_negatives(counts, &at, errors);
    let selector = template::given(&spec.selector);
    let (place, kind) = (at.child("selector"), "deployment");
    let parsed = template::required_selector(selector, kind, "invalid label selector", &place, errors);
    if let (Some(selector), Some(template)) = (parsed, &spec.template) {
        let at = at.child("template");
        if !selector.is_everything() {
            template::selected(&selector, template, &at, errors);
        }
        template::validate(template, options, &at, errors);
        template::runs_for_ever(template, "ReplicaSet", &at, errors);
    }
}

fn validate_status(status: &ReplicaSetStatus) -> ErrorList {
    let (mut errors, at) = (ErrorList::new(), At::new("status"));
    let wide = |count: Option<i32>| count.map(i64::from);
    non_negatives(
        [
            ("replicas", Some(status.replicas.into())),
            ("fullyLabeledReplicas", wide(status.fully_labeled_replicas)),
            ("readyReplicas", wide(status.ready_replicas)),
            ("availableReplicas", wide(status.available_replicas)),
            ("observedGeneration", status.observed_generation),
            ("terminatingReplicas", wide(status.terminating_replicas)),
        ],
        &at,
        &mut errors,
    );
    let (all, detail) = (Some(status.replicas), "cannot be greater than status.replicas");
    let ready = "cannot be greater than readyReplicas";
    not_greater(
        [
            ("fullyLabeledReplicas", status.fully_labeled_replicas, all, detail),
            ("readyReplicas", status.ready_replicas, all, detail),
            ("availableReplicas", status.available_replicas, all, detail),
            ("availableReplicas", status.available_replicas, status.ready_replicas, ready),
        ],
        &at,
        &mut errors,
    );
    errors
}
