use k8s_api::DynamicObject;
use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::labels::{SelectorOptions, has_invalid_values};
use k8s_api_kinds::{At, Rules, View, internal};
use serde_json::{Map, Value, json};

use super::{BETA_CLASS, VOLUME_MODES, access_modes, amount, positive};
use crate::checks::{dns_label, dns_subdomain, one_of};
use crate::trees::{changed, child, child_or_new, field, fill, fixed, required, selector, spec_mut};

const SPEC: At<'static> = At::new("spec");
const IMMUTABLE: &str =
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";

/// The rules of persistent volume claims.
pub(crate) struct Claims;

impl Rules for Claims {
    fn default(&self, claim: &mut DynamicObject) {
        if let Some(status) = child_or_new(&mut claim.rest, "status") {
            fill(status, "phase", "Pending");
        }
        if let Some(spec) = spec_mut(claim) {
            fill(spec, "volumeMode", "Filesystem");
        }
    }

    fn prepare_for_create(&self, claim: &mut DynamicObject) {
        claim.rest.insert("status".to_owned(), json!({"phase": "Pending"}));
        if let Some(spec) = spec_mut(claim) {
            data_sources(spec, View::of(&Value::Null));
        }
    }

    fn validate(&self, claim: &DynamicObject) -> ErrorList {
        validate_spec(field(claim, "spec"), SelectorOptions::default())
    }

    fn prepare_for_update(&self, new: &mut DynamicObject, old: &DynamicObject) {
        if let Some(spec) = spec_mut(new) {
            data_sources(spec, field(old, "spec"));
        }
    }

    fn validate_update(&self, new: &DynamicObject, old: &DynamicObject) -> ErrorList {
        let old_selector = serde_json::from_value(field(old, "spec").get("selector").value().clone());
        let kept = old_selector.is_ok_and(|selector| has_invalid_values(Some(&selector)));
        let options = SelectorOptions { allow_invalid_values: kept, ..SelectorOptions::default() };
        let mut errors = validate_spec(field(new, "spec"), options);
        class_annotation(&mut errors, new, old);
        validate_change(&mut errors, new, old);
        errors
    }

    fn validate_subresource_update(&self, _: &str, new: &DynamicObject, _: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        if field(new, "spec").get("accessModes").is_empty() {
            errors.push(Error::required("Spec.accessModes", ""));
        }
        let status = At::new("status");
        for name in ["capacity", "allocatedResources"] {
            let at = status.child(name);
            for (resource, view) in field(new, "status").get(name).entries() {
                let Some(amount) = amount(view).filter(|amount| amount.value() < 0) else { continue };
                let detail = "must be a valid resource quantity";
                errors.push(Error::invalid(&at.key(resource), amount.value(), detail));
            }
        }
        errors
    }

    fn warnings(&self, new: &DynamicObject, _: Option<&DynamicObject>) -> Vec<String> {
        let mut warnings = Vec::new();
        if annotation(new).is_some() {
            warnings.push(format!(
                "metadata.annotations[{BETA_CLASS}]: deprecated since v1.8; use \"storageClassName\" attribute instead"
            ));
        }
        for kind in ["requests", "limits"] {
            let view = field(new, "spec").get("resources").get(kind).get("storage");
            if let Some(amount) = amount(view).filter(|amount| amount.milli_value() % 1000 != 0) {
                let value = k8s_api::field::quote(&amount.to_string());
                warnings.push(format!(
                    "spec.resources.{kind}[storage]: fractional byte value {value} is invalid, must be an integer"
                ));
            }
        }
        warnings
    }
}

fn annotation(claim: &DynamicObject) -> Option<&String> {
    claim.metadata.annotations.as_ref().and_then(|annotations| annotations.get(BETA_CLASS))
}

