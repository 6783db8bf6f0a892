//! Pod templates, which all workloads carry, and the selectors that find the pods made of them.

use std::collections::BTreeMap;

use k8s_api::field::{Error, ErrorList};
use k8s_api::selector::Selector;
use k8s_api_kinds::labels::{SelectorOptions, validate_label_selector, validate_labels};
use k8s_api_kinds::{At, metadata, shown};
use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use crate::blank::{items, text};
use crate::pod::validation::{self, Options};
use crate::pod::{self, defaults};

/// Fills in what a template leaves out.
pub(crate) fn default(template: &mut PodTemplateSpec) {
    defaults::inner_metadata(&mut template.metadata);
    defaults::spec(template.spec.get_or_insert_default());
}

/// A selector without empty parts, unless that would leave nothing of it: see [`given`].
pub(crate) fn default_selector(selector: &mut LabelSelector) {
    let written = given(selector).is_some();
    defaults::selector(selector);
    if written && given(selector).is_none() {
        selector.match_labels = Some(BTreeMap::new());
    }
}

/// The selector of a kind that must have one, if it was given.
///
/// Where the type has no room for an absent selector, one without any parts stands for it, and one with an empty map of
/// labels for a selector that is there and empty.
pub(crate) fn given(selector: &LabelSelector) -> Option<&LabelSelector> {
    Some(selector).filter(|selector| selector.match_labels.is_some() || selector.match_expressions.is_some())
}

/// Drops what may not be added to a template.
pub(crate) fn drop_fields(new: &mut PodTemplateSpec, old: Option<&PodTemplateSpec>) {
    if let Some(spec) = &mut new.spec {
        pod::drop_fields(spec, old.and_then(|old| old.spec.as_ref()));
    }
}

/// The rules for a template that replaces `old`, or is new.
pub(crate) fn options(old: Option<&PodTemplateSpec>) -> Options {
    Options::of(old.and_then(|old| old.spec.as_ref().map(|spec| (spec, old.metadata.as_ref()))))
}

/// The labels of a template.
pub(crate) fn labels(template: &PodTemplateSpec) -> Option<&BTreeMap<String, String>> {
    template.metadata.as_ref()?.labels.as_ref()
}

/// The spec of a template; defaulting has made sure there is one.
pub(crate) fn spec(template: &PodTemplateSpec) -> Option<&PodSpec> {
    template.spec.as_ref()
}

/// All mistakes in a template.
pub(crate) fn validate(template: &PodTemplateSpec, options: &Options, at: &At<'_>, errors: &mut ErrorList) {
    let none = ObjectMeta::default();
    let metadata = template.metadata.as_ref().unwrap_or(&none);
    validate_metadata(metadata, template, options, at, errors);
    let Some(spec) = &template.spec else { return };
    let at = at.child("spec");
    validation::spec(spec, None, options, &at, errors);
    validation::annotations_match_fields(metadata, spec, &at, errors);
    if !items(&spec.ephemeral_containers).is_empty() {
        let detail = "ephemeral containers not allowed in pod template";
        errors.push(Error::forbidden(&at.child("ephemeralContainers"), detail));
    }
}

/// Mistakes in the labels and annotations of a template.
pub(crate) fn validate_metadata(
    metadata: &ObjectMeta,
    template: &PodTemplateSpec,
    options: &Options,
    at: &At<'_>,
    errors: &mut ErrorList,
) {
    errors.extend(validate_labels(metadata.labels.as_ref(), &at.child("labels")));
    let annotations = at.child("annotations");
    errors.extend(metadata::validate_annotations(metadata.annotations.as_ref(), &annotations));
    if let Some(spec) = &template.spec {
        validation::pod_annotations(metadata, spec, options, &annotations, errors);
    }
}

/// The pods of a workload must be found by its selector; an empty selector is a mistake of its own.
pub(crate) fn selected(selector: &Selector, template: &PodTemplateSpec, at: &At<'_>, errors: &mut ErrorList) {
    let labels = labels(template);
    if !selector.matches(labels) {
        let at = at.child("metadata");
        let shown = labels.map_or_else(|| shown::json(&()), shown::json);
        errors.push(Error::invalid(&at.child("labels"), shown, "`selector` does not match template `labels`"));
    }
}

/// Pods that run for ever have no other restart policy and no deadline.
pub(crate) fn runs_for_ever(template: &PodTemplateSpec, kind: &str, at: &At<'_>, errors: &mut ErrorList) {
    let Some(spec) = &template.spec else { return };
    let at = at.child("spec");
    let policy = text(&spec.restart_policy);
    if policy != "Always" {
        errors.push(Error::not_supported(&at.child("restartPolicy"), policy, &["Always"]));
    }
    if spec.active_deadline_seconds.is_some() {
        let detail = format!("activeDeadlineSeconds in {kind} is not Supported");
        errors.push(Error::forbidden(&at.child("activeDeadlineSeconds"), detail));
    }
}

/// The selector of a workload: there, well-formed and not empty. Gives it, parsed, if it can be.
pub(crate) fn required_selector(
    selector: Option<&LabelSelector>,
    kind: &str,
    invalid: &str,
    at: &At<'_>,
    errors: &mut ErrorList,
) -> Option<Selector> {
    match selector {
        None => errors.push(Error::required(at, "")),
        Some(selector) => {
            errors.extend(validate_label_selector(Some(selector), SelectorOptions::default(), at));
            not_empty(selector, kind, at, errors);
        }
    }
    let parsed = Selector::of(selector).ok();
    if let (None, Some(selector)) = (&parsed, selector) {
        errors.push(Error::invalid(at, shown::label_selector(selector), invalid));
    }
    parsed
}

/// A selector must not select everything.
pub(crate) fn not_empty(selector: &LabelSelector, kind: &str, at: &At<'_>, errors: &mut ErrorList) {
    let labels = selector.match_labels.as_ref().is_none_or(BTreeMap::is_empty);
    if labels && items(&selector.match_expressions).is_empty() {
        let detail = format!("empty selector is invalid for {kind}");
        errors.push(Error::invalid(at, shown::label_selector(selector), detail));
    }
}

/// A selector does not change.
pub(crate) fn same_selector(new: &LabelSelector, old: &LabelSelector, errors: &mut ErrorList) {
    let at = At::new("spec");
    errors.extend(metadata::validate_immutable(new, old, &at.child("selector"), shown::label_selector));
}
