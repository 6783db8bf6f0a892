//! DaemonSets.
//!
//! The generation of the template, a field of its own in old versions, lives in an annotation.
//!
//! Upstream: `pkg/registry/apps/daemonset/strategy.go`, `pkg/apis/apps/validation`, `pkg/apis/apps/v1/conversion.go`.

use k8s_api::field::{Error, ErrorList};
use k8s_api::selector::Selector;
use k8s_api_kinds::labels::{has_invalid_values, validate_label_selector};
use k8s_api_kinds::{At, Facts, Strategy, canonical, count, internal, tidy};
use k8s_openapi::api::apps::v1::{
    DaemonSet as Object, DaemonSetSpec, DaemonSetStatus, DaemonSetUpdateStrategy, RollingUpdateDaemonSet,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::blank::{or_text, text};
use crate::checks::{Share, at_most_all, collision_count, is_zero, non_negatives, number_or_percent};
use crate::pod::validation::Options;
use crate::pod::warnings;
use crate::template;

const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

/// The strategy of DaemonSets.
#[derive(Clone, Copy, Debug, Default)]
pub struct DaemonSet;

impl Strategy for DaemonSet {
    type Object = Object;

    fn facts(&self) -> Facts {
        Facts::new()
    }

    fn default(&self, set: &mut Object) {
        canonical::meta(&mut set.metadata);
        let spec = set.spec.get_or_insert_default();
        tidy!(spec => min_ready_seconds);
        spec.revision_history_limit.get_or_insert(10);
        default_strategy(spec.update_strategy.get_or_insert_default());
        template::default_selector(&mut spec.selector);
        template::default(&mut spec.template);
        let status = set.status.get_or_insert_default();
        tidy!(status =>
            conditions, number_available, number_unavailable, observed_generation, updated_number_scheduled,
        );
    }

    fn prepare_for_create(&self, set: &mut Object) {
        set.status = Some(DaemonSetStatus::default());
        set.metadata.generation = Some(1);
        let generation = template_generation(&set.metadata).max(1);
        set_template_generation(&mut set.metadata, generation);
        if let Some(spec) = &mut set.spec {
            template::drop_fields(&mut spec.template, None);
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
        if let Some(spec) = &mut new.spec {
            template::drop_fields(&mut spec.template, old.spec.as_ref().map(|spec| &spec.template));
        }
        let template = |set: &Object| set.spec.as_ref().map(|spec| spec.template.clone());
        let generation = template_generation(&old.metadata) + i64::from(template(new) != template(old));
        set_template_generation(&mut new.metadata, generation);
        let changed = new.spec != old.spec;
        count(&mut new.metadata, &old.metadata, changed);
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        let mut errors = ErrorList::new();
        if let (Some(new), Some(old)) = (&new.spec, &old.spec) {
            template::same_selector(&new.selector, &old.selector, &mut errors);
            let mut options = template::options(Some(&old.template));
            options.invalid_selector_values |= has_invalid_values(Some(&old.selector));
            validate(new, &options, &mut errors);
        }
        errors
    }

    fn prepare_for_subresource_update(&self, _: &str, new: &mut Object, old: &Object) {
        new.spec.clone_from(&old.spec);
        set_template_generation(&mut new.metadata, template_generation(&old.metadata));
        count(&mut new.metadata, &old.metadata, false);
    }

    fn validate_subresource_update(&self, _: &str, new: &Object, old: &Object) -> ErrorList {
        let none = DaemonSetStatus::default();
        validate_status(new.status.as_ref().unwrap_or(&none), old.status.as_ref().unwrap_or(&none))
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        let same = |old: &Object| template_generation(&old.metadata) == template_generation(&new.metadata);
        match &new.spec {
            Some(spec) if !old.is_some_and(same) => {
                let at = At::new("spec");
                warnings::template(&spec.template, &at.child("template"))
            }
            _ => Vec::new(),
        }
    }

    fn field_labels(&self, _: &Object) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

fn template_generation(metadata: &ObjectMeta) -> i64 {
    let value = metadata.annotations.as_ref().and_then(|annotations| annotations.get(TEMPLATE_GENERATION));
    value.and_then(|value| value.parse().ok()).unwrap_or_default()
}

fn set_template_generation(metadata: &mut ObjectMeta, generation: i64) {
    let annotations = metadata.annotations.get_or_insert_default();
    annotations.insert(TEMPLATE_GENERATION.to_owned(), generation.to_string());
}

fn default_strategy(strategy: &mut DaemonSetUpdateStrategy) {
    or_text(&mut strategy.type_, "RollingUpdate");
    if text(&strategy.type_) == "RollingUpdate" {
        let rolling = strategy.rolling_update.get_or_insert_default();
        rolling.max_unavailable.get_or_insert(IntOrString::Int(1));
        rolling.max_surge.get_or_insert(IntOrString::Int(0));
    }
}

fn validate(spec: &DaemonSetSpec, options: &Options, errors: &mut ErrorList) {
    let at = At::new("spec");
    let selector = template::given(&spec.selector);
    errors.extend(validate_label_selector(selector, options.selectors(), &at.child("selector")));
    let place = at.child("template");
    if let Ok(selector) = Selector::of(selector) {
        template::selected(&selector, &spec.template, &place, errors);
    }
    if let Some(selector) = selector {
        template::not_empty(selector, "daemonset", &at.child("selector"), errors);
    }
    template::validate(&spec.template, options, &place, errors);
    template::runs_for_ever(&spec.template, "DaemonSet", &place, errors);
    non_negatives([("minReadySeconds", spec.min_ready_seconds.map(i64::from))], &at, errors);
    if let Some(strategy) = &spec.update_strategy {
        validate_strategy(strategy, &at.child("updateStrategy"), errors);
    }
    non_negatives([("revisionHistoryLimit", spec.revision_history_limit.map(i64::from))], &at, errors);
}

fn validate_strategy(strategy: &DaemonSetUpdateStrategy, at: &At<'_>, errors: &mut ErrorList) {
    let place = at.child("rollingUpdate");
    match (text(&strategy.type_), &strategy.rolling_update) {
        ("OnDelete", _) => {}
        ("RollingUpdate", Some(rolling)) => validate_rolling(rolling, &place, errors),
        ("RollingUpdate", None) => errors.push(Error::required(&place, "")),
        _ => {
            let shown = internal::show("DaemonSetUpdateStrategy", strategy);
            errors.push(Error::not_supported(at, shown, &["RollingUpdate", "OnDelete"]));
        }
    }
}

fn validate_rolling(rolling: &RollingUpdateDaemonSet, at: &At<'_>, errors: &mut ErrorList) {
    let zero = IntOrString::Int(0);
    let unavailable = rolling.max_unavailable.as_ref().unwrap_or(&zero);
    let surge = rolling.max_surge.as_ref().unwrap_or(&zero);
    let (unavailable_at, surge_at) = (at.child("maxUnavailable"), at.child("maxSurge"));
    number_or_percent(unavailable, &unavailable_at, errors);
    number_or_percent(surge, &surge_at, errors);
    at_most_all(unavailable, &unavailable_at, errors);
    at_most_all(surge, &surge_at, errors);
    match (is_zero(unavailable), is_zero(surge)) {
        (false, false) => {
            errors.push(Error::invalid(&surge_at, Share(surge), "may not be set when maxUnavailable is non-zero"));
        }
        (true, true) => errors.push(Error::required(&unavailable_at, "cannot be 0 when maxSurge is 0")),
        _ => {}
    }
}

fn validate_status(new: &DaemonSetStatus, old: &DaemonSetStatus) -> ErrorList {
    let (mut errors, at) = (ErrorList::new(), At::new("status"));
    non_negatives(
        [
            ("currentNumberScheduled", Some(new.current_number_scheduled.into())),
            ("numberMisscheduled", Some(new.number_misscheduled.into())),
            ("desiredNumberScheduled", Some(new.desired_number_scheduled.into())),
            ("numberReady", Some(new.number_ready.into())),
            ("observedGeneration", new.observed_generation),
            ("updatedNumberScheduled", new.updated_number_scheduled.map(i64::from)),
            ("numberAvailable", new.number_available.map(i64::from)),
            ("numberUnavailable", new.number_unavailable.map(i64::from)),
            ("collisionCount", new.collision_count.map(i64::from)),
        ],
        &at,
        &mut errors,
    );
    collision_count(new.collision_count, old.collision_count, &at, &mut errors);
    errors
}
