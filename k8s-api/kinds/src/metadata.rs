//! The metadata of an object: what a create and an update may hold.
//!
//! Upstream: `k8s.io/apimachinery/pkg/api/validation/objectmeta.go`, `k8s.io/apiserver/pkg/registry/rest/update.go`,
//! `pkg/apis/core/validation`.

use std::collections::BTreeMap;
use std::fmt;

use k8s_api::field::{Error, ErrorList, Shown};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta, OwnerReference};

use crate::names::{self, Messages};
use crate::{At, Facts, NameRule, labels, shown};

/// The most bytes that the keys and values of all annotations may have together.
pub const ANNOTATIONS_MAX: usize = 256 * 1024;

/// The finalizers that need no prefix.
pub const STANDARD_FINALIZERS: [&str; 3] = ["kubernetes", "orphan", "foregroundDeletion"];

const FIELD_IMMUTABLE: &str = "field is immutable";

/// Checks the metadata of a new object of a kind with these `facts`, its name already generated.
pub fn validate_create(meta: &ObjectMeta, namespaced: bool, facts: &Facts) -> ErrorList {
    let mut errors = validate_object_meta(meta, namespaced, facts.name, &At::new("metadata"));
    if facts.standard_finalizers {
        errors.extend(validate_kube_finalizers(meta));
    }
    errors
}

/// Checks the metadata of an update of a kind with these `facts`.
///
/// Upstream's registry and the kind's own validation both look at an update, and what both find is reported twice.
pub fn validate_update(new: &ObjectMeta, old: &ObjectMeta, namespaced: bool, facts: &Facts) -> ErrorList {
    let at = At::new("metadata");
    let mut errors = validate_object_meta(new, namespaced, NameRule::PathSegment, &at);
    let changes = validate_object_meta_update(new, old, &at);
    errors.extend(changes.iter().cloned());
    errors.extend(changes);
    if facts.standard_finalizers {
        errors.extend(validate_kube_finalizers(new));
    }
    errors
}

/// Checks metadata wherever it stands.
pub fn validate_object_meta(
    meta: &ObjectMeta,
    namespaced: bool,
    rule: NameRule,
    field: &dyn fmt::Display,
) -> ErrorList {
    let at = At::under(field);
    let mut errors = ErrorList::new();
    if let Some(prefix) = filled(meta.generate_name.as_ref()) {
        invalid(&mut errors, &at.child("generateName"), prefix, names::by_rule(rule, prefix, true));
    }
    match filled(meta.name.as_ref()) {
        None => errors.push(Error::required(&at.child("name"), "name or generateName is required")),
        Some(name) => invalid(&mut errors, &at.child("name"), name, names::by_rule(rule, name, false)),
    }
    match (namespaced, filled(meta.namespace.as_ref())) {
        (true, None) => errors.push(Error::required(&at.child("namespace"), "")),
        (true, Some(name)) => invalid(&mut errors, &at.child("namespace"), name, names::dns1123_label(name)),
        (false, Some(_)) => errors.push(Error::forbidden(&at.child("namespace"), "not allowed on this type")),
        (false, None) => {}
    }
    if let Some(generation) = meta.generation.filter(|g| *g < 0) {
        errors.push(Error::invalid(&at.child("generation"), generation, "must be greater than or equal to 0"));
    }
    errors.extend(labels::validate_labels(meta.labels.as_ref(), &at.child("labels")));
    errors.extend(validate_annotations(meta.annotations.as_ref(), &at.child("annotations")));
    let owners = meta.owner_references.as_deref().unwrap_or_default();
    errors.extend(validate_owner_references(owners, &at.child("ownerReferences")));
    errors.extend(validate_finalizers(meta.finalizers.as_deref().unwrap_or_default(), &at.child("finalizers")));
    let managed = meta.managed_fields.as_deref().unwrap_or_default();
    errors.extend(validate_managed_fields(managed, &at.child("managedFields")));
    errors
}

