//! Claims on devices, and the devices themselves.
//!
//! Upstream: `pkg/apis/resource`.

mod requests;

use k8s_api::DynamicObject;
use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, Rules, count};
use serde_json::{Map, Value};

use crate::resources::is_extended;
use crate::trees::{changed, child, field, fill, fixed, items};

const SPEC: At<'static> = At::new("spec");

/// The rules of claims, and of templates for them.
pub(crate) struct Claims {
    pub(crate) template: bool,
}

pub(crate) struct Classes;

pub(crate) struct Slices;

impl Rules for Claims {
    fn default(&self, claim: &mut DynamicObject) {
        let Some(mut spec) = child(&mut claim.rest, "spec") else { return };
        if self.template {
            let Some(inner) = child(spec, "spec") else { return };
            spec = inner;
        }
        let Some(devices) = child(spec, "devices") else { return };
        for request in items(devices, "requests") {
            if let Some(exactly) = child(request, "exactly") {
                default_request(exactly);
            }
            items(request, "firstAvailable").for_each(default_request);
        }
    }

    fn validate(&self, claim: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        let inner = SPEC.child("spec");
        let (spec, at) =
            if self.template { (field(claim, "spec").get("spec"), inner) } else { (field(claim, "spec"), SPEC) };
        requests::validate(&mut errors, spec.get("devices"), &at.child("devices"));
        errors
    }

    fn validate_update(&self, new: &DynamicObject, old: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        fixed(&mut errors, &SPEC, field(new, "spec"), field(old, "spec"));
        errors
    }
}

fn default_request(request: &mut Map<String, Value>) {
    fill(request, "allocationMode", "ExactCount");
    let exact = request.get("allocationMode").is_some_and(|mode| mode == "ExactCount");
    if exact && request.get("count").and_then(Value::as_i64).unwrap_or(0) == 0 {
        request.insert("count".to_owned(), 1.into());
    }
    items(request, "tolerations").for_each(|toleration| fill(toleration, "operator", "Equal"));
}

impl Rules for Classes {
    fn validate(&self, class: &DynamicObject) -> ErrorList {
        let name = field(class, "spec").get("extendedResourceName");
        if name.is_none() || is_extended(name.text()) {
            return ErrorList::new();
        }
        vec![Error::invalid(&SPEC.child("extendedResourceName"), name.text(), "must be a valid extended resource name")]
    }
}

impl Rules for Slices {
    fn validate(&self, slice: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        let spec = field(slice, "spec");
        let pool = SPEC.child("pool");
        if spec.get("pool").get("resourceSliceCount").int().unwrap_or(0) <= 0 {
            let count = spec.get("pool").get("resourceSliceCount").int().unwrap_or(0);
            errors.push(Error::invalid(&pool.child("resourceSliceCount"), count, "must be greater than zero"));
        }
        where_it_is(&mut errors, slice);
        let list = SPEC.child("devices");
        let mut seen = Vec::new();
        for (i, device) in spec.get("devices").items().enumerate() {
            let name = device.get("name").text();
            if seen.contains(&name) {
                errors.push(Error::duplicate(&list.index(i), name));
            }
            seen.push(name);
        }
        errors
    }

    fn prepare_for_create(&self, slice: &mut DynamicObject) {
        slice.metadata.generation = Some(1);
    }

    fn field_labels(&self, slice: &DynamicObject) -> Vec<(&'static str, String)> {
        let spec = field(slice, "spec");
        vec![
            ("spec.driver", spec.get("driver").text().to_owned()),
            ("spec.nodeName", spec.get("nodeName").text().to_owned()),
        ]
    }

    fn prepare_for_update(&self, new: &mut DynamicObject, old: &DynamicObject) {
        let differs = changed(field(new, "spec"), field(old, "spec"));
        count(&mut new.metadata, &old.metadata, differs);
    }

    fn validate_update(&self, new: &DynamicObject, old: &DynamicObject) -> ErrorList {
        let mut errors = self.validate(new);
        for name in ["driver", "nodeName"] {
            let of = |slice| field(slice, "spec").get(name);
            fixed(&mut errors, &SPEC.child(name), of(new), of(old));
        }
        errors
    }
}

/// The devices are at one node, at some, or everywhere.
fn where_it_is(errors: &mut ErrorList, slice: &DynamicObject) {
    const FIELDS: &str = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required";
    let spec = field(slice, "spec");
    let node = spec.get("nodeName");
    if node.is_some() && node.text().is_empty() {
        let detail = "must be either unset or set to a non-empty string";
        errors.push(Error::invalid(&SPEC.child("nodeName"), "", detail));
    }
    let set: Vec<String> = ["nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection"]
        .iter()
        .filter(|name| {
            let value = spec.get(name);
            value.is_true() || !value.text().is_empty() || !value.is_empty()
        })
        .map(|name| format!("`{name}`"))
        .collect();
    match set.as_slice() {
        [] => errors.push(Error::required(&SPEC, FIELDS)),
        [_] => {}
        many => errors.push(Error::invalid(
            &SPEC,
            format!("{{{}}}", many.join(", ")),
            format!("{FIELDS}, but multiple fields are set"),
        )),
    }
}
