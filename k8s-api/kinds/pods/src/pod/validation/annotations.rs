//! Annotations that mean something to a pod.

use std::collections::BTreeMap;

use k8s_api::field::{Error, ErrorList, quote};
use k8s_api_kinds::At;
use k8s_openapi::api::core::v1::{AppArmorProfile, PodSpec, SeccompProfile, Toleration};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{Options, paths, scheduling, visit};
use crate::blank::text;
use crate::pod::app_armor;

type Annotations = BTreeMap<String, String>;

/// Marks the image of a pod that a node runs by its own configuration.
pub(crate) const MIRROR: &str = "kubernetes.io/config.mirror";
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";
const TOLERATIONS: &str = "scheduler.alpha.kubernetes.io/tolerations";
pub(crate) const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
pub(crate) const SECCOMP_CONTAINER_PREFIX: &str = "container.seccomp.security.alpha.kubernetes.io/";

/// Whether a pod stands for one that its node runs by its own configuration.
pub(crate) fn is_mirror(metadata: &ObjectMeta) -> bool {
    metadata.annotations.as_ref().is_some_and(|annotations| annotations.contains_key(MIRROR))
}

/// What a pod's annotations cost it when its set shrinks.
pub(super) fn deletion_cost(annotations: &Annotations) -> Result<i32, ()> {
    let Some(value) = annotations.get(DELETION_COST) else { return Ok(0) };
    let plain = match value.as_bytes() {
        [] => false,
        [b'0', rest @ ..] => rest.is_empty(),
        [first, ..] => *first == b'-' || first.is_ascii_digit(),
    };
    if plain { value.parse().map_err(drop) } else { Err(()) }
}

/// Mistakes in the annotations of a pod or of a template.
pub(crate) fn pod_annotations(
    metadata: &ObjectMeta,
    spec: &PodSpec,
    options: &Options,
    at: &At<'_>,
    errors: &mut ErrorList,
) {
    let Some(annotations) = &metadata.annotations else { return };
    if let Some(value) = annotations.get(MIRROR)
        && text(&spec.node_name).is_empty()
    {
        let detail = "must set spec.nodeName if mirror pod annotation is set";
        errors.push(Error::invalid(&at.key(MIRROR), value, detail));
    }
    if let Some(value) = annotations.get(TOLERATIONS).filter(|value| !value.is_empty()) {
        match serde_json::from_str::<Vec<Toleration>>(value) {
            Ok(tolerations) => scheduling::tolerations(&tolerations, &at.child(TOLERATIONS), errors),
            Err(error) => errors.push(Error::invalid(at, TOLERATIONS, error.to_string())),
        }
    }
    if !options.invalid_deletion_cost && deletion_cost(annotations).is_err() {
        errors.push(Error::invalid(&at.key(DELETION_COST), &annotations[DELETION_COST], "must be a 32bit integer"));
    }
    seccomp(annotations, at, errors);
    app_armor_annotations(annotations, spec, at, errors);
}

fn seccomp(annotations: &Annotations, at: &At<'_>, errors: &mut ErrorList) {
    if let Some(profile) = annotations.get(SECCOMP_POD) {
        seccomp_profile(profile, &at.child(SECCOMP_POD), errors);
    }
    for (key, profile) in annotations.range(SECCOMP_CONTAINER_PREFIX.to_owned()..) {
        if !key.starts_with(SECCOMP_CONTAINER_PREFIX) {
            break;
        }
        seccomp_profile(profile, &at.child(key), errors);
    }
}

fn seccomp_profile(profile: &str, at: &At<'_>, errors: &mut ErrorList) {
    if matches!(profile, "runtime/default" | "docker/default" | "unconfined") {
        return;
    }
    match profile.strip_prefix("localhost/") {
        Some(path) => paths::descending(path, at, errors),
        None => errors.push(Error::invalid(at, profile, "must be a valid seccomp profile")),
    }
}

