use std::fmt::Write;

use k8s_ctrl::Error;
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector, Time};

use super::Disrupted;

const DISRUPTION_ALLOWED: &str = "DisruptionAllowed";

/// What a budget counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counts {
    pub(super) expected: i32,
    pub(super) desired_healthy: i32,
    pub(super) current_healthy: i32,
}

/// The status of a budget.
pub(super) fn calculate(
    budget: &PodDisruptionBudget,
    counts: Counts,
    disrupted: Disrupted,
    now: Time,
) -> PodDisruptionBudgetStatus {
    let spare = (counts.current_healthy - counts.desired_healthy).max(0);
    // A budget without pods allows nothing, so that the first ones are safe until they are counted.
    let allowed = if counts.expected > 0 { spare } else { 0 };
    let mut status = PodDisruptionBudgetStatus {
        current_healthy: Some(counts.current_healthy),
        desired_healthy: Some(counts.desired_healthy),
        expected_pods: Some(counts.expected),
        disruptions_allowed: Some(allowed),
        disrupted_pods: (!disrupted.is_empty()).then_some(disrupted),
        observed_generation: budget.metadata.generation,
        conditions: budget.status.as_ref().and_then(|status| status.conditions.clone()),
    };
    let (is, reason) = if allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
    tell(&mut status, is, reason, String::new(), now);
    status
}

/// The status of a budget that could not be calculated: whatever it was, nothing may be evicted.
pub(super) fn failed(budget: &PodDisruptionBudget, error: &Error, now: Time) -> PodDisruptionBudgetStatus {
    let mut status = budget.status.clone().unwrap_or_default();
    status.disruptions_allowed = Some(0);
    tell(&mut status, "False", "SyncFailed", error.to_string(), now);
    status
}

fn tell(status: &mut PodDisruptionBudgetStatus, is: &str, reason: &str, message: String, now: Time) {
    let observed_generation = status.observed_generation;
    let conditions = status.conditions.get_or_insert_default();
    let place = conditions.iter().position(|condition| condition.type_ == DISRUPTION_ALLOWED);
    let before = place.map(|place| &conditions[place]).filter(|before| before.status == is);
    let condition = Condition {
        last_transition_time: before.map_or(now, |before| before.last_transition_time.clone()),
        message,
        observed_generation,
        reason: reason.to_owned(),
        status: is.to_owned(),
        type_: DISRUPTION_ALLOWED.to_owned(),
    };
    match place {
        Some(place) => conditions[place] = condition,
        None => conditions.push(condition),
    }
}

/// A selector as Go prints it.
pub(super) fn selector_text(selector: Option<&LabelSelector>) -> String {
    let Some(selector) = selector else { return "nil".to_owned() };
    let mut text = "&LabelSelector{MatchLabels:map[string]string{".to_owned();
    for (key, value) in selector.match_labels.iter().flatten() {
        let _ = write!(text, "{key}: {value},");
    }
    text.push_str("},MatchExpressions:[]LabelSelectorRequirement{");
    for part in selector.match_expressions.iter().flatten() {
        let values = part.values.as_deref().unwrap_or_default().join(" ");
        let _ =
            write!(text, "LabelSelectorRequirement{{Key:{},Operator:{},Values:[{values}],}},", part.key, part.operator);
    }
    text.push_str("},}");
    text
}
