//! Where volumes appear in a container: as files, or as devices.

use std::collections::BTreeSet;

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::At;
use k8s_openapi::api::core::v1::{Container, VolumeMount};

use super::{Scope, known, paths};
use crate::blank::{items, text};

pub(super) fn mounts(container: &Container, scope: &Scope<'_>, at: &At<'_>, errors: &mut ErrorList) {
    let devices = items(&container.volume_devices);
    let mut paths = BTreeSet::new();
    for (i, mount) in items(&container.volume_mounts).iter().enumerate() {
        let place = at.index(i);
        let (name, path) = (&mount.name, &mount.mount_path);
        if name.is_empty() {
            errors.push(Error::required(&place.child("name"), ""));
        }
        if !scope.volumes.contains_key(name.as_str()) {
            errors.push(Error::not_found(&place.child("name"), name));
        }
        if path.is_empty() {
            errors.push(Error::required(&place.child("mountPath"), ""));
        }
        if !paths.insert(path) {
            errors.push(Error::invalid(&place.child("mountPath"), path, "must be unique"));
        }
        if devices.iter().any(|device| device.name == *name) {
            errors.push(Error::invalid(&place.child("name"), name, "must not already exist in volumeDevices"));
        }
        if devices.iter().any(|device| device.device_path == *path) {
            let detail = "must not already exist as a path in volumeDevices";
            errors.push(Error::invalid(&place.child("mountPath"), path, detail));
        }
        sub_paths(mount, &place, at, errors);
        propagation(mount, container, &at.child("mountPropagation"), errors);
        recursive_read_only(mount, &at.child("recursiveReadOnly"), errors);
    }
}

/// Upstream reports most of these at the list instead of the mount.
fn sub_paths(mount: &VolumeMount, place: &At<'_>, list: &At<'_>, errors: &mut ErrorList) {
    let (path, expression) = (text(&mount.sub_path), text(&mount.sub_path_expr));
    if !path.is_empty() {
        paths::descending(path, &list.child("subPath"), errors);
    }
    if !expression.is_empty() {
        if !path.is_empty() {
            let detail = "subPathExpr and subPath are mutually exclusive";
            errors.push(Error::invalid(&place.child("subPathExpr"), expression, detail));
        }
        paths::descending(expression, &list.child("subPathExpr"), errors);
    }
}

fn propagation(mount: &VolumeMount, container: &Container, at: &At<'_>, errors: &mut ErrorList) {
    known(&mount.mount_propagation, &["Bidirectional", "HostToContainer", "None"], at, errors);
    let privileged = container.security_context.as_ref().is_some_and(|context| context.privileged == Some(true));
    if mount.mount_propagation.as_deref() == Some("Bidirectional") && !privileged {
        let detail = "Bidirectional mount propagation is available only to privileged containers";
        errors.push(Error::forbidden(at, detail));
    }
}

fn recursive_read_only(mount: &VolumeMount, at: &At<'_>, errors: &mut ErrorList) {
    match mount.recursive_read_only.as_deref() {
        None | Some("Disabled") => {}
        Some("Enabled" | "IfPossible") => {
            if mount.read_only != Some(true) {
                errors.push(Error::forbidden(at, "may only be specified when readOnly is true"));
            }
            if mount.mount_propagation.as_deref().is_some_and(|propagation| propagation != "None") {
                let detail = "may only be specified when mountPropagation is None or not specified";
                errors.push(Error::forbidden(at, detail));
            }
        }
        Some(other) => errors.push(Error::not_supported(at, other, &["Disabled", "Enabled", "IfPossible"])),
    }
}

pub(super) fn devices(container: &Container, scope: &Scope<'_>, at: &At<'_>, errors: &mut ErrorList) {
    let mounts = items(&container.volume_mounts);
    let (mut taken_names, mut taken_paths) = (BTreeSet::new(), BTreeSet::new());
    for (i, device) in items(&container.volume_devices).iter().enumerate() {
        let at = at.index(i);
        let (name, path) = (&device.name, &device.device_path);
        let (name_at, path_at) = (at.child("name"), at.child("devicePath"));
        if name.is_empty() {
            errors.push(Error::required(&name_at, ""));
        } else if !taken_names.insert(name) {
            errors.push(Error::invalid(&name_at, name, "must be unique"));
        }
        match scope.volumes.get(name.as_str()) {
            Some(volume) if volume.persistent_volume_claim.is_none() && volume.ephemeral.is_none() => {
                let detail = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
                errors.push(Error::invalid(&name_at, name, detail));
            }
            Some(_) => {}
            None => errors.push(Error::not_found(&name_at, name)),
        }
        if path.is_empty() {
            errors.push(Error::required(&path_at, ""));
        }
        if taken_paths.contains(path) {
            errors.push(Error::invalid(&path_at, path, "must be unique"));
        }
        if paths::climbs(path) {
            errors.push(Error::invalid(&path_at, path, "can not contain backsteps ('..')"));
        } else {
            taken_paths.insert(path);
        }
        if mounts.iter().any(|mount| mount.name == *name) {
            errors.push(Error::invalid(&name_at, name, "must not already exist in volumeMounts"));
        }
        if mounts.iter().any(|mount| mount.mount_path == *path) {
            errors.push(Error::invalid(&path_at, path, "must not already exist as a path in volumeMounts"));
        }
    }
}
