//! Filling in and checking trees.

use std::fmt;

use k8s_api::DynamicObject;
use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::labels::{SelectorOptions, validate_label_selector};
use k8s_api_kinds::metadata::invalid;
use k8s_api_kinds::shown::Literal;
use k8s_api_kinds::{View, names};
use serde_json::{Map, Value};

use crate::checks::port_num;

/// A field of an object at its top.
pub(crate) fn field<'a>(object: &'a DynamicObject, name: &str) -> View<'a> {
    View::field(&object.rest, name)
}

/// The spec, made if it is missing: in Go it is always there.
pub(crate) fn spec_mut(object: &mut DynamicObject) -> Option<&mut Map<String, Value>> {
    child_or_new(&mut object.rest, "spec")
}

/// An object that is there.
pub(crate) fn child<'a>(object: &'a mut Map<String, Value>, name: &str) -> Option<&'a mut Map<String, Value>> {
    object.get_mut(name)?.as_object_mut()
}

/// An object, made if it is missing.
pub(crate) fn child_or_new<'a>(object: &'a mut Map<String, Value>, name: &str) -> Option<&'a mut Map<String, Value>> {
    let place = object.entry(name).or_insert(Value::Null);
    if place.is_null() {
        *place = Value::Object(Map::new());
    }
    place.as_object_mut()
}

/// The objects of a list.
pub(crate) fn items<'a>(
    object: &'a mut Map<String, Value>,
    name: &str,
) -> impl Iterator<Item = &'a mut Map<String, Value>> {
    object.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut)
}

/// Sets a field that is absent or an empty text.
pub(crate) fn fill(object: &mut Map<String, Value>, name: &str, value: impl Into<Value>) {
    let set = object.get(name).is_some_and(|present| !present.is_null() && present.as_str() != Some(""));
    if !set {
        object.insert(name.to_owned(), value.into());
    }
}

/// Sets a list that is absent or empty.
pub(crate) fn fill_list(object: &mut Map<String, Value>, name: &str, items: &[&str]) {
    let set = object.get(name).and_then(Value::as_array).is_some_and(|items| !items.is_empty());
    if !set {
        object.insert(name.to_owned(), items.to_vec().into());
    }
}

/// Checks a label selector; an absent one is valid.
pub(crate) fn selector(errors: &mut ErrorList, at: &dyn fmt::Display, selector: View<'_>, options: SelectorOptions) {
    if let Ok(selector) = serde_json::from_value(selector.value().clone()) {
        errors.extend(validate_label_selector(Some(&selector), options, at));
    }
}

/// Whether a field has changed, both absent and empty being the same.
pub(crate) fn changed(new: View<'_>, old: View<'_>) -> bool {
    let empty = |view: View<'_>| match view.value() {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        _ => false,
    };
    new != old && !(empty(new) && empty(old))
}

/// A field that may not change.
pub(crate) fn fixed(errors: &mut ErrorList, at: &dyn fmt::Display, new: View<'_>, old: View<'_>) {
    if changed(new, old) {
        errors.push(Error::invalid(at, new.value().clone(), "field is immutable"));
    }
}

/// A text that must be there; whether it is.
pub(crate) fn required(errors: &mut ErrorList, at: &dyn fmt::Display, value: &str) -> bool {
    if value.is_empty() {
        errors.push(Error::required(at, ""));
    }
    !value.is_empty()
}

/// The list of texts as a message shows it.
pub(crate) fn listed(view: View<'_>) -> Literal {
    Literal(view.value().to_string())
}

/// A port by number or name.
pub(crate) fn port(errors: &mut ErrorList, at: &dyn fmt::Display, port: View<'_>) {
    match port.int() {
        Some(number) => port_num(errors, at, i32::try_from(number).unwrap_or(i32::MAX)),
        None => invalid(errors, at, port.text(), names::port_name(port.text())),
    }
}

/// A kind or name that must be there and can stand in a path.
pub(crate) fn required_segment(errors: &mut ErrorList, at: &dyn fmt::Display, value: &str) {
    if required(errors, at, value) {
        invalid(errors, at, value, names::path_segment(value));
    }
}

/// A domain and a path, `acme.io/foo`.
pub(crate) fn domain_prefixed_path(errors: &mut ErrorList, at: &dyn fmt::Display, value: &str) {
    if !required(errors, at, value) {
        return;
    }
    match value.split_once('/') {
        Some((host, path)) if !host.is_empty() && !path.is_empty() => {
            invalid(errors, at, host, names::dns1123_subdomain(host));
            let allowed = |b: u8| b.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&b);
            if !path.bytes().all(allowed) {
                let detail = names::regex_error("Invalid path", r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+", &[]);
                errors.push(Error::invalid(at, path, detail));
            }
        }
        _ => {
            let detail = r#"must be a domain-prefixed path (such as "acme.io/foo")"#;
            errors.push(Error::invalid(at, value, detail));
        }
    }
}
