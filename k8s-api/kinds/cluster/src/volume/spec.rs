use k8s_api::DynamicObject;
use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, Rules, View, internal};
use serde_json::json;

use super::{BETA_CLASS, VOLUME_MODES, access_modes, amount, node_selector, positive, source};
use crate::checks::{dns_subdomain, one_of};
use crate::trees::{changed, child_or_new, field, fill, fixed, listed, spec_mut};

const SPEC: At<'static> = At::new("spec");

/// The rules of persistent volumes. When a phase began is the server's to say: it alone knows the time.
pub(crate) struct Volumes;

impl Rules for Volumes {
    fn default(&self, volume: &mut DynamicObject) {
        if let Some(status) = child_or_new(&mut volume.rest, "status") {
            fill(status, "phase", "Pending");
        }
        let Some(spec) = spec_mut(volume) else { return };
        fill(spec, "persistentVolumeReclaimPolicy", "Retain");
        fill(spec, "volumeMode", "Filesystem");
        source::default(spec);
    }

    fn prepare_for_create(&self, volume: &mut DynamicObject) {
        volume.rest.insert("status".to_owned(), json!({"phase": "Pending"}));
    }

    fn validate(&self, volume: &DynamicObject) -> ErrorList {
        validate_spec(field(volume, "spec"))
    }

    fn validate_update(&self, new: &DynamicObject, old: &DynamicObject) -> ErrorList {
        // Upstream checks the new volume twice, and what it finds is reported twice.
        let mut errors = self.validate(new);
        errors.extend(self.validate(new));
        errors.extend(validate_change(field(new, "spec"), field(old, "spec")));
        errors
    }

    /// The time a phase began stays as long as the phase does; that of a new phase is left for the server to stamp.
    fn prepare_for_subresource_update(&self, _: &str, new: &mut DynamicObject, old: &DynamicObject) {
        const BEGAN: &str = "lastPhaseTransitionTime";
        let before = field(old, "status");
        let same_phase = field(new, "status").get("phase") == before.get("phase");
        let same_time = field(new, "status").get(BEGAN) == before.get(BEGAN);
        let untold = field(new, "status").get(BEGAN).is_none();
        let Some(status) = child_or_new(&mut new.rest, "status") else { return };
        if same_phase && untold && before.get(BEGAN).is_some() {
            status.insert(BEGAN.to_owned(), before.get(BEGAN).value().clone());
        } else if !same_phase && same_time {
            status.remove(BEGAN);
        }
    }

    fn warnings(&self, new: &DynamicObject, _: Option<&DynamicObject>) -> Vec<String> {
        let spec = field(new, "spec");
        let mut warnings = Vec::new();
        if new.metadata.annotations.as_ref().is_some_and(|all| all.contains_key(BETA_CLASS)) {
            warnings.push(format!(
                "metadata.annotations[{BETA_CLASS}]: deprecated since v1.8; use \"storageClassName\" attribute instead"
            ));
        }
        if spec.get("persistentVolumeReclaimPolicy").text() == "Recycle" {
            let what = "The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic \
                        provisioning.";
            warnings.push(format!("spec.persistentVolumeReclaimPolicy: {what}"));
        }
        warnings.extend(source::warnings(spec));
        warnings
    }
}

fn validate_spec(spec: View<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let modes = spec.get("accessModes");
    if modes.is_empty() {
        errors.push(Error::required(&SPEC.child("accessModes"), ""));
    }
    access_modes(&mut errors, modes, &SPEC.child("accessModes"));
    capacity(&mut errors, spec.get("capacity"));
    let policy = spec.get("persistentVolumeReclaimPolicy").text();
    let policy_at = SPEC.child("persistentVolumeReclaimPolicy");
    one_of(&mut errors, &policy_at, policy, &["Delete", "Recycle", "Retain"]);
    if spec.get("nodeAffinity").is_some() {
        let at = SPEC.child("nodeAffinity");
        let wanted = spec.get("nodeAffinity").get("required");
        if wanted.is_some() {
            node_selector::validate(&mut errors, wanted, &at.child("required"));
        } else {
            errors.push(Error::required(&at.child("required"), "must specify required node constraints"));
        }
    }
    source::validate(&mut errors, spec, &SPEC);
    if policy == "Recycle" && is_root(spec.get("hostPath").get("path").text()) {
        errors.push(Error::forbidden(&policy_at, "may not be 'recycle' for a hostPath mount of '/'"));
    }
    let class = spec.get("storageClassName").text();
    if !class.is_empty() {
        dns_subdomain(&mut errors, &SPEC.child("storageClassName"), class);
    }
    one_of(&mut errors, &SPEC.child("volumeMode"), spec.get("volumeMode").text(), &VOLUME_MODES);
    attributes_class(&mut errors, spec);
    errors
}

fn is_root(path: &str) -> bool {
    path.starts_with('/') && path.split('/').all(|part| matches!(part, "" | "."))
}

fn capacity(errors: &mut ErrorList, capacity: View<'_>) {
    let at = SPEC.child("capacity");
    if capacity.is_empty() {
        errors.push(Error::required(&at, ""));
    }
    if capacity.get("storage").is_none() || capacity.len() > 1 {
        let shown = if capacity.is_none() { json!({}) } else { capacity.value().clone() };
        errors.push(Error::not_supported(&at, shown, &["storage"]));
    }
    for (name, view) in capacity.entries() {
        let Some(amount) = amount(view) else { continue };
        if amount.value() < 0 {
            errors.push(Error::invalid(&at.key(name), amount.value(), "must be a valid resource quantity"));
        }
        positive(errors, &amount, &at.key(name));
    }
}

fn attributes_class(errors: &mut ErrorList, spec: View<'_>) {
    let class = spec.get("volumeAttributesClassName");
    if class.is_none() {
        return;
    }
    let at = SPEC.child("volumeAttributesClassName");
    if class.text().is_empty() {
        errors.push(Error::required(&at, "an empty string is disallowed"));
    } else {
        dns_subdomain(errors, &at, class.text());
    }
    if spec.get("csi").is_none() {
        let detail = "has to be specified when using volumeAttributesClassName";
        errors.push(Error::required(&SPEC.child("csi"), detail));
    }
}

fn validate_change(new: View<'_>, old: View<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut compared = new.value().clone();
    // A secret for expansion may come later.
    if old.get("csi").is_some() && old.get("csi").get("controllerExpandSecretRef").is_none() {
        let csi = compared.get_mut("csi").and_then(|csi| csi.as_object_mut());
        csi.map(|csi| csi.remove("controllerExpandSecretRef"));
    }
    if !source::same(View::of(&compared), old) {
        let diff = internal::diff("PersistentVolumeSource", old.value(), &compared);
        let detail = format!("spec.persistentvolumesource is immutable after creation\n{diff}");
        errors.push(Error::forbidden(&SPEC.child("persistentvolumesource"), detail));
    }
    fixed(&mut errors, &"volumeMode", new.get("volumeMode"), old.get("volumeMode"));
    if old.get("nodeAffinity").is_some() && changed(new.get("nodeAffinity"), old.get("nodeAffinity")) {
        let detail = "field is immutable, except for updating from beta label to GA";
        errors.push(Error::invalid("nodeAffinity", listed(new.get("nodeAffinity")), detail));
    }
    let class = |spec: View<'_>| spec.get("volumeAttributesClassName").is_some();
    if class(old) && !class(new) {
        let detail = "update from non-nil value to nil is forbidden";
        errors.push(Error::forbidden(&SPEC.child("volumeAttributesClassName"), detail));
    }
    errors
}
