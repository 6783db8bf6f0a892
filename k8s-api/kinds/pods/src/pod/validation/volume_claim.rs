//! What is asked of a persistent volume, in a claim or in a template of one.

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::shown::Literal;
use k8s_api_kinds::{At, labels, names};
use k8s_openapi::api::core::v1::PersistentVolumeClaimSpec;

use super::{check, resources};
use crate::amounts::{get, read};
use crate::blank::{items, text};

const MODES: [&str; 4] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

/// Mistakes in the spec of a claim that is to be made.
pub(crate) fn claim_spec(spec: &PersistentVolumeClaimSpec, at: &At<'_>, errors: &mut ErrorList) {
    access_modes(spec, at, errors);
    size(spec, at, errors);
    if let Some(class) = spec.storage_class_name.as_deref().filter(|class| !class.is_empty()) {
        check(names::dns1123_subdomain(class), class, &at.child("storageClassName"), errors);
    }
    super::known(&spec.volume_mode, &["Block", "Filesystem"], &at.child("volumeMode"), errors);
    sources(spec, at, errors);
    if let Some(class) = spec.volume_attributes_class_name.as_deref().filter(|class| !class.is_empty()) {
        check(names::dns1123_subdomain(class), class, &at.child("volumeAttributesClassName"), errors);
    }
}

fn access_modes(spec: &PersistentVolumeClaimSpec, at: &At<'_>, errors: &mut ErrorList) {
    let (modes, place) = (items(&spec.access_modes), at.child("accessModes"));
    if modes.is_empty() {
        errors.push(Error::required(&place, "at least 1 access mode is required"));
    }
    let selector = at.child("selector");
    errors.extend(labels::validate_label_selector(spec.selector.as_ref(), Default::default(), &selector));
    let (mut single, mut others) = (false, false);
    for mode in modes {
        match mode.as_str() {
            "ReadWriteOncePod" => single = true,
            known if MODES.contains(&known) => others = true,
            unknown => errors.push(Error::not_supported(&place, unknown, &MODES)),
        }
    }
    if single && others {
        errors.push(Error::forbidden(&place, "may not use ReadWriteOncePod with other access modes"));
    }
}

fn size(spec: &PersistentVolumeClaimSpec, at: &At<'_>, errors: &mut ErrorList) {
    let at = at.child("resources");
    let at = at.key("storage");
    match spec.resources.as_ref().and_then(|resources| get(&resources.requests, "storage")) {
        None => errors.push(Error::required(&at, "")),
        Some(amount) if read(amount).signum() <= 0 => {
            errors.push(Error::invalid(&at, &amount.0, "must be greater than zero"));
        }
        Some(amount) => resources::amount("storage", amount, &at, errors),
    }
}

fn sources(spec: &PersistentVolumeClaimSpec, at: &At<'_>, errors: &mut ErrorList) {
    let local = spec.data_source.as_ref();
    let other = spec.data_source_ref.as_ref();
    if let Some(source) = local {
        let group = text(&source.api_group);
        reference(&source.name, &source.kind, group, &at.child("dataSource"), errors);
    }
    if let Some(source) = other {
        let at = at.child("dataSourceRef");
        reference(&source.name, &source.kind, text(&source.api_group), &at, errors);
        if let Some(namespace) = source.namespace.as_deref().filter(|namespace| !namespace.is_empty()) {
            check(names::dns1123_label(namespace), namespace, &at.child("namespace"), errors);
        }
    }
    let (Some(local), Some(other)) = (local, other) else { return };
    // Upstream shows the path of the field where its value should be.
    let shown = || Literal("{}".to_owned());
    if !text(&other.namespace).is_empty() {
        errors.push(Error::invalid(at, shown(), "may not be specified when dataSourceRef.namespace is specified"));
    } else if local.api_group != other.api_group || local.kind != other.kind || local.name != other.name {
        errors.push(Error::invalid(at, shown(), "must match dataSourceRef"));
    }
}

fn reference(name: &str, kind: &str, group: &str, at: &At<'_>, errors: &mut ErrorList) {
    if name.is_empty() {
        errors.push(Error::required(&at.child("name"), ""));
    }
    if kind.is_empty() {
        errors.push(Error::required(&at.child("kind"), ""));
    }
    if group.is_empty() && kind != "PersistentVolumeClaim" {
        let detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
        errors.push(Error::invalid(at, kind, detail));
    }
    if !group.is_empty() {
        check(names::dns1123_subdomain(group), group, &at.child("apiGroup"), errors);
    }
}