/// Checks what an update does to metadata.
pub fn validate_object_meta_update(new: &ObjectMeta, old: &ObjectMeta, field: &dyn fmt::Display) -> ErrorList {
    let at = At::under(field);
    let mut errors = ErrorList::new();
    if old.deletion_timestamp.is_some() {
        errors.extend(no_new_finalizers(new, old, &at.child("finalizers")));
    }
    if filled(new.resource_version.as_ref()).is_none() {
        errors.push(Error::invalid(&at.child("resourceVersion"), "", "must be specified for an update"));
    }
    let (new_generation, old_generation) = (new.generation.unwrap_or(0), old.generation.unwrap_or(0));
    if new_generation < old_generation {
        errors.push(Error::invalid(&at.child("generation"), new_generation, "must not be decremented"));
    }
    immutable_fields(&mut errors, new, old, &at);
    errors.extend(labels::validate_labels(new.labels.as_ref(), &at.child("labels")));
    errors.extend(validate_annotations(new.annotations.as_ref(), &at.child("annotations")));
    let owners = new.owner_references.as_deref().unwrap_or_default();
    errors.extend(validate_owner_references(owners, &at.child("ownerReferences")));
    let managed = new.managed_fields.as_deref().unwrap_or_default();
    errors.extend(validate_managed_fields(managed, &at.child("managedFields")));
    errors
}

fn immutable_fields(errors: &mut ErrorList, new: &ObjectMeta, old: &ObjectMeta, at: &At<'_>) {
    let mut unless = |same: bool, field: &str, value: &dyn Fn() -> serde_json::Value| {
        if !same {
            errors.push(Error::invalid(&at.child(field), value(), FIELD_IMMUTABLE));
        }
    };
    let text = |value: &Option<String>| value.as_deref().unwrap_or_default().into();
    unless(filled(new.name.as_ref()) == filled(old.name.as_ref()), "name", &|| text(&new.name));
    unless(filled(new.namespace.as_ref()) == filled(old.namespace.as_ref()), "namespace", &|| text(&new.namespace));
    unless(filled(new.uid.as_ref()) == filled(old.uid.as_ref()), "uid", &|| text(&new.uid));
    unless(new.creation_timestamp == old.creation_timestamp, "creationTimestamp", &|| {
        shown::time(new.creation_timestamp.as_ref())
    });
    unless(new.deletion_timestamp == old.deletion_timestamp, "deletionTimestamp", &|| {
        shown::time(new.deletion_timestamp.as_ref())
    });
    let grace = |meta: &ObjectMeta| meta.deletion_grace_period_seconds;
    unless(grace(new) == grace(old), "deletionGracePeriodSeconds", &|| grace(new).into());
}

/// Checks annotations: keys are qualified names in any case, values are free, the sum of both is bounded.
pub fn validate_annotations(annotations: Option<&BTreeMap<String, String>>, field: &dyn fmt::Display) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut size = 0;
    for (key, value) in annotations.into_iter().flatten() {
        let messages = if key.bytes().any(|b| b.is_ascii_uppercase()) {
            names::qualified_name(&key.to_lowercase())
        } else {
            names::qualified_name(key)
        };
        invalid(&mut errors, field, key, messages);
        size += key.len() + value.len();
    }
    if size > ANNOTATIONS_MAX {
        errors.push(Error::too_long(field, ANNOTATIONS_MAX));
    }
    errors
}

/// Checks owners: each complete, no events, at most one controller.
pub fn validate_owner_references(owners: &[OwnerReference], field: &dyn fmt::Display) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut controller: Option<&OwnerReference> = None;
    for owner in owners {
        validate_owner_reference(&mut errors, owner, field);
        if owner.controller != Some(true) {
            continue;
        }
        match controller {
            None => controller = Some(owner),
            Some(first) => errors.push(Error::invalid(
                field,
                shown::list(owners.iter().map(shown::owner_reference)),
                format!(
                    "Only one reference can have Controller set to true. Found \"true\" in references for {}/{} and {}/{}",
                    first.kind, first.name, owner.kind, owner.name
                ),
            )),
        }
    }
    errors
}

fn validate_owner_reference(errors: &mut ErrorList, owner: &OwnerReference, field: &dyn fmt::Display) {
    let at = At::under(field);
    // More than one slash is no group and version at all.
    let version = match owner.api_version.split_once('/') {
        None => owner.api_version.as_str(),
        Some((_, version)) if version.contains('/') => "",
        Some((_, version)) => version,
    };
    if version.is_empty() {
        errors.push(Error::invalid(&at.child("apiVersion"), &owner.api_version, "version must not be empty"));
    }
    for (name, value) in [("kind", &owner.kind), ("name", &owner.name), ("uid", &owner.uid)] {
        if value.is_empty() {
            errors.push(Error::invalid(&at.child(name), "", "must not be empty"));
        }
    }
    if owner.api_version == "v1" && owner.kind == "Event" {
        let detail = "/v1, Kind=Event is disallowed from being an owner";
        errors.push(Error::invalid(field, shown::owner_reference(owner), detail));
    }
}

