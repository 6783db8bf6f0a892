//! Runtime classes.
//!
//! Upstream: `pkg/apis/node`.

use k8s_api::DynamicObject;
use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::labels::validate_labels;
use k8s_api_kinds::{At, Rules};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use crate::checks::dns_label;
use crate::resources::{validate_name, validate_value};
use crate::trees::{field, fixed, listed, required};

pub(crate) struct RuntimeClasses;

impl Rules for RuntimeClasses {
    fn validate(&self, class: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        let handler = field(class, "handler").text();
        if required(&mut errors, &"handler", handler) {
            dns_label(&mut errors, &"handler", handler);
        }
        let overhead = At::new("overhead");
        // Upstream checks it as the limits of a container.
        let at = overhead.child("limits");
        for (name, amount) in field(class, "overhead").get("podFixed").entries() {
            let at = at.key(name);
            validate_name(&mut errors, &at, name);
            validate_value(&mut errors, &at, name, &Quantity(amount.text().to_owned()));
        }
        scheduling(&mut errors, class);
        errors
    }

    fn validate_update(&self, new: &DynamicObject, old: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        fixed(&mut errors, &"handler", field(new, "handler"), field(old, "handler"));
        errors
    }
}

fn scheduling(errors: &mut ErrorList, class: &DynamicObject) {
    let scheduling = field(class, "scheduling");
    let at = At::new("scheduling");
    if let Ok(labels) = serde_json::from_value(scheduling.get("nodeSelector").value().clone()) {
        errors.extend(validate_labels(Some(&labels), &at.child("nodeSelector")));
    }
    let list = at.child("tolerations");
    let tolerations: Vec<_> = scheduling.get("tolerations").items().collect();
    for (i, toleration) in tolerations.iter().enumerate() {
        let same = |other: &&k8s_api_kinds::View<'_>| {
            ["key", "operator", "value", "effect"]
                .iter()
                .all(|name| other.get(name).text() == toleration.get(name).text())
        };
        if tolerations[..i].iter().any(|other| same(&other)) {
            errors.push(Error::duplicate(&list.index(i), listed(*toleration)));
        }
    }
}
