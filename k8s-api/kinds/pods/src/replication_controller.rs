//! ReplicationControllers.
//!
//! Upstream: `pkg/registry/core/replicationcontroller/strategy.go`, `pkg/apis/core/validation`.

use k8s_api::field::{Error, ErrorList};
use k8s_api::selector::Selector;
use k8s_api_kinds::{At, Facts, Strategy, canonical, count, tidy};
use k8s_openapi::api::core::v1::{
    ReplicationController as Object, ReplicationControllerSpec, ReplicationControllerStatus,
};

use crate::checks::{non_negatives, not_greater};
use crate::deployment::of_template;
use crate::pod::validation::Options;
use crate::template;

/// The strategy of ReplicationControllers.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReplicationController;

impl Strategy for ReplicationController {
    type Object = Object;

    fn facts(&self) -> Facts {
        Facts { field_labels: &["status.replicas"], orphans_by_default: true, ..Facts::new() }
    }

    fn default(&self, controller: &mut Object) {
        canonical::meta(&mut controller.metadata);
        let spec = controller.spec.get_or_insert_default();
        tidy!(spec => min_ready_seconds, selector);
        spec.replicas.get_or_insert(1);
        if let Some(template) = &mut spec.template {
            template::default(template);
            if let Some(labels) = template::labels(template) {
                spec.selector.get_or_insert_with(|| labels.clone());
                controller.metadata.labels.get_or_insert_with(|| labels.clone());
            }
        }
        let status = controller.status.get_or_insert_default();
        tidy!(status => available_replicas, conditions, fully_labeled_replicas, observed_generation, ready_replicas);
    }

    fn prepare_for_create(&self, controller: &mut Object) {
        controller.status = Some(ReplicationControllerStatus::default());
        controller.metadata.generation = Some(1);
        if let Some(template) = controller.spec.as_mut().and_then(|spec| spec.template.as_mut()) {
            template::drop_fields(template, None);
        }
    }

    fn validate_create(&self, controller: &Object) -> ErrorList {
        let mut errors = ErrorList::new();
        if let Some(spec) = &controller.spec {
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

    fn field_labels(&self, controller: &Object) -> Vec<(&'static str, String)> {
        let replicas = controller.status.as_ref().map_or(0, |status| status.replicas);
        vec![("status.replicas", replicas.to_string())]
    }
}

fn validate(spec: &ReplicationControllerSpec, options: &Options, errors: &mut ErrorList) {
    let at = At::new("spec");
    non_negatives([("minReadySeconds", spec.min_ready_seconds.map(i64::from))], &at, errors);
    let selector = spec.selector.as_ref().map(Selector::of_map).filter(|selector| !selector.is_everything());
    if selector.is_none() {
        errors.push(Error::required(&at.child("selector"), ""));
    }
    non_negatives([("replicas", spec.replicas.map(i64::from))], &at, errors);
    let at = at.child("template");
    let Some(template) = &spec.template else {
        errors.push(Error::required(&at, ""));
        return;
    };
    if let Some(selector) = &selector {
        template::selected(selector, template, &at, errors);
    }
    template::validate(template, options, &at, errors);
    template::runs_for_ever(template, "ReplicationController", &at, errors);
}

fn validate_status(status: &ReplicationControllerStatus) -> ErrorList {
    let (mut errors, at) = (ErrorList::new(), At::new("status"));
    let wide = |count: Option<i32>| count.map(i64::from);
    non_negatives(
        [
            ("replicas", Some(status.replicas.into())),
            ("fullyLabeledReplicas", wide(status.fully_labeled_replicas)),
            ("readyReplicas", wide(status.ready_replicas)),
            ("availableReplicas", wide(status.available_replicas)),
            ("observedGeneration", status.observed_generation),
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
