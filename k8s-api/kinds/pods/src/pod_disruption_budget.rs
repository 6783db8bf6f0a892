//! PodDisruptionBudgets.
//!
//! Upstream: `pkg/registry/policy/poddisruptionbudget/strategy.go`, `pkg/apis/policy/validation`.

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::labels::{SelectorOptions, validate_label_selector};
use k8s_api_kinds::{At, Facts, Strategy, canonical, count, internal, tidy};
use k8s_openapi::api::policy::v1::{PodDisruptionBudget as Object, PodDisruptionBudgetSpec, PodDisruptionBudgetStatus};

use crate::checks::{at_most_all, non_negatives, number_or_percent};
use crate::conditions;
use crate::pod::defaults;

/// The strategy of PodDisruptionBudgets.
#[derive(Clone, Copy, Debug, Default)]
pub struct PodDisruptionBudget;

impl Strategy for PodDisruptionBudget {
    type Object = Object;

    fn facts(&self) -> Facts {
        Facts { unconditional_update: false, ..Facts::new() }
    }

    fn default(&self, budget: &mut Object) {
        canonical::meta(&mut budget.metadata);
        budget.spec.get_or_insert_default().selector.iter_mut().for_each(defaults::selector);
        let status = written(&mut budget.status);
        tidy!(status => conditions, disrupted_pods, observed_generation);
    }

    fn prepare_for_create(&self, budget: &mut Object) {
        budget.status = None;
        written(&mut budget.status);
        budget.metadata.generation = Some(1);
    }

    fn validate_create(&self, budget: &Object) -> ErrorList {
        budget.spec.as_ref().map(|spec| validate(spec, SelectorOptions::default())).unwrap_or_default()
    }

    fn prepare_for_update(&self, new: &mut Object, old: &Object) {
        new.status.clone_from(&old.status);
        let changed = new.spec != old.spec;
        count(&mut new.metadata, &old.metadata, changed);
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        let selector = old.spec.as_ref().and_then(|spec| spec.selector.as_ref());
        let invalid = !validate_label_selector(selector, SelectorOptions::default(), &"").is_empty();
        let options = SelectorOptions { allow_invalid_values: invalid, ..Default::default() };
        new.spec.as_ref().map(|spec| validate(spec, options)).unwrap_or_default()
    }

    fn prepare_for_subresource_update(&self, _: &str, new: &mut Object, old: &Object) {
        new.spec.clone_from(&old.spec);
        count(&mut new.metadata, &old.metadata, false);
    }

    fn validate_subresource_update(&self, _: &str, new: &Object, _: &Object) -> ErrorList {
        let (mut errors, at) = (ErrorList::new(), At::new("status"));
        let Some(status) = &new.status else { return errors };
        conditions::validate(status.conditions.as_deref().unwrap_or_default(), &at.child("conditions"), &mut errors);
        let counts = [
            ("disruptionsAllowed", status.disruptions_allowed.map(i64::from)),
            ("currentHealthy", status.current_healthy.map(i64::from)),
            ("desiredHealthy", status.desired_healthy.map(i64::from)),
            ("expectedPods", status.expected_pods.map(i64::from)),
        ];
        non_negatives(counts, &at, &mut errors);
        errors
    }

    fn warnings(&self, _: &Object, _: Option<&Object>) -> Vec<String> {
        Vec::new()
    }

    fn field_labels(&self, _: &Object) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// A status whose counts are there: upstream writes them even when they are zero.
fn written(status: &mut Option<PodDisruptionBudgetStatus>) -> &mut PodDisruptionBudgetStatus {
    let status = status.get_or_insert_default();
    status.disruptions_allowed.get_or_insert(0);
    status.current_healthy.get_or_insert(0);
    status.desired_healthy.get_or_insert(0);
    status.expected_pods.get_or_insert(0);
    status
}

fn validate(spec: &PodDisruptionBudgetSpec, options: SelectorOptions) -> ErrorList {
    let (mut errors, at) = (ErrorList::new(), At::new("spec"));
    if spec.min_available.is_some() && spec.max_unavailable.is_some() {
        let shown = internal::show("PodDisruptionBudgetSpec", spec);
        errors.push(Error::invalid(&at, shown, "minAvailable and maxUnavailable cannot be both set"));
    }
    for (share, field) in [(&spec.min_available, "minAvailable"), (&spec.max_unavailable, "maxUnavailable")] {
        if let Some(share) = share {
            number_or_percent(share, &at.child(field), &mut errors);
            at_most_all(share, &at.child(field), &mut errors);
        }
    }
    errors.extend(validate_label_selector(spec.selector.as_ref(), options, &at.child("selector")));
    if let Some(policy) = &spec.unhealthy_pod_eviction_policy {
        let policies = ["AlwaysAllow", "IfHealthyBudget"];
        if !policies.contains(&policy.as_str()) {
            errors.push(Error::not_supported(&at.child("unhealthyPodEvictionPolicy"), policy, &policies));
        }
    }
    errors
}
