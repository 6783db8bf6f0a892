//! Checks that several kinds share.

use std::fmt;

use k8s_api::field::{Error, ErrorList, Shown};
use k8s_api_kinds::metadata::invalid;
use k8s_api_kinds::names;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

pub(crate) const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];

/// The methods of kinds that have no subresource to write to.
macro_rules! no_subresources {
    () => {
        fn prepare_for_subresource_update(&self, _: &str, new: &mut Self::Object, old: &Self::Object) {
            new.metadata.generation = old.metadata.generation;
        }
        fn validate_subresource_update(&self, _: &str, _: &Self::Object, _: &Self::Object) -> ErrorList {
            ErrorList::new()
        }
    };
}

/// The methods of kinds that never warn.
macro_rules! no_warnings {
    () => {
        fn warnings(&self, _: &Self::Object, _: Option<&Self::Object>) -> Vec<String> {
            Vec::new()
        }
    };
}

/// The method of kinds that are selected by their metadata alone.
macro_rules! no_field_labels {
    () => {
        fn field_labels(&self, _: &Self::Object) -> Vec<(&'static str, String)> {
            Vec::new()
        }
    };
}

pub(crate) use {no_field_labels, no_subresources, no_warnings};

#[expect(clippy::ref_option, reason = "borrowed straight from a struct of optional fields")]
pub(crate) fn text(field: &Option<String>) -> &str {
    field.as_deref().unwrap_or_default()
}

/// A value that must be there and be one of a set.
pub(crate) fn required_one_of(errors: &mut ErrorList, at: &dyn fmt::Display, value: &str, supported: &[&str]) {
    if value.is_empty() {
        errors.push(Error::required(at, ""));
    } else {
        one_of(errors, at, value, supported);
    }
}

/// A value that must be one of a set.
pub(crate) fn one_of(errors: &mut ErrorList, at: &dyn fmt::Display, value: &str, supported: &[&str]) {
    if !supported.contains(&value) {
        errors.push(Error::not_supported(at, value, supported));
    }
}

pub(crate) fn dns_label(errors: &mut ErrorList, at: &dyn fmt::Display, value: &str) {
    invalid(errors, at, value, names::dns1123_label(value));
}

pub(crate) fn dns_subdomain(errors: &mut ErrorList, at: &dyn fmt::Display, value: &str) {
    invalid(errors, at, value, names::dns1123_subdomain(value));
}

pub(crate) fn qualified_name(errors: &mut ErrorList, at: &dyn fmt::Display, value: &str) {
    invalid(errors, at, value, names::qualified_name(value));
}

pub(crate) fn port_num(errors: &mut ErrorList, at: &dyn fmt::Display, port: i32) {
    errors.extend(names::port_num(i64::from(port)).into_iter().map(|m| Error::invalid(at, port, m)));
}

pub(crate) fn port_num_or_name(errors: &mut ErrorList, at: &dyn fmt::Display, port: &IntOrString) {
    match port {
        IntOrString::Int(number) => port_num(errors, at, *number),
        IntOrString::String(name) => invalid(errors, at, name, names::port_name(name)),
    }
}

/// A field that may not change.
pub(crate) fn immutable<T: PartialEq>(
    errors: &mut ErrorList,
    at: &dyn fmt::Display,
    new: &T,
    old: &T,
    show: impl FnOnce(&T) -> String,
) {
    if new != old {
        let value = k8s_api_kinds::shown::Literal(show(new));
        errors.push(Error::invalid(at, value, "field is immutable"));
    }
}

#[expect(clippy::ref_option, reason = "borrowed straight from a struct of optional fields")]
pub(crate) fn quoted(value: &Option<String>) -> String {
    text(value).shown()
}
