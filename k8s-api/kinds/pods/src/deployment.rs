//! Deployments.
//!
//! Upstream: `pkg/registry/apps/deployment/strategy.go`, `pkg/apis/apps/validation`.

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, Facts, Strategy, canonical, count, internal, tidy};
use k8s_openapi::api::apps::v1::{
    Deployment as Object, DeploymentSpec, DeploymentStatus, DeploymentStrategy, RollingUpdateDeployment,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::blank::{or_text, text};
use crate::checks::{
    Share, at_most_all, collision_count, is_zero, non_negative, non_negatives, not_greater, number_or_percent,
};
use crate::pod::validation::Options;
use crate::pod::warnings;
use crate::template;

/// The strategy of Deployments.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deployment;

impl Strategy for Deployment {
    type Object = Object;

    fn facts(&self) -> Facts {
        Facts::new()
    }

    fn default(&self, deployment: &mut Object) {
        canonical::meta(&mut deployment.metadata);
        let spec = deployment.spec.get_or_insert_default();
        tidy!(spec => min_ready_seconds, paused);
        spec.replicas.get_or_insert(1);
        spec.revision_history_limit.get_or_insert(10);
        spec.progress_deadline_seconds.get_or_insert(600);
        default_strategy(spec.strategy.get_or_insert_default());
        template::default_selector(&mut spec.selector);
        template::default(&mut spec.template);
        let status = deployment.status.get_or_insert_default();
        tidy!(status =>
            available_replicas, conditions, observed_generation, ready_replicas, replicas, unavailable_replicas,
            updated_replicas,
        );
    }

    fn prepare_for_create(&self, deployment: &mut Object) {
        deployment.status = Some(DeploymentStatus::default());
        deployment.metadata.generation = Some(1);
        if let Some(spec) = &mut deployment.spec {
            template::drop_fields(&mut spec.template, None);
        }
    }

    fn validate_create(&self, deployment: &Object) -> ErrorList {
        let mut errors = ErrorList::new();
        if let Some(spec) = &deployment.spec {
            validate(spec, &template::options(None), &mut errors);
        }
        errors
    }

    fn prepare_for_update(&self, new: &mut Object, old: &Object) {
        new.status.clone_from(&old.status);
        if let Some(spec) = &mut new.spec {
            template::drop_fields(&mut spec.template, old.spec.as_ref().map(|spec| &spec.template));
        }
        let changed = new.spec != old.spec || new.metadata.annotations != old.metadata.annotations;
        count(&mut new.metadata, &old.metadata, changed);
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        let mut errors = ErrorList::new();
        if let (Some(new), Some(old)) = (&new.spec, &old.spec) {
            validate(new, &template::options(Some(&old.template)), &mut errors);
            template::same_selector(&new.selector, &old.selector, &mut errors);
        }
        errors
    }

    fn prepare_for_subresource_update(&self, _: &str, new: &mut Object, old: &Object) {
        new.spec.clone_from(&old.spec);
        new.metadata.labels.clone_from(&old.metadata.labels);
        count(&mut new.metadata, &old.metadata, false);
    }

    fn validate_subresource_update(&self, _: &str, new: &Object, old: &Object) -> ErrorList {
        let none = DeploymentStatus::default();
        let (new, old) = (new.status.as_ref().unwrap_or(&none), old.status.as_ref().unwrap_or(&none));
        validate_status(new, old)
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        of_template(&new.metadata, old.map(|old| &old.metadata), new.spec.as_ref().map(|spec| &spec.template))
    }

    fn field_labels(&self, _: &Object) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// Warnings of a kind that gives its name and its template to pods.
pub(crate) fn of_template(
    new: &k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta,
    old: Option<&k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta>,
    template: Option<&k8s_openapi::api::core::v1::PodTemplateSpec>,
) -> Vec<String> {
    let mut all = Vec::new();
    match old {
        None => all.extend(warnings::name("Pod names and hostnames", new.name.as_deref().unwrap_or_default())),
        Some(old) if old.generation == new.generation => return all,
        Some(_) => {}
    }
    if let Some(template) = template {
        let at = At::new("spec");
        all.extend(warnings::template(template, &at.child("template")));
    }
    all
}

fn default_strategy(strategy: &mut DeploymentStrategy) {
    or_text(&mut strategy.type_, "RollingUpdate");
    if text(&strategy.type_) == "RollingUpdate" {
        let quarter = || IntOrString::String("25%".to_owned());
        let rolling = strategy.rolling_update.get_or_insert_default();
        rolling.max_unavailable.get_or_insert_with(quarter);
        rolling.max_surge.get_or_insert_with(quarter);
    }
}

fn validate(spec: &DeploymentSpec, options: &Options, errors: &mut ErrorList) {
    let at = At::new("spec");
    let replicas = spec.replicas.unwrap_or_default();
    non_negative(replicas.into(), &at.child("replicas"), errors);
    let selector = template::given(&spec.selector);
    let (place, kind) = (at.child("selector"), "deployment");
    if let Some(selector) = template::required_selector(selector, kind, "invalid label selector", &place, errors) {
        let at = at.child("template");
        if !selector.is_everything() {
            template::selected(&selector, &spec.template, &at, errors);
        }
        template::validate(&spec.template, options, &at, errors);
        template::runs_for_ever(&spec.template, "ReplicaSet", &at, errors);
    }
    if let Some(strategy) = &spec.strategy {
        validate_strategy(strategy, &at.child("strategy"), errors);
    }
    let ready = spec.min_ready_seconds.unwrap_or_default();
    non_negative(ready.into(), &at.child("minReadySeconds"), errors);
    non_negatives([("revisionHistoryLimit", spec.revision_history_limit.map(Into::into))], &at, errors);
    if let Some(seconds) = spec.progress_deadline_seconds {
        let at = at.child("progressDeadlineSeconds");
        non_negative(seconds.into(), &at, errors);
        if seconds <= ready {
            errors.push(Error::invalid(&at, seconds, "must be greater than minReadySeconds"));
        }
    }
}

fn validate_strategy(strategy: &DeploymentStrategy, at: &At<'_>, errors: &mut ErrorList) {
    let place = at.child("rollingUpdate");
    match (text(&strategy.type_), &strategy.rolling_update) {
        ("Recreate", Some(_)) => {
            errors.push(Error::forbidden(&place, "may not be specified when strategy `type` is 'Recreate'"));
        }
        ("Recreate", None) => {}
        ("RollingUpdate", Some(rolling)) => validate_rolling(rolling, &place, errors),
        ("RollingUpdate", None) => {
            errors.push(Error::required(&place, "this should be defaulted and never be nil"));
        }
        _ => {
            let shown = internal::show("DeploymentStrategy", strategy);
            errors.push(Error::not_supported(at, shown, &["Recreate", "RollingUpdate"]));
        }
    }
}

fn validate_rolling(rolling: &RollingUpdateDeployment, at: &At<'_>, errors: &mut ErrorList) {
    let zero = IntOrString::Int(0);
    let unavailable = rolling.max_unavailable.as_ref().unwrap_or(&zero);
    let surge = rolling.max_surge.as_ref().unwrap_or(&zero);
    let place = at.child("maxUnavailable");
    number_or_percent(unavailable, &place, errors);
    number_or_percent(surge, &at.child("maxSurge"), errors);
    if is_zero(unavailable) && is_zero(surge) {
        errors.push(Error::invalid(&place, Share(unavailable), "may not be 0 when `maxSurge` is 0"));
    }
    at_most_all(unavailable, &place, errors);
}

fn validate_status(new: &DeploymentStatus, old: &DeploymentStatus) -> ErrorList {
    let (mut errors, at) = (ErrorList::new(), At::new("status"));
    let wide = |count: Option<i32>| count.map(i64::from);
    non_negatives(
        [
            ("observedGeneration", new.observed_generation),
            ("replicas", wide(new.replicas)),
            ("updatedReplicas", wide(new.updated_replicas)),
            ("readyReplicas", wide(new.ready_replicas)),
            ("availableReplicas", wide(new.available_replicas)),
            ("unavailableReplicas", wide(new.unavailable_replicas)),
            ("terminatingReplicas", wide(new.terminating_replicas)),
            ("collisionCount", wide(new.collision_count)),
        ],
        &at,
        &mut errors,
    );
    let detail = "cannot be greater than status.replicas";
    not_greater(
        [
            ("updatedReplicas", new.updated_replicas, new.replicas, detail),
            ("readyReplicas", new.ready_replicas, new.replicas, detail),
            ("availableReplicas", new.available_replicas, new.replicas, detail),
            ("availableReplicas", new.available_replicas, new.ready_replicas, "cannot be greater than readyReplicas"),
        ],
        &at,
        &mut errors,
    );
    collision_count(new.collision_count, old.collision_count, &at, &mut errors);
    errors
}