/// Two fields say what a volume begins with: the old one takes claims and snapshots alone and drops what else it is
/// given, the new one takes anything. Each is filled from the other.
fn data_sources(spec: &mut Map<String, Value>, old: View<'_>) {
    let other_namespace = !View::field(spec, "dataSourceRef").get("namespace").text().is_empty();
    if other_namespace && old.get("dataSourceRef").is_none() {
        spec.remove("dataSourceRef");
    }
    let (source, reference) = (View::field(spec, "dataSource"), View::field(spec, "dataSourceRef"));
    let known = matches!(
        (source.get("kind").text(), source.get("apiGroup").text()),
        ("PersistentVolumeClaim", "") | ("VolumeSnapshot", "snapshot.storage.k8s.io")
    );
    let had_one = old.get("dataSource").is_some() || old.get("dataSourceRef").is_some();
    if !had_one && reference.is_none() && source.is_some() && !known {
        spec.remove("dataSource");
        return;
    }
    let copy = |from: View<'_>| json!({"apiGroup": from.get("apiGroup").value(), "kind": from.get("kind").text(), "name": from.get("name").text()});
    if source.is_some() && reference.is_none() {
        let reference = copy(source);
        spec.insert("dataSourceRef".to_owned(), reference);
    } else if reference.is_some() && source.is_none() && reference.get("namespace").text().is_empty() {
        let source = copy(reference);
        spec.insert("dataSource".to_owned(), source);
    }
}

fn validate_spec(spec: View<'_>, options: SelectorOptions) -> ErrorList {
    let mut errors = ErrorList::new();
    let modes = spec.get("accessModes");
    if modes.is_empty() {
        errors.push(Error::required(&SPEC.child("accessModes"), "at least 1 access mode is required"));
    }
    if spec.get("selector").is_some() {
        selector(&mut errors, &SPEC.child("selector"), spec.get("selector"), options);
    }
    access_modes(&mut errors, modes, &SPEC.child("accessModes"));
    let resources = SPEC.child("resources");
    let at = resources.key("storage");
    match amount(spec.get("resources").get("requests").get("storage")) {
        None => errors.push(Error::required(&at, "")),
        Some(amount) => drop(positive(&mut errors, &amount, &at)),
    }
    let class = spec.get("storageClassName").text();
    if !class.is_empty() {
        dns_subdomain(&mut errors, &SPEC.child("storageClassName"), class);
    }
    one_of(&mut errors, &SPEC.child("volumeMode"), spec.get("volumeMode").text(), &VOLUME_MODES);
    validate_sources(&mut errors, spec);
    let class = spec.get("volumeAttributesClassName").text();
    if !class.is_empty() {
        dns_subdomain(&mut errors, &SPEC.child("volumeAttributesClassName"), class);
    }
    errors
}

fn validate_sources(errors: &mut ErrorList, spec: View<'_>) {
    let (source, reference) = (spec.get("dataSource"), spec.get("dataSourceRef"));
    for (name, view) in [("dataSource", source), ("dataSourceRef", reference)] {
        if view.is_some() {
            validate_source(errors, view, &SPEC.child(name));
        }
    }
    let namespace = reference.get("namespace").text();
    if !namespace.is_empty() {
        dns_label(errors, &SPEC.child("dataSourceRef").child("namespace"), namespace);
    }
    if source.is_none() || reference.is_none() {
        return;
    }
    let same = ["apiGroup", "kind", "name"].iter().all(|name| source.get(name).text() == reference.get(name).text());
    if !namespace.is_empty() {
        let detail = "may not be specified when dataSourceRef.namespace is specified";
        errors.push(Error::invalid(&SPEC, "spec.dataSource", detail));
    } else if !same {
        errors.push(Error::invalid(&SPEC, "spec.dataSource", "must match dataSourceRef"));
    }
}

fn validate_source(errors: &mut ErrorList, source: View<'_>, at: &At<'_>) {
    let kind = source.get("kind").text();
    required(errors, &at.child("name"), source.get("name").text());
    required(errors, &at.child("kind"), kind);
    match source.get("apiGroup").text() {
        "" if kind != "PersistentVolumeClaim" => {
            let detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
            errors.push(Error::invalid(at, kind, detail));
        }
        "" => {}
        group => dns_subdomain(errors, &at.child("apiGroup"), group),
    }
}

