//! When a job has succeeded before all its pods have.

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::At;
use k8s_openapi::api::batch::v1::{SuccessPolicy, SuccessPolicyRule};

use super::indexes;

const MAX_RULES: usize = 20;
const MAX_INDEXES_TEXT: usize = 64 * 1024;

pub(super) fn policy(policy: &SuccessPolicy, completions: i32, at: &At<'_>, errors: &mut ErrorList) {
    let at = at.child("rules");
    if policy.rules.is_empty() {
        let detail = "at least one rules must be specified when the successPolicy is specified";
        errors.push(Error::required(&at, detail));
    }
    if policy.rules.len() > MAX_RULES {
        errors.push(Error::too_many(&at, policy.rules.len(), MAX_RULES));
    }
    for (i, rule) in policy.rules.iter().enumerate() {
        self::rule(rule, completions, &at.index(i), errors);
    }
}

fn rule(rule: &SuccessPolicyRule, completions: i32, at: &At<'_>, errors: &mut ErrorList) {
    if rule.succeeded_count.is_none() && rule.succeeded_indexes.is_none() {
        let detail = "at least one of succeededCount or succeededIndexes must be specified";
        errors.push(Error::required(at, detail));
    }
    let mut total = 0;
    if let Some(text) = &rule.succeeded_indexes {
        let at = at.child("succeededIndexes");
        if text.len() > MAX_INDEXES_TEXT {
            errors.push(Error::too_long(&at, MAX_INDEXES_TEXT));
        }
        match indexes::count(text, completions) {
            Ok(count) => total = count,
            Err(detail) => {
                errors.push(Error::invalid(&at, text, format!("error parsing succeededIndexes: {detail}")));
            }
        }
    }
    let Some(count) = rule.succeeded_count else { return };
    let at = at.child("succeededCount");
    crate::checks::non_negative(count.into(), &at, errors);
    if count > completions {
        let detail = format!("must be less than or equal to {completions} (the number of specified completions)");
        errors.push(Error::invalid(&at, count, detail));
    }
    if rule.succeeded_indexes.is_some() && count > total {
        let detail = format!(
            "must be less than or equal to {total} (the number of indexes in the specified succeededIndexes field)"
        );
        errors.push(Error::invalid(&at, count, detail));
    }
}
