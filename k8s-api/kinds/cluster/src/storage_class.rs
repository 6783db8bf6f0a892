//! Storage classes and volume attributes classes.
//!
//! Upstream: `pkg/apis/storage`.

use std::collections::BTreeMap;
use std::fmt;

use k8s_api::DynamicObject;
use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::labels::validate_label_name;
use k8s_api_kinds::metadata::invalid;
use k8s_api_kinds::{At, Rules, View, names};

use crate::checks::{one_of, qualified_name};
use crate::trees::{changed, field, fill, fixed, required};

const MAX_PARAMETERS: usize = 512;
const MAX_PARAMETER_BYTES: usize = 256 * 1024;

pub(crate) struct StorageClasses;

pub(crate) struct VolumeAttributesClasses;

impl Rules for StorageClasses {
    fn default(&self, class: &mut DynamicObject) {
        fill(&mut class.rest, "reclaimPolicy", "Delete");
        fill(&mut class.rest, "volumeBindingMode", "Immediate");
    }

    fn validate(&self, class: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        let provisioner = field(class, "provisioner").text();
        if required(&mut errors, &"provisioner", provisioner) {
            qualified_name(&mut errors, &"provisioner", &provisioner.to_lowercase());
        }
        parameters(&mut errors, field(class, "parameters"), &"parameters");
        let policy = field(class, "reclaimPolicy").text();
        one_of(&mut errors, &"reclaimPolicy", policy, &["Delete", "Retain"]);
        let mode = field(class, "volumeBindingMode").text();
        one_of(&mut errors, &"volumeBindingMode", mode, &["Immediate", "WaitForFirstConsumer"]);
        let list = At::new("allowedTopologies");
        for (i, term) in field(class, "allowedTopologies").items().enumerate() {
            topology(&mut errors, term, &list.index(i));
        }
        errors
    }

    fn validate_update(&self, new: &DynamicObject, old: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        for name in ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"] {
            fixed(&mut errors, &name, field(new, name), field(old, name));
        }
        errors
    }
}

fn parameters(errors: &mut ErrorList, parameters: View<'_>, at: &dyn fmt::Display) {
    if parameters.len() > MAX_PARAMETERS {
        errors.push(Error::too_long(at, MAX_PARAMETERS));
        return;
    }
    let mut size = 0;
    for (key, value) in parameters.entries() {
        if key.is_empty() {
            errors.push(Error::invalid(at, key, "field can not be empty."));
        }
        size += key.len() + value.text().len();
    }
    if size > MAX_PARAMETER_BYTES {
        errors.push(Error::too_long(at, MAX_PARAMETER_BYTES));
    }
}

fn topology(errors: &mut ErrorList, term: View<'_>, at: &At<'_>) {
    let list = at.child("matchLabelExpressions");
    let mut keys = BTreeMap::new();
    for (i, expression) in term.get("matchLabelExpressions").items().enumerate() {
        let at = list.index(i);
        let values = expression.get("values");
        let values_at = at.child("values");
        if values.is_empty() {
            errors.push(Error::required(&values_at, ""));
        }
        let texts: Vec<&str> = values.texts().collect();
        for (j, value) in texts.iter().enumerate().filter(|(j, value)| texts[..*j].contains(value)) {
            errors.push(Error::duplicate(&values_at.index(j), *value));
        }
        let key = expression.get("key").text();
        errors.extend(validate_label_name(key, &at.child("key")));
        if keys.insert(key, i).is_some() {
            errors.push(Error::duplicate(&at.child("key"), key));
        }
    }
}

impl Rules for VolumeAttributesClasses {
    fn validate(&self, class: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        driver_name(&mut errors, field(class, "driverName").text(), &"driverName");
        let given = field(class, "parameters");
        parameters(&mut errors, given, &"parameters");
        if given.is_empty() {
            errors.push(Error::required("parameters", "must contain at least one key/value pair"));
        }
        errors
    }

    fn validate_update(&self, new: &DynamicObject, old: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        for name in ["driverName", "parameters"] {
            if changed(field(new, name), field(old, name)) {
                errors.push(Error::forbidden(name, format!("updates to {name} are forbidden.")));
            }
        }
        errors
    }
}

/// The name of a CSI driver: a DNS subdomain in any case, of at most 63 bytes.
pub(crate) fn driver_name(errors: &mut ErrorList, name: &str, at: &dyn fmt::Display) {
    if !required(errors, at, name) {
        return;
    }
    if name.len() > 63 {
        errors.push(Error::too_long(at, 63));
    }
    invalid(errors, at, name, names::dns1123_subdomain(&name.to_lowercase()));
}