fn class_annotation(errors: &mut ErrorList, new: &DynamicObject, old: &DynamicObject) {
    let moved = upgraded_from_annotation(new, old);
    if !moved && annotation(new) != annotation(old) {
        let metadata = At::new("metadata");
        let annotations = metadata.child("annotations");
        let value = annotation(new).map(String::as_str).unwrap_or_default();
        errors.push(Error::invalid(&annotations.key(BETA_CLASS), value, "field is immutable"));
    }
}

/// Whether an update only moves the class from the old annotation to the field.
fn upgraded_from_annotation(new: &DynamicObject, old: &DynamicObject) -> bool {
    let class = |claim| field(claim, "spec").get("storageClassName");
    let Some(before) = annotation(old) else { return false };
    class(old).is_none() && class(new).text() == before && annotation(new).is_none_or(|after| after == before)
}

fn validate_change(errors: &mut ErrorList, new: &DynamicObject, old: &DynamicObject) {
    let (mut spec, mut before) = (field(new, "spec").value().clone(), field(old, "spec").value().clone());
    let bound = field(new, "status").get("phase").text() == "Bound";
    let (Some(now), Some(then)) = (spec.as_object_mut(), before.as_object_mut()) else { return };
    if View::field(then, "volumeName").text().is_empty() {
        carry(then, now, "volumeName");
    }
    let from_nothing = annotation(old).is_none() && View::field(then, "storageClassName").is_none();
    if upgraded_from_annotation(new, old) {
        now.remove("storageClassName");
    } else if from_nothing {
        carry(now, then, "storageClassName");
    }
    if bound {
        let size = View::field(then, "resources").get("requests").get("storage").value().clone();
        if let Some(requests) = child(now, "resources").and_then(|resources| child(resources, "requests")) {
            requests.insert("storage".to_owned(), size);
        }
        carry(now, then, "volumeAttributesClassName");
    }
    data_sources(then, View::of(&Value::Null));
    if now != then {
        let diff = internal::diff("PersistentVolumeClaimSpec", &before, &spec);
        errors.push(Error::forbidden(&SPEC, format!("{IMMUTABLE}\n{diff}")));
    }
    let (spec, before) = (field(new, "spec"), field(old, "spec"));
    size(errors, spec, before, field(old, "status"));
    fixed(errors, &"volumeMode", spec.get("volumeMode"), before.get("volumeMode"));
    let name = "volumeAttributesClassName";
    let applied = field(old, "status").get("currentVolumeAttributesClassName").is_some();
    let state = if spec.get(name).is_none() { "nil" } else { "empty string" };
    if applied && changed(spec.get(name), before.get(name)) && spec.get(name).text().is_empty() {
        let detail = format!("update to {state} is forbidden when status.currentVolumeAttributesClassName is not nil");
        errors.push(Error::forbidden(&SPEC.child(name), detail));
    }
}

/// A claim may shrink again as long as it stays above what it has got.
fn size(errors: &mut ErrorList, spec: View<'_>, before: View<'_>, status: View<'_>) {
    let of = |spec: View<'_>| amount(spec.get("resources").get("requests").get("storage"));
    let got = amount(status.get("capacity").get("storage")).unwrap_or_default();
    if let (Some(now), Some(then)) = (of(spec), of(before))
        && now < then
        && now <= got
    {
        let detail = "field can not be less than status.capacity";
        errors.push(Error::forbidden("spec.resources.requests.storage", detail));
    }
}

fn carry(to: &mut Map<String, Value>, from: &Map<String, Value>, name: &str) {
    match from.get(name) {
        Some(value) => drop(to.insert(name.to_owned(), value.clone())),
        None => drop(to.remove(name)),
    }
}