fn app_armor_annotations(annotations: &Annotations, spec: &PodSpec, at: &At<'_>, errors: &mut ErrorList) {
    for (key, profile) in annotations {
        let Some(name) = key.strip_prefix(app_armor::ANNOTATION_PREFIX) else { continue };
        let mut found = false;
        visit(spec, &At::ROOT, |container, _| found |= container.name == name);
        if !found {
            errors.push(Error::invalid(&at.key(key), name, "container not found"));
        }
        if !matches!(profile.as_str(), "" | "runtime/default" | "unconfined") && !profile.starts_with("localhost/") {
            let detail = format!("invalid AppArmor profile name: {}", quote(profile));
            errors.push(Error::invalid(&at.key(key), profile, detail));
        }
    }
}

/// What annotations say must not contradict what fields say.
pub(crate) fn on_create(metadata: &ObjectMeta, spec: &PodSpec, at: &At<'_>, errors: &mut ErrorList) {
    seccomp_matches(metadata, spec, at, errors);
    app_armor_matches(metadata, spec, at, errors);
}

fn seccomp_matches(metadata: &ObjectMeta, spec: &PodSpec, at: &At<'_>, errors: &mut ErrorList) {
    let Some(annotations) = &metadata.annotations else { return };
    let of_pod = spec.security_context.as_ref().and_then(|context| context.seccomp_profile.as_ref());
    if let (Some(profile), Some(annotation)) = (of_pod, annotations.get(SECCOMP_POD)) {
        let at = at.child("securityContext");
        same_seccomp(annotation, profile, &at.child("seccompProfile"), errors);
    }
    visit(spec, at, |container, at| {
        let profile = container.security_context.as_ref().and_then(|context| context.seccomp_profile.as_ref());
        let annotation = annotations.get(&format!("{SECCOMP_CONTAINER_PREFIX}{}", container.name));
        if let (Some(profile), Some(annotation)) = (profile, annotation) {
            let at = at.child("securityContext");
            same_seccomp(annotation, profile, &at.child("seccompProfile"), errors);
        }
    });
}

fn same_seccomp(annotation: &str, profile: &SeccompProfile, at: &At<'_>, errors: &mut ErrorList) {
    let same_type = match profile.type_.as_str() {
        "Unconfined" => annotation == "unconfined",
        "RuntimeDefault" => matches!(annotation, "runtime/default" | "docker/default"),
        "Localhost" => annotation.starts_with("localhost/"),
        _ => true,
    };
    if !same_type {
        errors.push(Error::forbidden(&at.child("type"), "seccomp type in annotation and field must match"));
    } else if profile.type_ == "Localhost"
        && annotation.strip_prefix("localhost/") != profile.localhost_profile.as_deref()
    {
        let detail = "seccomp profile in annotation and field must match";
        errors.push(Error::forbidden(&at.child("localhostProfile"), detail));
    }
}

fn app_armor_matches(metadata: &ObjectMeta, spec: &PodSpec, at: &At<'_>, errors: &mut ErrorList) {
    let Some(annotations) = &metadata.annotations else { return };
    if crate::pod::is_windows(spec) {
        return;
    }
    let of_pod = spec.security_context.as_ref().and_then(|context| context.app_armor_profile.as_ref());
    visit(spec, at, |container, at| {
        let own = container.security_context.as_ref().and_then(|context| context.app_armor_profile.as_ref());
        let annotation = annotations.get(&format!("{}{}", app_armor::ANNOTATION_PREFIX, container.name));
        if let (Some(profile), Some(annotation)) = (own.or(of_pod), annotation) {
            let at = at.child("securityContext");
            same_app_armor(annotation, profile, &at.child("appArmorProfile"), errors);
        }
    });
}

fn same_app_armor(annotation: &str, profile: &AppArmorProfile, at: &At<'_>, errors: &mut ErrorList) {
    let same_type = match profile.type_.as_str() {
        "Unconfined" => annotation == "unconfined",
        "RuntimeDefault" => annotation == "runtime/default",
        "Localhost" => annotation.starts_with("localhost/"),
        _ => true,
    };
    if !same_type {
        errors.push(Error::forbidden(&at.child("type"), "apparmor type in annotation and field must match"));
    } else if profile.type_ == "Localhost"
        && annotation.strip_prefix("localhost/") != profile.localhost_profile.as_deref()
    {
        let detail = "apparmor profile in annotation and field must match";
        errors.push(Error::forbidden(&at.child("localhostProfile"), detail));
    }
}
