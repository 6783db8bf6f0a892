//! Controller revisions: what a workload once was.
//!
//! Upstream: `pkg/apis/apps/validation`.

use k8s_api::DynamicObject;
use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::Rules;

use crate::trees::{field, fixed};

pub(crate) struct ControllerRevisions;

impl Rules for ControllerRevisions {
    fn validate(&self, revision: &DynamicObject) -> ErrorList {
        let mut errors = not_negative(revision);
        let data = field(revision, "data");
        if data.is_none() {
            errors.push(Error::required("data", "data is mandatory"));
        } else if !data.value().is_object() {
            errors.push(Error::required("data", "data must be a valid JSON object"));
        }
        errors
    }

    fn validate_update(&self, new: &DynamicObject, old: &DynamicObject) -> ErrorList {
        let mut errors = not_negative(new);
        fixed(&mut errors, &"data", field(new, "data"), field(old, "data"));
        errors
    }
}

fn not_negative(revision: &DynamicObject) -> ErrorList {
    let number = field(revision, "revision").int().filter(|number| *number < 0);
    number.map(|number| Error::invalid("revision", number, "must be greater than or equal to 0")).into_iter().collect()
}
