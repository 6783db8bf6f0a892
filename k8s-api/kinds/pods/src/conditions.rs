//! Conditions of the common form.
//!
//! Upstream: `ValidateConditions` in `k8s.io/apimachinery/pkg/apis/meta/v1/validation`.

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, labels, names};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

const MAX_REASON: usize = 1024;
const MAX_MESSAGE: usize = 32 * 1024;

pub(crate) fn validate(conditions: &[Condition], at: &At<'_>, errors: &mut ErrorList) {
    for (i, condition) in conditions.iter().enumerate() {
        let at = at.index(i);
        if conditions[..i].iter().any(|other| other.type_ == condition.type_) {
            errors.push(Error::duplicate(&at.child("type"), &condition.type_));
        }
        self::condition(condition, &at, errors);
    }
}

fn condition(condition: &Condition, at: &At<'_>, errors: &mut ErrorList) {
    errors.extend(labels::validate_label_name(&condition.type_, &at.child("type")));
    let known = ["False", "True", "Unknown"];
    if !known.contains(&condition.status.as_str()) {
        errors.push(Error::not_supported(&at.child("status"), &condition.status, &known));
    }
    if let Some(generation) = condition.observed_generation.filter(|generation| *generation < 0) {
        let detail = "must be greater than or equal to zero";
        errors.push(Error::invalid(&at.child("observedGeneration"), generation, detail));
    }
    let (reason, place) = (&condition.reason, at.child("reason"));
    if reason.is_empty() {
        errors.push(Error::required(&place, ""));
    } else {
        errors.extend(names::condition_reason(reason).into_iter().map(|m| Error::invalid(&place, reason, m)));
        if reason.len() > MAX_REASON {
            errors.push(Error::too_long(&place, MAX_REASON));
        }
    }
    if condition.message.len() > MAX_MESSAGE {
        errors.push(Error::too_long(&at.child("message"), MAX_MESSAGE));
    }
}