/// Checks finalizers: each a qualified name, and not both of those that contradict each other.
pub fn validate_finalizers(finalizers: &[String], field: &dyn fmt::Display) -> ErrorList {
    let mut errors = ErrorList::new();
    for finalizer in finalizers {
        invalid(&mut errors, field, finalizer, names::qualified_name(finalizer));
    }
    let has = |name: &str| finalizers.iter().any(|f| f == name);
    if has("orphan") && has("foregroundDeletion") {
        let detail = "finalizer orphan and foregroundDeletion cannot be both set";
        errors.push(Error::invalid(field, shown::json(finalizers), detail));
    }
    errors
}

/// Checks that finalizers are standard ones or carry a prefix: built-in kinds ask for it, custom resources do not.
pub fn validate_kube_finalizers(meta: &ObjectMeta) -> ErrorList {
    let metadata = At::new("metadata");
    let at = metadata.child("finalizers");
    let mut errors = ErrorList::new();
    for (i, finalizer) in meta.finalizers.iter().flatten().enumerate() {
        if !finalizer.contains('/') && !STANDARD_FINALIZERS.contains(&finalizer.as_str()) {
            let detail = "name is neither a standard finalizer name nor is it fully qualified";
            errors.push(Error::invalid(&at.index(i), finalizer, detail));
        }
    }
    errors
}

fn no_new_finalizers(new: &ObjectMeta, old: &ObjectMeta, field: &dyn fmt::Display) -> Option<Error> {
    let old = old.finalizers.as_deref().unwrap_or_default();
    let mut added: Vec<&String> = new.finalizers.iter().flatten().filter(|f| !old.contains(f)).collect();
    if added.is_empty() {
        return None;
    }
    added.sort();
    added.dedup();
    let listed: Vec<String> = added.into_iter().map(Shown::shown).collect();
    Some(Error::forbidden(
        field,
        format!(
            "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
            listed.join(", ")
        ),
    ))
}

/// Checks the record of who owns which field.
pub fn validate_managed_fields(entries: &[ManagedFieldsEntry], field: &dyn fmt::Display) -> ErrorList {
    let list = At::under(field);
    let mut errors = ErrorList::new();
    for (i, entry) in entries.iter().enumerate() {
        let at = list.index(i);
        let operation = entry.operation.as_deref().unwrap_or_default();
        if !matches!(operation, "Apply" | "Update") {
            errors.push(Error::invalid(&at.child("operation"), operation, "must be `Apply` or `Update`"));
        }
        if let Some(fields_type) = filled(entry.fields_type.as_ref()).filter(|t| *t != "FieldsV1") {
            errors.push(Error::invalid(&at.child("fieldsType"), fields_type, "must be `FieldsV1`"));
        }
        errors.extend(validate_field_manager(entry.manager.as_deref().unwrap_or_default(), &at.child("manager")));
        if entry.subresource.as_ref().is_some_and(|s| s.len() > 256) {
            errors.push(Error::too_long(&at.child("subresource"), 256));
        }
    }
    errors
}

/// Checks the name of a field manager: at most 128 bytes, all printable.
pub fn validate_field_manager(manager: &str, field: &dyn fmt::Display) -> ErrorList {
    let mut errors = ErrorList::new();
    if manager.len() > 128 {
        errors.push(Error::too_long(field, 128));
    }
    for (at, c) in manager.char_indices() {
        if c.is_control() || (c.is_whitespace() && c != ' ') {
            let detail = format!("invalid character U+{:04X} (at position {at})", u32::from(c));
            errors.push(Error::invalid(field, manager, detail));
        }
    }
    errors
}

/// Checks that a field that may not change has not.
pub fn validate_immutable<T: PartialEq>(
    new: &T,
    old: &T,
    field: &dyn fmt::Display,
    show: impl FnOnce(&T) -> shown::Literal,
) -> Option<Error> {
    (new != old).then(|| Error::invalid(field, show(new), FIELD_IMMUTABLE))
}

/// One error for each message.
pub fn invalid(errors: &mut ErrorList, field: &dyn fmt::Display, value: &str, messages: Messages) {
    errors.extend(messages.into_iter().map(|message| Error::invalid(field, value, message)));
}

fn filled(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}
